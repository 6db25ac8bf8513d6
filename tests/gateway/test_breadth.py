"""Execution breadth first says what graphql-core says, of whatever goes well or wrong."""

import asyncio
import gc
from collections.abc import Iterator
from enum import Enum
from random import Random
from typing import Annotated, Any
from uuid import UUID

import orjson
import pytest
import strawberry
from graphql import (
    ExecutionResult,
    NoUnusedVariablesRule,
    execute,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    parse,
    specified_rules,
    validate,
)
from graphql.execution import Executor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.breadth import answered, executed
from gateway.completing import is_awaitable

pytestmark = pytest.mark.anyio


@strawberry.enum
class Colour(Enum):
    RED = "Rouge"
    BLUE = "Bleu"


def shown(value: Any) -> Any:
    """What a resolver returns; an error that it was given, it raises."""
    if isinstance(value, Exception):
        raise value
    return value


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Cat(Named):
    colour: Colour | None
    lives: int


@strawberry.type
class Dog(Named):
    weight: float
    good: bool | None


Pet = Annotated[Cat | Dog, strawberry.union("Pet")]


@strawberry.type
class Box:
    id: strawberry.ID
    label: str | None
    rows: list[list[int | None]] | None
    cells: list[list[int]]
    pet: Pet | None
    pets: list[Pet | None]
    named: Named
    boxes: list["Box"]
    some: list["Box | None"] | None

    @strawberry.field
    def told(self) -> str:
        return shown(self.label) or ""

    @strawberry.field
    async def later(self, info: strawberry.Info, times: int = 1) -> str | None:
        for _ in range(times):
            await asyncio.sleep(0)
        return info.context + (shown(self.label) or "")

    @strawberry.field
    async def inner(self) -> "Box":
        await asyncio.sleep(0)
        return self.boxes[0] if self.boxes else self

    @strawberry.field
    def sometimes(self, where: Colour = Colour.RED) -> list[Named | None] | None:
        """Now or later, as its colour says."""
        return later(self.pets) if where is Colour.BLUE else self.pets  # type: ignore[return-value]


async def later(value: Any) -> Any:
    """The value, when it has come."""
    return value


@strawberry.type
class Query:
    box: Box | None

    @strawberry.field
    async def boxes(self) -> list[Box] | None:
        return [self.box] * 2 if self.box else None


SCHEMA = strawberry.Schema(Query, types=[Cat, Dog])._schema
WRONG = (None, ValueError("given"), object(), 2**40, float("nan"), "text", [], (), Colour, {})
RULES = [rule for rule in specified_rules if rule is not NoUnusedVariablesRule]
VARIABLES = {"yes": True, "no": False, "n": 2, "where": "BLUE"}
DECLARED = "($yes: Boolean!, $no: Boolean! = true, $n: Int!, $where: Colour!)"


class Sources:
    """Objects at random; where they are harmed, some values are not what the schema says."""

    def __init__(self, chance: Random, *, harmed: bool) -> None:
        self._chance = chance
        self._harmed = harmed

    def box(self, depth: int = 0) -> Any:
        return self._or_wrong(
            Box(
                id=self._or_wrong(self._chance.choice(["1", 7, UUID(int=3)])),
                label=self._or_wrong(self._chance.choice(["é", "\u2028", None, "b"])),
                rows=self._or_wrong([[1, None], [], [self._or_wrong(2)]]),
                cells=self._or_wrong(([self._or_wrong(0)], (1, 2))),
                pet=self._pet(),
                pets=self._or_wrong([self._pet() for _ in range(3)] + [None]),
                named=self._pet(),
                boxes=self._or_wrong([self.box(depth + 1) for _ in range(depth < 3)] * 2),
                some=self._or_wrong(None if depth > 1 else [self.box(depth + 1), None]),
            )
        )

    def _pet(self) -> Any:
        colour = self._or_wrong(self._chance.choice([*Colour, None]))
        return self._or_wrong(
            self._chance.choice(
                [
                    Cat(name=self._or_wrong("Mina"), colour=colour, lives=self._or_wrong(9)),
                    Dog(name="Rex", weight=self._or_wrong(self._chance.random()), good=True),
                ]
            )
        )

    def _or_wrong(self, value: Any) -> Any:
        wrong = self._harmed and self._chance.random() < 0.015
        return self._chance.choice(WRONG) if wrong else value


class Asking:
    """A valid document at random: fragments, directives, aliases, fields asked for twice."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._fragments: list[str] = []

    def document(self) -> str:
        body = self._selection(SCHEMA.query_type, 0)
        return f"query {DECLARED} {{ __typename box {{ id }} {body[1:]}" + "".join(self._fragments)

    def _selection(self, type_: Any, depth: int) -> str:
        if is_abstract_type(type_):
            parts = ["__typename"]
            parts += [
                f"... on {one.name} {self._directive()} {self._selection(one, depth)}"
                for one in SCHEMA.get_possible_types(type_)
                if self._chance.random() < 0.8
            ]
        else:
            names = [
                name
                for name, each in type_.fields.items()
                if depth < 4 or not is_composite_type(get_named_type(each.type))
            ]
            parts = [
                self._field(type_, name, depth)
                for name in self._chance.choices(names, k=self._chance.randint(1, 5))
            ]
            if self._chance.random() < 0.3:
                parts[0] = f"... {self._directive()} {{ {parts[0]} }}"
            if self._chance.random() < 0.2:
                name = f"F{len(self._fragments)}"
                self._fragments.append("")
                self._fragments[int(name[1:])] = f" fragment {name} on {type_} {{ {parts[-1]} }}"
                parts[-1] = f"...{name} {self._directive()}"
        return f"{{ {' '.join(parts)} }}"

    def _field(self, type_: Any, name: str, depth: int) -> str:
        given = {
            "later": ["", "(times: 0)", "(times: $n)"],
            "sometimes": ["", "(where: BLUE)", "(where: $where)"],
        }.get(name, [""])
        which = self._chance.randrange(len(given))
        alias = f"{self._chance.choice('ab')}{which}_{name}: " if which or depth % 2 else ""
        inner = get_named_type(type_.fields[name].type)
        below = self._selection(inner, depth + 1) if is_composite_type(inner) else ""
        return f"{alias}{name}{given[which]} {self._directive()} {below}"

    def _directive(self) -> str:
        return self._chance.choice(["", "", "", "@include(if: $yes)", "@skip(if: $no)"])


def executor_of(text: str, root: Any, variables: dict[str, Any]) -> Executor[Any]:
    document = parse(text)
    assert validate(SCHEMA, document, RULES) == []
    found = Executor.build(SCHEMA, document, root, "told: ", variables, is_awaitable=is_awaitable)
    assert isinstance(found, Executor)
    return found


async def graphql_core(text: str, root: Any, variables: dict[str, Any]) -> ExecutionResult:
    found: Any = execute(SCHEMA, parse(text), root, "told: ", variables)
    result: ExecutionResult = found if isinstance(found, ExecutionResult) else await found
    return result


class Prepared:
    """What selections are kept with."""


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Coroutines that are never awaited are told of before the test is over."""
    yield
    gc.collect()


# an error in a field that may not be null: graphql-core forgets the fields before it
@pytest.mark.usefixtures("forgotten")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@settings(max_examples=100, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9), no=st.booleans())
async def test_a_harmed_answer_is_graphql_cores_with_all_its_errors(seed: int, no: bool) -> None:  # noqa: FBT001
    chance = Random(seed)  # noqa: S311
    text, variables = Asking(chance).document(), VARIABLES | {"no": no}
    root = Query(box=Sources(chance, harmed=True).box())
    expected = await graphql_core(text, root, variables)
    found = await executed(Prepared(), executor_of(text, root, variables))
    assert found.formatted == expected.formatted


@settings(max_examples=60, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9))
async def test_what_goes_well_is_answered_breadth_first(seed: int) -> None:
    chance = Random(seed)  # noqa: S311
    text, operation = Asking(chance).document(), Prepared()
    for no in (True, False):  # the same selections, kept, and others
        variables = VARIABLES | {"no": no}
        root = Query(box=Sources(chance, harmed=False).box())
        expected = await graphql_core(text, root, variables)
        assert expected.errors is None
        found = await answered(operation, executor_of(text, root, variables))
        assert found is not None
        assert orjson.dumps(found) == orjson.dumps(expected.data)
