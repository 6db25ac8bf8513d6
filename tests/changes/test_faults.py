"""A fault at any moment of a change: nothing of it remains, its key is free, a retry makes it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from conftest import Answer
from faults import counted, failing_at_commit, failing_before, losing_connection_before
from own_tutoring import ADMIN, Desk
from sqlalchemy.ext.asyncio import AsyncEngine
from tutoring import MORNING
from untouched import untouched

from models.base import uuid7

pytestmark = pytest.mark.anyio

QUARTER = timedelta(minutes=15)
ABSENT = str(uuid7())

_numbers, _quarters = count(1), count()

Input = dict[str, Any]


async def task_to_complete(desk: Desk) -> Input:
    return {"id": await desk.task()}


async def slot_to_book(desk: Desk) -> Input:
    start = MORNING + next(_quarters) * QUARTER
    return {
        "studentId": str(desk.pupil.id),
        "kind": "VISIO",
        "slotStart": start.isoformat(),
        "slotEnd": (start + QUARTER).isoformat(),
    }


async def work_for_all(desk: Desk) -> Input:
    """One of each kind, and one that is refused among them."""
    return {
        "operations": [
            {"create": {"studentId": str(desk.pupil.id), "label": "Lire"}},
            {"update": {"id": await desk.task(), "weight": 2.5, "status": "DONE"}},
            {"delete": {"id": ABSENT}},
            {"delete": {"id": await desk.task()}},
        ]
    }


async def name_to_change(desk: Desk) -> Input:
    return {"studentId": str(desk.pupil.id), "displayName": f"Léa {next(_numbers)}"}


CHANGES: dict[str, tuple[Callable[[Desk], Any], list[str]]] = {
    "completeTask": (task_to_complete, ["TASK_COMPLETED"]),
    "bookSession": (slot_to_book, ["SESSION_PROPOSED"]),
    "bulkTasks": (work_for_all, ["TASK_CREATED", "TASK_UPDATED", "TASK_COMPLETED", "TASK_DELETED"]),
    "updateStudentProfile": (name_to_change, ["PROFILE_UPDATED"]),
}


@pytest.fixture
def engine(desk: Desk) -> AsyncEngine:
    """The connections for changes."""
    found: AsyncEngine = desk.school.gate.sessions.kw["bind"]
    return found


async def send(desk: Desk, name: str, given: Input) -> Answer:
    taken = f"{name[0].upper()}{name[1:]}Input!"
    return await desk.ask(
        ADMIN,
        f"mutation ($input: {taken}) {{ done: {name}(input: $input)"
        " { events { kind } errors { __typename message } } }",
        input=given,
    )


async def fails_then_succeeds(
    desk: Desk, name: str, fault: Callable[[], AbstractContextManager[None]], code: str
) -> None:
    """Nothing remains of what failed; sent again with its key, it is carried out."""
    prepare, kinds = CHANGES[name]
    given = {**await prepare(desk), "idempotencyKey": f"key {next(_numbers)}"}
    version = await desk.version()
    async with untouched(desk.school.db):
        with fault():
            failed = await send(desk, name, given)
    assert failed.data == {"done": {"events": [], "errors": []}}
    (error,) = failed.errors or ()
    assert error.path == ["done"]
    assert (error.extensions or {})["code"] == code
    assert error.message in ("the server failed", "the database cannot be reached")

    retried = await send(desk, name, given)
    assert retried.errors is None
    events = [{"kind": kind} for kind in kinds]
    assert retried.data == {"done": {"events": events, "errors": []}}
    assert await desk.kinds(version) == kinds
    assert await desk.version() == version + len(kinds)


async def statements_of(desk: Desk, engine: AsyncEngine, name: str) -> list[str]:
    given = {**await CHANGES[name][0](desk), "idempotencyKey": f"key {next(_numbers)}"}
    with counted(engine) as statements:
        answer = await send(desk, name, given)
    assert answer.errors is None
    return statements


@pytest.mark.parametrize("name", CHANGES)
async def test_a_fault_before_any_statement_leaves_nothing_behind(
    desk: Desk, engine: AsyncEngine, name: str
) -> None:
    statements = await statements_of(desk, engine, name)
    assert len(statements) > 5
    for number in range(len(statements)):
        await fails_then_succeeds(
            desk, name, lambda n=number: failing_before(engine, n), "INTERNAL_SERVER_ERROR"
        )


@pytest.mark.parametrize("name", CHANGES)
async def test_a_fault_at_the_commit_leaves_nothing_behind(
    desk: Desk, engine: AsyncEngine, name: str
) -> None:
    for lost, code in ((False, "INTERNAL_SERVER_ERROR"), (True, "UNAVAILABLE")):
        await fails_then_succeeds(
            desk, name, lambda lost=lost: failing_at_commit(engine, lost=lost), code
        )


@pytest.mark.parametrize("name", ["completeTask", "bulkTasks"])
async def test_a_connection_that_breaks_leaves_nothing_behind(
    desk: Desk, engine: AsyncEngine, name: str
) -> None:
    for number in range(len(await statements_of(desk, engine, name))):
        await fails_then_succeeds(
            desk, name, lambda n=number: losing_connection_before(engine, n), "UNAVAILABLE"
        )


async def test_what_is_logged_of_a_fault_repeats_no_word_of_the_pupil(
    desk: Desk, engine: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    given = {"studentId": str(desk.pupil.id), "label": "Un mot secret"}
    with counted(engine) as statements:
        await send(desk, "createTask", given)
    (insertion,) = (n for n, each in enumerate(statements) if "INSERT INTO nexus_app.tasks" in each)
    with losing_connection_before(engine, insertion):
        assert (await send(desk, "createTask", given)).errors is not None
    assert "INSERT INTO nexus_app.tasks" in caplog.text
    assert "secret" not in caplog.text
