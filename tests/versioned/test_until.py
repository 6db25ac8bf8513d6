"""How long what a dashboard shows stands by the clock: as long as it may, and no longer."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from conftest import CLOCK, DOCUMENTS, reading
from factories import insert, pupil

from gateway.compiled import CompiledPlans, Lanes
from gateway.documents import Operation
from gateway.versioned.instants import FOREVER, instant
from models.vocabulary import Role
from services.access import Viewer

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
MIDNIGHT = datetime(2026, 11, 23, 23, tzinfo=UTC)  # in Paris
TEXT = "query Q($id: ID!) {{ student(id: $id) {{ dashboard {{ {} }} }} }}"
SOON = {"slot_start": CLOCK + 3 * HOUR, "slot_end": CLOCK + 4 * HOUR}
KEPT = ("kpis { progressOverall lastEvalScore openTaskCount }", FOREVER)
STREAK = ("kpis { streakDays }", MIDNIGHT)
COMING = "upcoming { __typename }"


@pytest.fixture
async def owner(empty_database: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(empty_database)
    yield opened
    await opened.close()


async def stands(dsn: str, id: Any, selection: str) -> datetime:
    """Until when an answer that is given now stands, if nothing is written."""
    lanes = Lanes(dsn, size=1, statement_timeout_ms=10_000)
    plans = CompiledPlans(lanes, dated=True, at_once=True)
    prepared = DOCUMENTS.prepared(Operation(TEXT.format(selection), {"id": str(id)}, None))
    pool: Any = None  # nothing of it is left to the reference path
    context = reading(Viewer("admin", Role.ADMIN), pool, CLOCK)
    try:
        found = plans.plan(prepared, {"id": str(id)}, context)
        assert found is not None
        plan, run = found
        assert not plan.moves
        assert await plans.carry_out(plan, run) is not None
        return instant(run.until)
    finally:
        await lanes.close()


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        KEPT,
        STREAK,
        ("kpis { nextSessionAt }", CLOCK + 3 * HOUR),
        ("kpis { streakDays nextSessionAt }", CLOCK + 3 * HOUR),
    ],
)
async def test_a_figure_stands_until_the_clock_changes_it(
    owner: asyncpg.Connection, empty_database: str, selection: str, expected: datetime
) -> None:
    id = await pupil(owner)
    await insert(owner, "sessions", student_id=id, **SOON)
    assert await stands(empty_database, id, selection) == expected


async def test_without_a_session_to_come_none_comes_by_itself(owner, empty_database) -> None:
    id = await pupil(owner)
    assert await stands(empty_database, id, "kpis { nextSessionAt }") == FOREVER


@pytest.mark.parametrize(
    ("table", "values", "expected"),
    [
        ("sessions", SOON, CLOCK + 3 * HOUR),
        ("tasks", {"due_at": CLOCK + 2 * HOUR}, CLOCK + 2 * HOUR),
        ("tasks", {"due_at": CLOCK}, CLOCK),
        ("epreuves_plan", {"scheduled_at": CLOCK.date()}, MIDNIGHT),
        ("epreuves_plan", {"scheduled_at": (CLOCK + 48 * HOUR).date()}, MIDNIGHT + 24 * HOUR),
        ("epreuves_plan", {"scheduled_at": (CLOCK - 48 * HOUR).date()}, FOREVER),
    ],
)
async def test_what_comes_stands_until_the_first_of_it_is_there(
    owner: asyncpg.Connection, empty_database: str, table: str, values: Any, expected: datetime
) -> None:
    id = await pupil(owner)
    await insert(owner, table, student_id=id, **values)
    assert await stands(empty_database, id, COMING) == expected
