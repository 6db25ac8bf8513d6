"""The cohort's summary, once refreshed, says what every pupil's live figures say."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import asyncpg
import pytest
from conftest import CLOCK, TODAY, database, reading
from factories import insert, pupil

from gateway.embedded import Servers
from loaders.dashboard import facts
from loaders.rows import open_pool
from models.vocabulary import Role
from services import demo_school
from services.access import Viewer
from services.dashboard import Kpis, kpis

pytestmark = pytest.mark.anyio

ADMIN = Viewer("admin", Role.ADMIN)


@pytest.fixture(scope="module")
def dsn(servers: Servers, migrated: str) -> Iterator[str]:
    with database(servers, migrated) as found:
        yield found


@pytest.fixture(scope="module")
async def writer(dsn: str, anyio_backend: str) -> AsyncIterator[asyncpg.Connection]:
    """The demo school, and pupils of whom little is known."""
    connection = await asyncpg.connect(dsn)
    await demo_school.load(connection, TODAY)
    await pupil(connection)
    no_plan = await pupil(connection)
    await insert(connection, "progress", student_id=no_plan, score=0.2)
    await insert(connection, "progress", student_id=no_plan, subject="EPS", chapter_code="E",
                 score=0.9)  # fmt: skip
    unmeasured = await pupil(connection)
    await insert(connection, "epreuves_plan", student_id=unmeasured, subject="MATHS")
    outside = await pupil(connection)
    await insert(connection, "epreuves_plan", student_id=outside, subject=None)
    await insert(connection, "progress", student_id=outside, score=0.7)
    await insert(connection, "sessions", student_id=outside, slot_start=CLOCK,
                 slot_end=CLOCK + timedelta(hours=1))  # fmt: skip
    weightless = await pupil(connection)
    await insert(connection, "epreuves_plan", student_id=weightless, subject="MATHS", weight=0.0)
    await insert(connection, "progress", student_id=weightless, score=0.7)
    yield connection
    await connection.close()


@pytest.fixture(scope="module")
async def summary(dsn: str, writer: asyncpg.Connection) -> AsyncIterator[asyncpg.Pool]:
    opened = await open_pool(dsn, size=2, statement_timeout_ms=10_000)
    yield opened
    await opened.close()


@pytest.mark.parametrize("days", [0, 3, 400])
async def test_the_summary_of_every_pupil_is_its_live_figures(writer, summary, days):
    clock = CLOCK + timedelta(days=days)
    await writer.execute("SELECT nexus_app.refresh_dashboard_summary($1)", clock)
    rows = await writer.fetch("SELECT * FROM nexus_app.mv_dashboard_summary")
    loaders = reading(ADMIN, summary, clock).loaders
    found = await facts(loaders).load_many([row["student_id"] for row in rows])
    live = [kpis(one, clock) for one in found]
    assert [
        Kpis(row["progress_overall"], one.streak_days, row["last_eval_score"],
             row["tasks_open_count"], row["next_session_at"])
        for row, one in zip(rows, live, strict=True)
    ] == [
        Kpis(pytest.approx(one.progress_overall, abs=1e-9), one.streak_days, one.last_eval_score,
             one.open_task_count, one.next_session_at)
        for one in live
    ]  # fmt: skip
    assert len(rows) == 63 + 5
    assert days == 400 or any(one.next_session_at for one in live)


async def test_the_summary_has_a_line_for_every_pupil(writer):
    await writer.execute("SELECT nexus_app.refresh_dashboard_summary($1)", CLOCK)
    missing = await writer.fetch(
        """SELECT id FROM nexus_app.students EXCEPT
        SELECT student_id FROM nexus_app.mv_dashboard_summary"""
    )
    assert missing == []


async def test_the_api_may_not_read_the_summary_which_no_row_lock_guards(summary):
    async with summary.acquire() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("SELECT * FROM nexus_app.mv_dashboard_summary")
