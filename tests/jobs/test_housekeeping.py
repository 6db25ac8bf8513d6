"""What has run out is taken away, once, whoever and however many see to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from conftest import CLOCK
from factories import insert, pupil
from sqlalchemy import text
from working import Office

from jobs import housekeeping
from jobs.connections import open_queue
from jobs.desk import Desk
from jobs.timetable import timetable
from services.unit_of_work import Work, open_engine, sessions
from subscriptions.bell import JOURNAL, Bell
from subscriptions.connection import connect

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
EVENTS = "SELECT * FROM nexus_app.events WHERE student_id = $1 ORDER BY seq"
HELD = "SELECT tier, expires_at FROM nexus_app.entitlements WHERE student_id = $1"


def nowhere() -> Bell:
    return Bell(connect("redis://127.0.0.1:1"))


def desk_of(office: Office) -> Desk:
    return Desk(office.sessions, nowhere(), lambda: CLOCK)


async def subscriber(office: Office, expires_at: datetime | None, tier: str = "Plus") -> UUID:
    student = await pupil(office.db)
    await insert(office.db, "entitlements", student_id=student, tier=tier, expires_at=expires_at)
    return student


async def test_a_subscription_that_has_run_out_becomes_the_free_one(office: Office) -> None:
    ended = await subscriber(office, CLOCK, "Pro")
    going_on = [await subscriber(office, CLOCK + HOUR), await subscriber(office, None)]
    await housekeeping.expire_entitlements(desk_of(office))
    assert tuple(await office.db.fetchrow(HELD, ended)) == ("Free", None)
    (event,) = await office.db.fetch(EVENTS, ended)
    assert (event["kind"], event["seq"], event["at"]) == ("ENTITLEMENT_CHANGED", 1, CLOCK)
    assert (event["actor_id"], event["actor_role"], event["actor_agent"], event["actor_name"]) == (
        "nexus", "ADMIN", None, "Nexus",
    )  # fmt: skip
    payload = await office.db.fetchval("SELECT payload_json #>> '{}' FROM nexus_app.events")
    assert payload == (
        '{"after": {"tier": "FREE", "expiresAt": null},'
        f' "before": {{"tier": "PRO", "expiresAt": "{CLOCK.isoformat()}"}}}}'
    )
    for student in going_on:
        assert (await office.db.fetchrow(HELD, student))["tier"] == "Plus"
        assert await office.db.fetch(EVENTS, student) == []


async def test_many_that_have_run_out_are_journaled_once_by_two_workers_at_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 4)
    students = [await subscriber(office, CLOCK - DAY) for _ in range(10)]
    both = (housekeeping.expire_entitlements(desk_of(office)) for _ in range(2))
    await asyncio.gather(*both)
    await housekeeping.expire_entitlements(desk_of(office))
    for student in students:
        assert [event["seq"] for event in await office.db.fetch(EVENTS, student)] == [1]
        assert (await office.db.fetchrow(HELD, student))["tier"] == "Free"


async def test_an_expiry_rings(office: Office) -> None:
    student = await subscriber(office, CLOCK)
    desk, heard = desk_of(office), []
    desk.bell.near = lambda channel, message: heard.append((channel, message))
    await housekeeping.expire_entitlements(desk)
    assert heard == [(f"{JOURNAL}{student}", "1")]


async def test_a_pupil_who_is_being_changed_keeps_nobody_else_waiting(office: Office) -> None:
    busy, free = sorted([await subscriber(office, CLOCK), await subscriber(office, CLOCK)])
    engine = open_engine(office.sqlalchemy_url, size=1, statement_timeout_ms=200)
    desk = Desk(sessions(engine), nowhere(), lambda: CLOCK)
    async with office.db.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM nexus_app.students WHERE id = $1 FOR UPDATE", busy)
        await housekeeping.expire_entitlements(desk)
    await engine.dispose()
    tiers = [(await office.db.fetchrow(HELD, student))["tier"] for student in (busy, free)]
    assert tiers == ["Plus", "Free"]


class Leaving(Desk):
    """A desk at which a pupil leaves between being found and being seen to."""

    @asynccontextmanager
    async def change(self) -> AsyncIterator[Work]:
        async with super().change() as work:
            yield work
            await work.db.execute(text("DELETE FROM students WHERE display_name = 'Qui part'"))


async def test_a_pupil_who_leaves_meanwhile_is_no_fault(office: Office) -> None:
    leaving, staying = [await subscriber(office, CLOCK) for _ in range(2)]
    await office.db.execute(
        "UPDATE nexus_app.students SET display_name = 'Qui part' WHERE id = $1", leaving
    )
    await housekeeping.expire_entitlements(Leaving(office.sessions, nowhere(), lambda: CLOCK))
    assert await office.db.fetchrow(HELD, leaving) is None
    assert (await office.db.fetchrow(HELD, staying))["tier"] == "Free"


@pytest.fixture
async def queue(office: Office) -> AsyncIterator[asyncpg.Pool]:
    """The queue's own connections, as the worker's role."""
    pool = await open_queue(office.dsn)
    yield pool
    await pool.close()


async def test_kept_answers_are_forgotten_when_their_time_is_over_whoever_s_they_are(
    office: Office, queue: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    for number in range(5):
        at = CLOCK - DAY - HOUR * number - timedelta(microseconds=1)
        await insert(office.db, "idempotency_keys", actor_id=f"{number}", created_at=at)
    await insert(office.db, "idempotency_keys", actor_id="kept", created_at=CLOCK - DAY)
    await housekeeping.forget_answers(queue, lambda: CLOCK)
    left = await office.db.fetch("SELECT actor_id FROM nexus_app.idempotency_keys")
    assert [row["actor_id"] for row in left] == ["kept"]


async def test_the_queue_s_past_is_forgotten_but_for_jobs_that_still_wait(
    office: Office, queue: asyncpg.Pool
) -> None:
    await office.ask()
    past = CLOCK - timedelta(days=8)
    rows = [(0, past), (0, CLOCK), (await office.db.fetchval(WAITING), past)]
    for job, at in rows:
        await office.db.execute(
            "INSERT INTO nexus_app.pgqueuer_log (job_id, created, status, priority, entrypoint)"
            " VALUES ($1, $2, 'picked', 0, 'x')",
            job,
            at,
        )
    await housekeeping.forget_queue(queue, lambda: CLOCK)
    left = await office.db.fetch(
        "SELECT job_id, created FROM nexus_app.pgqueuer_log WHERE entrypoint = 'x' ORDER BY job_id"
    )
    assert [tuple(row) for row in left] == rows[1:]


WAITING = "SELECT id FROM nexus_app.pgqueuer"


async def test_every_chore_can_be_done_as_the_role_that_does_it(
    office: Office, queue: asyncpg.Pool
) -> None:
    desk = replace(desk_of(office), clock=lambda: CLOCK)
    chores = timetable(queue, desk)
    for chore in chores:
        await chore.do()
    assert len({chore.name for chore in chores}) == len(chores) == 6
