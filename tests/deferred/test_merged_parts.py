"""Whatever is deferred, the parts come to what the document answers without the directive."""

import asyncio
import gc
import re
from collections import Counter
from typing import Any

import orjson
import pytest
from conftest import CLOCK, WIDE, Gate, gate, reading
from fair_questions import Asking
from graphql import ExecutionResult
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from in_parts import Part, merged

from gateway.answers import body_of
from gateway.deferred.executing import InParts
from gateway.documents import Documents, Operation
from gateway.execution import Answer, run
from gateway.refusals import Rejected
from models.vocabulary import Role
from services.access import Viewer

DOCUMENTS = Documents(open_schema=True, limits=WIDE)
NOBODY = "00000000-0000-7000-8000-000000000000"
KNOWN = """{ viewer { students(first: 2) { nodes { id tasks(first: 2) { nodes { id }
  edges { cursor } } agenda(first: 2) { nodes { id } } epreuvePlan { items { id } } } } } }"""
FRAGMENT = re.compile(r"\.\.\.(F\d+| on \w+|(?= [@{]))")


class Deferring(Asking):
    """Draws a document, and which of its fragments follow later."""

    def member(self, *place: Any) -> str:
        found = super().member(*place)
        return f"... {{ {found} }}" if self.chance(3) else found

    def some(self, name: str, type_: Any) -> Any:
        if name == "first" and self.chance(6):
            return -1  # is refused, and the connection may not be null
        return super().some(name, type_)

    def deferred(self) -> str:
        return ""  # it is placed afterwards

    def both(self) -> tuple[Operation, Operation]:
        """One operation with `@defer`, and the same without."""
        asked = self.question()
        plain = Operation(asked.text, dict(asked.variables), None)
        variables: dict[str, Any] = dict(asked.variables)
        declared: list[str] = []

        def placed(found: re.Match[str]) -> str:
            name = f"d{len(variables)}_{len(declared)}"
            match self.draw(st.integers(1, 6)):
                case 1:
                    declared.append(f"${name}: Boolean!")
                    variables[name] = self.draw(st.booleans())
                    return f"{found[0]} @defer(if: ${name})"
                case 2:
                    declared.append(f"${name}: Boolean = {self.pick(['true', 'false'])}")
                    return f"{found[0]} @defer(if: ${name})"
                case 3 | 4:
                    return f"{found[0]} @defer"
            return found[0]

        text = FRAGMENT.sub(placed, asked.text)
        if declared:
            head = ", ".join((*asked.declared, *declared))
            text = re.sub(r"^query Q(\([^)]*\))?", lambda _: f"query Q({head})", text)
        return Operation(text, variables, None), plain


@st.composite
def pairs(draw: st.DrawFn, known: dict[str, list[str]]) -> tuple[Operation, Operation]:
    return Deferring(draw, known).both()


async def in_parts(operation: Operation, viewer: Viewer, gate: Gate) -> list[Part] | Answer:
    """What a client is sent."""
    prepared = DOCUMENTS.prepared(operation)
    context = reading(viewer, gate.pool, CLOCK)
    answering = InParts(prepared, operation, context, suggestions=True)
    first = await answering.first()
    if isinstance(first, Answer):
        return first
    return [first, *[part async for part in answering.rest()]]


async def whole(operation: Operation, viewer: Viewer, gate: Gate) -> Answer:
    prepared = DOCUMENTS.prepared(operation)
    return await run(prepared, operation, reading(viewer, gate.pool, CLOCK))


def without_places(answer: Answer) -> tuple[str, list[str]]:
    """The bytes of an answer but for the places of its errors in the text, which is another."""
    assert isinstance(answer.content, ExecutionResult)
    data = orjson.dumps(answer.content.data).decode()
    return data, [repr((each.path, each.message)) for each in answer.errors]


def faults(errors: list[Any]) -> Counter[str]:
    """Errors without where they stand in the text."""
    told = [(each["path"], each["message"], each["extensions"]["code"]) for each in errors]
    return Counter(map(repr, told))


def agrees(whole: Any, found: Any) -> bool:
    """Whether what came is of the whole answer, in which more may be null, or be there at all."""
    if isinstance(whole, dict) and isinstance(found, dict):
        return all(name in whole and agrees(whole[name], each) for name, each in found.items())
    if isinstance(whole, list) and isinstance(found, list):
        return len(whole) == len(found) and all(map(agrees, whole, found))
    return whole is None or bool(whole == found)


def nulled(data: Any, path: list[str | int]) -> bool:
    """Whether something on the way to a place is null."""
    for step in path:
        if data is None:
            return True
        data = data[step]
    return data is None


class Comparing:
    """A school, its people, and what was counted."""

    def __init__(self, gate: Gate, people: dict[Role, Viewer]) -> None:
        self.counted: Counter[str] = Counter()
        self.known: dict[str, list[str]] = {}
        self._gate = gate
        self._people = people

    async def meet(self) -> None:
        found = orjson.dumps((await self._gate.ask(self._people[Role.ADMIN], KNOWN)).data).decode()
        ids, cursors = (re.findall(f'"{name}":"([^"]*)"', found) for name in ("id", "cursor"))
        self.known = {"ids": ids, "cursors": cursors, "nobody": [NOBODY]}

    async def compare(self, deferring: Operation, plain: Operation, role: Role) -> None:
        viewer, counted = self._people[role], self.counted
        try:
            answer = await whole(plain, viewer, self._gate)
            ignored = await whole(deferring, viewer, self._gate)
            parts = await in_parts(deferring, viewer, self._gate)
        except Rejected:
            counted["rejected"] += 1
            return
        expected = orjson.loads(body_of(answer))
        assert without_places(ignored) == without_places(answer)
        if isinstance(parts, Answer):
            counted["whole"] += 1
            assert without_places(parts) == without_places(answer)
            return
        counted["in parts"] += 1
        counted["fragments"] += sum(len(part.get("pending", ())) for part in parts)
        found = merged(orjson.loads(orjson.dumps(parts)))
        if found.failed:
            counted["failed"] += 1
            assert agrees(expected["data"], found.data)
            assert all(nulled(expected["data"], path) for path in found.failed)
        else:
            assert found.data == expected["data"]
            assert faults(found.errors) == faults(expected.get("errors", []))


# an argument refused in a field that may not be null: graphql-core forgets the fields before it
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_parts_come_to_the_whole_answer(
    school: str, student: Viewer, parent: Viewer, coach: Viewer, admin: Viewer
) -> None:
    people = dict(zip(Role, (student, parent, coach, admin), strict=True))

    async def prepared() -> tuple[Any, Comparing]:
        opened = gate(school)
        comparing = Comparing(await opened.__aenter__(), people)
        await comparing.meet()
        return opened, comparing

    with asyncio.Runner() as runner:
        opened, comparing = runner.run(prepared())

        @settings(
            max_examples=60,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(pairs(comparing.known), st.sampled_from(Role))
        def compare(pair: tuple[Operation, Operation], role: Role) -> None:
            runner.run(comparing.compare(*pair, role))

        try:
            compare()
        finally:
            runner.run(opened.__aexit__(None, None, None))
    gc.collect()  # what is forgotten is told here
    counted = comparing.counted
    # it would prove nothing if nothing followed, or no fragment ever failed
    assert counted["in parts"] > counted["whole"]
    assert counted["fragments"] > 4 * counted["in parts"]
    assert counted["failed"]
