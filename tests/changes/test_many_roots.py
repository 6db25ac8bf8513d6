"""A document of many roots: each is a transaction of its own, and takes nothing from the others."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import pytest
from conftest import Gate
from faults import Fault, listening
from own_tutoring import ADMIN, Desk
from sqlalchemy.ext.asyncio import AsyncEngine
from untouched import untouched

from models.base import uuid7

pytestmark = pytest.mark.anyio

ROOTS = "abcd"
SHOWN = "task { id status } events { kind seq } errors { __typename path }"
DOCUMENT = "mutation ({}) {{ {} }}".format(
    ", ".join(f"${root}: ID!" for root in ROOTS),
    " ".join(f"{root}: completeTask(input: {{id: ${root}}}) {{ {SHOWN} }}" for root in ROOTS),
)
FAULTY = {"task": None, "events": [], "errors": []}
REFUSED = {
    "task": None,
    "events": [],
    "errors": [{"__typename": "NotFoundError", "path": ["id"]}],
}


def done(id: str, seq: int) -> dict[str, object]:
    return {
        "task": {"id": id, "status": "DONE"},
        "events": [{"kind": "TASK_COMPLETED", "seq": seq}],
        "errors": [],
    }


@contextmanager
def failing_transactions(engine: AsyncEngine, *failing: int) -> Iterator[None]:
    """The journal cannot be written in the transactions of these numbers, from 0."""
    begun = -1

    def told(statement: str) -> None:
        nonlocal begun
        begun += "set_config" in statement
        if begun in failing and "INSERT INTO nexus_app.events" in statement:
            raise Fault(f"in transaction {begun}")

    with listening(engine, told):
        yield
    assert begun == len(ROOTS) - 1


@pytest.fixture
def engine(desk: Desk) -> AsyncEngine:
    """The connections for changes."""
    found: AsyncEngine = desk.school.gate.sessions.kw["bind"]
    return found


async def test_every_root_commits_what_it_did(desk: Desk) -> None:
    ids, version = {root: await desk.task() for root in ROOTS}, await desk.version()
    answer = await desk.ask(ADMIN, DOCUMENT, **ids)
    assert answer.errors is None
    assert answer.data == {root: done(ids[root], version + n) for n, root in enumerate(ROOTS, 1)}


async def test_what_one_root_did_the_next_one_finds(desk: Desk) -> None:
    id = await desk.task()
    answer = await desk.ask(
        ADMIN,
        """mutation ($id: ID!) {
          a: completeTask(input: {id: $id}) { task { status } }
          b: reopenTask(input: {id: $id}) { task { status } }
          c: updateTask(input: {id: $id, label: "Après"}) { task { status label } }
        }""",
        id=id,
    )
    assert answer.data == {
        "a": {"task": {"status": "DONE"}},
        "b": {"task": {"status": "TODO"}},
        "c": {"task": {"status": "TODO", "label": "Après"}},
    }


async def test_a_refused_root_takes_nothing_from_the_others(desk: Desk) -> None:
    ids, version = {root: await desk.task() for root in ROOTS}, await desk.version()
    answer = await desk.ask(ADMIN, DOCUMENT, **{**ids, "b": str(uuid7())})
    assert answer.errors is None
    assert answer.data == {
        "a": done(ids["a"], version + 1),
        "b": REFUSED,
        "c": done(ids["c"], version + 2),
        "d": done(ids["d"], version + 3),
    }


@pytest.mark.parametrize("faulty", range(len(ROOTS)))
async def test_a_root_that_fails_takes_nothing_from_the_others(
    desk: Desk, engine: AsyncEngine, faulty: int
) -> None:
    ids, version = {root: await desk.task() for root in ROOTS}, await desk.version()
    with failing_transactions(engine, faulty):
        answer = await desk.ask(ADMIN, DOCUMENT, **ids)
    committed = [root for n, root in enumerate(ROOTS) if n != faulty]
    assert answer.data == {
        ROOTS[faulty]: FAULTY,
        **{root: done(ids[root], version + n) for n, root in enumerate(committed, 1)},
    }
    assert [error.path for error in answer.errors or ()] == [[ROOTS[faulty]]]
    assert await desk.kinds(version) == ["TASK_COMPLETED"] * len(committed)


async def test_refused_and_failing_roots_are_told_apart(desk: Desk, engine: AsyncEngine) -> None:
    ids, version = {root: await desk.task() for root in ROOTS}, await desk.version()
    with failing_transactions(engine, 2):
        answer = await desk.ask(ADMIN, DOCUMENT, **{**ids, "b": str(uuid7())})
    assert answer.data == {
        "a": done(ids["a"], version + 1),
        "b": REFUSED,
        "c": FAULTY,
        "d": done(ids["d"], version + 2),
    }
    assert [error.path for error in answer.errors or ()] == [["c"]]


async def test_where_every_root_fails_each_is_told_and_nothing_is_written(
    desk: Desk, engine: AsyncEngine
) -> None:
    ids = {root: await desk.task() for root in ROOTS}
    async with untouched(desk.school.db):
        with failing_transactions(engine, *range(len(ROOTS))):
            answer = await desk.ask(ADMIN, DOCUMENT, **ids)
    assert answer.data == dict.fromkeys(ROOTS, FAULTY)
    assert [error.path for error in answer.errors or ()] == [[root] for root in ROOTS]


async def test_a_root_whose_input_is_malformed_takes_nothing_from_the_others(desk: Desk) -> None:
    ids, version = {root: await desk.task() for root in ROOTS}, await desk.version()
    answer = await desk.ask(ADMIN, DOCUMENT, **{**ids, "a": "not an id"})
    assert answer.errors is None
    assert answer.data is not None
    assert answer.data["a"]["errors"] == [{"__typename": "ValidationError", "path": ["id"]}]
    assert await desk.kinds(version) == ["TASK_COMPLETED"] * 3


async def test_an_answer_that_cannot_be_read_takes_nothing_from_what_was_committed(
    desk: Desk,
) -> None:
    ids, version = {root: await desk.task() for root in ROOTS}, await desk.version()
    unreadable = await asyncpg.create_pool(desk.at, min_size=0, max_size=1)
    await unreadable.close()
    gate = Gate(unreadable, desk.school.gate.sessions.kw["bind"])
    answer = await gate.ask(ADMIN, DOCUMENT, **{**ids, "b": str(uuid7())})
    assert answer.data == {root: REFUSED if root == "b" else FAULTY for root in ROOTS}
    told = {tuple(error.path or ()) for error in answer.errors or ()}
    assert told == {(root, field) for root in "acd" for field in ("task", "events")}
    assert await desk.kinds(version) == ["TASK_COMPLETED"] * 3
