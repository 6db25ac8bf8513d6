"""The cohort's summary follows bursts of events, once for all workers; without Redis, the clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from conftest import CLOCK
from factories import insert, pupil
from relaying import Relay
from working import HASTY, Office, until

from gateway.embedded import Servers
from jobs import summary
from jobs.connections import open_queue
from jobs.desk import Desk
from jobs.pace import Pace
from jobs.timetable import timetable
from models.base import uuid7
from subscriptions.bell import JOB, JOURNAL, Bell
from subscriptions.connection import connect
from subscriptions.rings import hear

pytestmark = pytest.mark.anyio

OPEN = "SELECT tasks_open_count FROM nexus_app.mv_dashboard_summary WHERE student_id = $1"

# the function as it is, and a note of each time that it is called
COUNTED = """
    CREATE TABLE public.refreshes (clock timestamptz);
    CREATE OR REPLACE FUNCTION nexus_app.refresh_dashboard_summary(clock timestamptz) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = nexus_app, pg_temp AS $$
    BEGIN
      INSERT INTO public.refreshes VALUES (clock);
      PERFORM set_config('nexus.clock', clock::text, true);
      REFRESH MATERIALIZED VIEW CONCURRENTLY nexus_app.mv_dashboard_summary;
    END $$
"""
LEADS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"


async def publish(office: Office, *channels: str) -> None:
    redis = connect(office.redis_url)
    for channel in channels:
        await redis.publish(channel, "1")
    await redis.aclose()


async def ring(office: Office, times: int = 1) -> None:
    await publish(office, *(f"{JOURNAL}{uuid7()}" for _ in range(times)))


async def refreshes(office: Office) -> int:
    found: int = await office.db.fetchval("SELECT count(*) FROM public.refreshes")
    return found


@asynccontextmanager
async def following(office: Office, pace: Pace = HASTY) -> AsyncIterator[None]:
    """What a worker does about bursts, and nothing else."""
    rung, pool = asyncio.Event(), await open_queue(office.dsn)
    async with asyncio.TaskGroup() as tasks:
        both = [
            tasks.create_task(hear(office.redis_url, rung.set)),
            tasks.create_task(summary.follow(pool, rung, lambda: CLOCK, pace)),
        ]
        yield
        for task in both:
            task.cancel()
    await pool.close()


async def test_a_burst_of_events_ends_in_the_summary(office: Office) -> None:
    student = await pupil(office.db)
    async with office.worker():

        async def shows(count: int) -> bool:
            return await office.db.fetchval(OPEN, student) == count

        await until(lambda: shows(0))
        for count in (1, 2, 3):
            await insert(office.db, "tasks", student_id=student)
            await ring(office, times=20)
            await until(lambda count=count: shows(count))


async def test_of_two_workers_one_refreshes_after_a_burst(office: Office) -> None:
    await office.db.execute(COUNTED)
    async with following(office), following(office):
        for number in range(1, 6):

            async def seen(number: int = number) -> bool:
                return await refreshes(office) >= number

            await until(seen)  # the first when they begin
            if number < 5:
                await ring(office, times=10)
    assert await refreshes(office) == 5


async def test_when_the_one_that_refreshes_is_gone_the_other_does(office: Office) -> None:
    async with following(office):
        (leader,) = await until(lambda: office.db.fetch(LEADS))
        async with following(office):
            await office.db.fetchval("SELECT pg_terminate_backend($1)", leader["pid"])

            async def succeeded() -> bool:
                found = await office.db.fetch(LEADS)
                return [row["pid"] for row in found] not in ([], [leader["pid"]])

            await until(succeeded)
            student = await pupil(office.db)
            await ring(office)
            await until(lambda: office.db.fetch(OPEN, student))


async def test_a_refresh_that_fails_is_made_up_for(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    await office.db.execute(COUNTED)
    await office.db.execute("ALTER TABLE public.refreshes ADD CHECK (false)")

    async def failed() -> bool:
        return "CheckViolationError" in caplog.text

    async with following(office):
        await until(failed)
        await office.db.execute("ALTER TABLE public.refreshes DROP CONSTRAINT refreshes_check")
        await until(lambda: refreshes(office))


async def test_events_that_never_pause_are_seen_to_in_between(office: Office) -> None:
    pace = Pace(quiet=3600.0, longest_burst=0.2, election=0.1)
    rung, seen = asyncio.Event(), asyncio.Event()

    async def events() -> None:
        while True:
            rung.set()
            await asyncio.sleep(0)

    async def once_settled() -> None:
        await summary.settled(rung, pace)
        seen.set()

    async with asyncio.TaskGroup() as tasks:
        ringing = tasks.create_task(events())
        tasks.create_task(once_settled())
        ringing.add_done_callback(lambda _: seen.set())  # never for ever
        await seen.wait()
        assert not ringing.done()
        ringing.cancel()


async def test_one_ring_is_one_burst(office: Office) -> None:
    rung = asyncio.Event()
    rung.set()
    await summary.settled(rung, HASTY)
    assert not rung.is_set()


async def test_the_summary_is_refreshed_at_set_times_without_redis(office: Office) -> None:
    student = await pupil(office.db)
    pool = await open_queue(office.dsn)
    desk = Desk(office.sessions, Bell(connect("redis://127.0.0.1:1")), lambda: CLOCK)
    (chore,) = [one for one in timetable(pool, desk) if "summary" in one.name]
    await chore.do()
    await pool.close()
    assert await office.db.fetchval(OPEN, student) == 0


class Ear:
    """How often something was heard."""

    def __init__(self) -> None:
        self.heard = 0

    def __call__(self) -> None:
        self.heard += 1

    async def more_than(self, times: int) -> bool:
        return self.heard > times


@asynccontextmanager
async def hearing(url: str) -> AsyncIterator[Ear]:
    ear = Ear()
    task = asyncio.create_task(hear(url, ear))
    try:
        yield ear
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_every_journal_is_heard_and_nothing_else(office: Office) -> None:
    async with hearing(office.redis_url) as ear:
        await until(lambda: ear.more_than(0))
        await publish(office, f"{JOB}{uuid7()}", "nexus:other", f"{JOURNAL}{uuid7()}")
        await publish(office, f"{JOURNAL}{uuid7()}")
        await until(lambda: ear.more_than(2))
    assert ear.heard == 3  # the beginning, and two journals


async def test_redis_may_go_and_come_back(servers: Servers, office: Office) -> None:
    relay = Relay(servers.redis_url)
    await relay.up()
    async with hearing(relay.url) as ear:
        for _ in range(2):
            before = ear.heard
            await until(lambda before=before: ear.more_than(before))  # it was reached
            await relay.down()
            await relay.up()
        before = ear.heard
        await until(lambda: ear.more_than(before))
        await ring(office)
        await until(lambda: ear.more_than(before + 1))
    await relay.down()


async def test_a_killed_subscription_is_made_anew(office: Office) -> None:
    redis: Any = connect(office.redis_url)
    async with hearing(office.redis_url) as ear:
        await until(lambda: ear.more_than(0))
        await redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        await until(lambda: ear.more_than(1))
    await redis.aclose()


class Mute(Relay):
    """A Redis behind a line that can fall silent without breaking."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.calls = 0
        self.carries = asyncio.Event()
        self.carries.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls += 1
        await super()._carry(reader, writer)

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:  # type: ignore[override]
        while data := await reader.read(65_536):
            await self.carries.wait()
            writer.write(data)
            await writer.drain()
        writer.close()

    async def called_again(self) -> bool:
        return self.calls > 1


async def test_a_redis_that_falls_silent_is_left_and_called_anew(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subscriptions.rings.SILENCE", 0.1)
    relay = Mute(servers.redis_url)
    await relay.up()
    async with hearing(relay.url) as ear:
        await until(lambda: ear.more_than(0))
        relay.carries.clear()
        await until(relay.called_again)
        before = ear.heard
        relay.carries.set()
        await until(lambda: ear.more_than(before))
    await relay.down()


async def test_the_pool_of_a_leader_is_the_worker_s_own(office: Office) -> None:
    async with following(office):
        (leader,) = await until(lambda: office.db.fetch(LEADS))
        who: asyncpg.Record = await office.db.fetchrow(
            "SELECT application_name FROM pg_stat_activity WHERE pid = $1", leader["pid"]
        )
    assert who["application_name"] == "nexus worker"
