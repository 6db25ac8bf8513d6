"""Writers at once, and the API's role: neither makes a figure that is not so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from conftest import CLOCK
from factories import insert, pupil
from reckoned_figures import kept, reckoned

from models.base import uuid7
from models.vocabulary import Role

pytestmark = pytest.mark.anyio

SUITES = {"subject": "MATHS", "chapter_code": "MATHS-T-SUITES"}
DAY = CLOCK.date()
SEQS = count(1)
WAITS = "SELECT count(*) FROM pg_locks WHERE pid = $1 AND NOT granted"


async def measure(db: asyncpg.Connection, id: UUID) -> None:
    await insert(db, "progress", student_id=id, competence_code=str(uuid7()), score=0.9, **SUITES)


async def ask(db: asyncpg.Connection, id: UUID) -> None:
    await insert(db, "tasks", student_id=id, **SUITES)


async def plan(db: asyncpg.Connection, id: UUID) -> None:
    code = str(uuid7())
    await insert(db, "epreuves_plan", student_id=id, code=code, subject="MATHS", scheduled_at=DAY)


async def act(db: asyncpg.Connection, id: UUID) -> None:
    seq = next(SEQS)
    at = CLOCK - timedelta(days=seq % 3)
    await insert(db, "events", student_id=id, seq=seq, at=at, actor_role="STUDENT",
                 actor_agent=None)  # fmt: skip


async def forget(db: asyncpg.Connection, id: UUID) -> None:
    await db.execute("DELETE FROM nexus_app.events WHERE student_id = $1", id)


async def move(db: asyncpg.Connection, id: UUID) -> None:
    zone = "Pacific/Noumea"
    await db.execute("UPDATE nexus_app.students SET time_zone = $2 WHERE id = $1", id, zone)


@asynccontextmanager
async def connected(dsn: str, **settings: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(dsn, server_settings=settings)
    try:
        yield opened
    finally:
        await opened.close(timeout=5)


async def waiting(watcher: asyncpg.Connection, other: asyncpg.Connection, task: Any) -> None:
    """Until the other waits for a lock, or is done."""
    while not task.done() and not await watcher.fetchval(WAITS, other.get_server_pid()):
        pass


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (measure, measure),
        (measure, ask),
        (ask, measure),
        (plan, ask),
        (ask, plan),
        (plan, measure),
        (ask, ask),
        (act, act),
        (act, forget),
        (move, act),
        (act, move),
    ],
    ids=lambda write: write.__name__,
)
async def test_of_two_who_write_at_once_the_second_counts_what_the_first_wrote(
    empty_database: str, first: Any, second: Any
) -> None:
    async with (
        connected(empty_database) as one,
        connected(empty_database) as two,
        connected(empty_database) as watcher,
    ):
        id = await pupil(one)
        for write in (measure, ask, act):
            await write(one, id)
        transaction = one.transaction()
        await transaction.start()
        await first(one, id)
        later = asyncio.create_task(second(two, id))
        await waiting(watcher, two, later)
        await transaction.commit()
        await later
        assert await kept(watcher) == await reckoned(watcher)


async def test_a_bulk_takes_its_pupils_in_the_order_of_their_ids(empty_database: str) -> None:
    async with (
        connected(empty_database) as one,
        connected(empty_database) as two,
        connected(empty_database) as watcher,
    ):
        low, high = sorted([await pupil(one), await pupil(one)])
        transaction = one.transaction()
        await transaction.start()
        await measure(one, low)
        bulk = (
            "INSERT INTO nexus_app.progress (id, student_id, subject, chapter_code,"
            " competence_code, score, evidence_count, updated_at)"
            " SELECT gen_random_uuid(), id, 'NSI', 'NSI-A', 'X', 0.4, 1, $2"
            " FROM unnest($1::uuid[]) AS id"
        )
        later = asyncio.create_task(two.execute(bulk, [high, low], CLOCK))
        await waiting(watcher, two, later)
        await measure(one, high)  # whom the bulk must not hold while it waits for the other
        await transaction.commit()
        await later
        assert await kept(watcher) == await reckoned(watcher)


async def test_a_pupil_who_leaves_leaves_nothing_to_count(empty_database: str) -> None:
    async with connected(empty_database) as db:
        id, other = await pupil(db), await pupil(db)
        for write in (measure, ask, plan, act):
            await write(db, id)
            await write(db, other)
        await db.execute("DELETE FROM nexus_app.students WHERE id = $1", id)
        students, tasks = await kept(db)
        assert (set(students), len(tasks)) == ({other}, 1)


@pytest.fixture
async def as_pupil(empty_database: str) -> AsyncIterator[tuple[asyncpg.Connection, UUID]]:
    """A connection as the API's role, for a pupil with a little of everything."""
    async with connected(empty_database) as owner:
        id = await pupil(owner, user_id="camille")
        for write in (measure, ask, plan, act):
            await write(owner, id)
    seen = {"role": "nexus_api", "nexus.viewer": "camille", "nexus.role": Role.STUDENT.value}
    async with connected(empty_database, **seen) as db:
        yield db, id


@pytest.mark.parametrize(
    "forgery",
    [
        "UPDATE nexus_app.students SET progress_overall = 1, open_task_count = 0",
        "UPDATE nexus_app.students SET active_on = '2026-12-24', active_days = 365",
        "UPDATE nexus_app.students SET last_eval_score = 20, total_weight = 0, version = 9",
        "UPDATE nexus_app.tasks SET chapter_mastery = 0, exam_on = '2026-11-24'",
        "UPDATE nexus_app.tasks SET label = 'Autre chose', chapter_mastery = 0",
    ],
)
async def test_the_api_cannot_say_what_a_figure_is(as_pupil: Any, forgery: str) -> None:
    db, _ = as_pupil
    before = await kept(db)
    assert await db.execute(forgery) == "UPDATE 1"
    assert await kept(db) == before


async def test_a_task_that_the_api_sets_has_its_own_figures(as_pupil: Any) -> None:
    db, id = as_pupil
    await insert(db, "tasks", student_id=id, chapter_mastery=0.0, exam_on=DAY, **SUITES)
    assert await kept(db) == await reckoned(db)


async def test_the_api_may_call_none_of_the_rules(as_pupil: Any) -> None:
    db, _ = as_pupil
    rules = await db.fetch(
        """SELECT oid::regprocedure::text AS name FROM pg_proc
        WHERE pronamespace = 'nexus_app'::regnamespace
          AND (proname LIKE '%\\_of' OR proname LIKE 'figures\\_%')
          AND has_function_privilege('nexus_api', oid, 'EXECUTE')"""
    )
    assert rules == []


async def test_the_api_writes_as_before_and_the_figures_follow(as_pupil: Any) -> None:
    db, id = as_pupil
    for write in (measure, ask, plan, act):
        await write(db, id)
    await db.execute("UPDATE nexus_app.students SET track = 'Premiere', time_zone = 'UTC'")
    assert await kept(db) == await reckoned(db)
