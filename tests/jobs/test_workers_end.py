"""However a worker ends, its jobs do not: they are finished, given back, or taken over."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from conftest import database, migrate
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.ports.repository import EntrypointExecutionParameter
from pgqueuer.types import QueueEntrypoint, QueueManagerId
from working import HASTY, KIND, PATIENCE, Office, until

from gateway.embedded import Servers
from gateway.settings import ROOT
from jobs import queue, turns
from jobs.connections import open_queue
from jobs.desk import Closed
from jobs.registry import Running
from services.jobs import BUILDERS
from subscriptions.bell import JOB, Bell
from subscriptions.connection import connect

pytestmark = pytest.mark.anyio


class Spy:
    """A handler that goes on until it is let end; `cut` tells whether it was cut off."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.cut = False

    async def __call__(self, running: Running) -> None:
        self.begun.set()
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.cut = True
            raise


async def succeed(running: Running) -> None:
    await running.advance(0.1)


async def test_a_worker_that_is_stopped_finishes_its_job_and_begins_no_other(
    office: Office,
) -> None:
    spy = Spy()
    pace = replace(HASTY, grace=PATIENCE)
    first = await office.ask()
    async with office.worker({KIND: spy}, pace) as worker:
        await spy.begun.wait()
        worker.stop()
        second = await office.ask()
        spy.may_end.set()
    assert not spy.cut
    assert (await office.job(first))["status"] == "SUCCEEDED"
    assert (await office.job(second))["status"] == "QUEUED"
    assert await office.waits() == ["queued"]


async def test_a_job_longer_than_the_grace_is_given_back_and_done_by_another(
    office: Office,
) -> None:
    spy = Spy()
    id = await office.ask()
    async with office.worker({KIND: spy}):
        await spy.begun.wait()
    assert spy.cut
    assert (await office.job(id))["status"] == "QUEUED"
    assert await office.waits() == ["queued"]
    async with office.worker({KIND: succeed}):
        await office.reaches(id, "SUCCEEDED")
        await office.emptied()


class Stubborn(Spy):
    """It will not be cut off, and ends when it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = asyncio.Event()
        self.task: asyncio.Task[Any] | None = None

    async def __call__(self, running: Running) -> None:
        self.task = asyncio.current_task()
        with suppress(asyncio.CancelledError):
            await super().__call__(running)
        await self.let_go.wait()


async def test_a_job_that_will_not_be_cut_off_does_not_keep_its_worker(office: Office) -> None:
    stubborn = Stubborn()
    id = await office.ask()
    async with office.worker({KIND: stubborn}):
        await stubborn.begun.wait()
    assert not stubborn.let_go.is_set()
    assert (await office.job(id))["status"] == "QUEUED"
    stubborn.let_go.set()
    await asyncio.wait({stubborn.task})


CONNECTED = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"


async def test_a_job_that_outlives_its_worker_opens_no_connection(office: Office) -> None:
    """Neither does it fail unheard, which a later turn of the loop would have to explain."""
    stubborn = Stubborn()
    await office.ask()
    async with office.worker({KIND: stubborn}):
        await stubborn.begun.wait()
    before = await office.db.fetchval(CONNECTED)
    stubborn.let_go.set()
    await asyncio.wait({stubborn.task})
    assert isinstance(stubborn.task.exception(), Closed)
    assert await office.db.fetchval(CONNECTED) == before


async def test_what_a_worker_did_last_is_rung_for_before_it_ends(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(bell: Bell) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Bell, "run", never)  # it had no time to
    spy = Spy()
    id = await office.ask()
    redis = connect(office.redis_url)
    async with redis.pubsub() as ear:
        await ear.subscribe(f"{JOB}{id}")
        await ear.get_message(timeout=PATIENCE)
        async with office.worker({KIND: spy}, replace(HASTY, grace=PATIENCE)) as worker:
            await spy.begun.wait()
            worker.stop()
            spy.may_end.set()
        heard = await ear.get_message(timeout=PATIENCE)
    await redis.aclose()
    assert heard["channel"] == f"{JOB}{id}"
    assert (await office.job(id))["status"] == "SUCCEEDED"


@contextmanager
def doomed(office: Office) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker that takes jobs and never ends them."""
    process = subprocess.Popen(
        [sys.executable, "tests/doomed_worker.py", office.dsn, office.redis_url],
        cwd=ROOT,
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def test_the_job_of_a_killed_worker_is_taken_over(office: Office) -> None:
    id = await office.ask()
    with doomed(office) as process:

        async def under_way() -> bool:
            return (await office.job(id))["progress"] == 0.3

        await until(under_way)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert (await office.job(id))["status"] == "RUNNING"
        assert await office.waits() == ["picked"]
        seen = []

        async def note(running: Running) -> None:
            seen.append((await office.job(running.id))["progress"])
            await running.advance(0.1)
            seen.append((await office.job(running.id))["progress"])

        async with office.worker({KIND: note}):
            await office.reaches(id, "SUCCEEDED")
            await office.emptied()
    assert seen == [0.3, 0.3]


LOSE = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND usename IS NOT NULL AND pid <> pg_backend_pid()
"""


async def test_a_worker_goes_on_after_its_connections_were_lost(office: Office) -> None:
    async with office.worker({KIND: succeed}):
        first = await office.ask()
        await office.reaches(first, "SUCCEEDED")
        async with office.db.acquire() as connection:
            assert await connection.fetchval(LOSE) > 1
        await office.db.expire_connections()
        with suppress(Exception):  # the office has lost its own too
            await office.ask()
        second = await office.ask()
        await office.reaches(second, "SUCCEEDED")


async def test_turns_that_break_off_are_tried_again_however_many(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    """More of them than a worker may have at once: what is left lying counts against it."""
    asked = [await office.ask() for _ in range(queue.AT_ONCE + 1)]
    await office.db.execute("REVOKE UPDATE ON nexus_app.jobs FROM nexus_api")
    async with office.worker({KIND: succeed}):

        async def tried() -> bool:
            most = "SELECT max(attempts) > $1 FROM nexus_app.pgqueuer"
            return bool(await office.db.fetchval(most, turns.TRIES + turns.DEATHS))

        await until(tried)
        await office.db.execute("GRANT UPDATE ON nexus_app.jobs TO nexus_api")
        for id in asked:
            await office.reaches(id, "SUCCEEDED")
    assert "broke off: ProgrammingError" in caplog.text
    assert "permission denied" not in caplog.text  # of a fault, its kind alone


async def test_a_job_that_could_not_be_put_back_stays_in_the_queue(office: Office) -> None:
    """Where pgqueuer would delete it: the second of two nets."""
    await office.ask()
    pool = await open_queue(office.dsn)
    one = queue.Queue(AsyncpgPoolDriver(pool), **BUILDERS)
    given = {QueueEntrypoint(KIND.name): EntrypointExecutionParameter(concurrency_limit=0)}
    taken = await one.dequeue(1, given, QueueManagerId(uuid4()), None, timedelta(seconds=60))
    assert await office.waits() == ["picked"]
    for status in ("exception", "canceled", "failed"):
        await one.log_jobs([(job, status, None) for job in taken])
        assert await office.waits() == ["queued"]
    await one.log_jobs([(job, "successful", None) for job in taken])
    assert await office.waits() == []
    await pool.close()


@contextmanager
def command(dsn: str, redis_url: str, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """`scripts/nexus worker`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "worker", *words],
        cwd=ROOT,
        env={"PATH": os.defpath, "DATABASE_URL": dsn, "REDIS_URL": redis_url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_ends_the_command_in_order(office: Office, number: signal.Signals) -> None:
    id = await office.ask()
    with command(office.dsn, office.redis_url) as process:
        await office.reaches(id, "FAILED")  # it is at work
        process.send_signal(number)
        said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    assert "the worker has stopped" in said
    assert "Traceback" not in said


async def test_a_worker_on_a_leash_ends_when_it_is_let_go(office: Office) -> None:
    id = await office.ask()
    with command(office.dsn, office.redis_url, "--leash") as process:
        await office.reaches(id, "FAILED")
        said, _ = process.communicate(timeout=PATIENCE)  # closes the pipe
    assert process.returncode == 0, said


@pytest.mark.parametrize("revision", [None, "keep_library"])
def test_a_database_without_a_queue_is_said_in_one_line(
    servers: Servers, migrated: str, revision: str | None
) -> None:
    with database(servers) as dsn:
        if revision is not None:
            migrate(dsn, revision)
        with command(dsn, servers.redis_url) as process:
            said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert said.startswith("nexus: the database has no job queue")
    assert said.endswith(": scripts/nexus migrate\n")
    assert said.count("\n") == 1


BLOCKED = """
import time
from gateway.cli import worker

async def run():
    print("blocked", flush=True)
    time.sleep(3600)

worker.LAST_RESORT = 0.1
worker._until_told(run, lambda: None)
"""


def test_a_job_that_blocks_everything_does_not_keep_the_process() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BLOCKED], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "blocked\n"
        process.terminate()
        assert process.wait(PATIENCE) == 1
