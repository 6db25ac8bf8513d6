"""What the night costs: every pupil of a school of its own, planned and coached by one worker."""

import asyncio
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg

from gateway.bench.peers.database import scratch
from gateway.cli.display import Failure
from gateway.settings import ROOT, Settings, inherited
from models.vocabulary import JobKind
from services import jobs
from services.actors import NEXUS
from services.agents import Pass
from services.unit_of_work import open_engine, sessions, unit_of_work

PATIENCE = 900.0  # seconds for one night
_TICKS = os.sysconf("SC_CLK_TCK")

KEY = "agents/night/all"
WAITING = "SELECT count(*) FROM nexus_app.pgqueuer WHERE entrypoint = 'RUN_AGENTS'"
FAILED = "SELECT count(*) FROM nexus_app.jobs WHERE status = 'FAILED'"
CHANGED = """SELECT count(DISTINCT student_id) AS pupils, count(*) AS entries FROM nexus_app.events
  WHERE at >= $1"""
COMMITS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"


@dataclass(frozen=True)
class Night:
    """One pass over all pupils: seconds of the clock and of the worker's processor, what it wrote,
    and the transactions that it took."""

    name: str
    pupils: int
    seconds: float
    worker_seconds: float
    changed: int
    entries: int
    commits: int


def measure(settings: Settings, *, pupils: int) -> list[Night]:
    """A first night, on which everything is new, and a second one after it."""
    with (
        TemporaryDirectory(prefix="nexus-") as home,
        scratch(settings, Path(home), pupils=pupils) as found,
    ):
        address = {
            "DATABASE_URL": found.settings.asyncpg_dsn,
            "REDIS_URL": found.settings.redis_url or "",
            "NEXUS_HOME": home,
        }
        worker = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", "worker", "--leash"],
            cwd=ROOT,
            env=inherited(**address),
            stdin=subprocess.PIPE,
        )
        try:
            return asyncio.run(_nights(found.settings, worker, pupils))
        finally:
            worker.terminate()
            with suppress(subprocess.TimeoutExpired):
                worker.wait(15)


async def _nights(
    settings: Settings, worker: "subprocess.Popen[bytes]", pupils: int
) -> list[Night]:
    connection = await asyncpg.connect(settings.asyncpg_dsn)
    await asyncio.sleep(3)  # the worker starts
    try:
        names = ("the first night", "the night after")
        return [await _night(name, settings, connection, worker, pupils) for name in names]
    finally:
        await connection.close()


async def _night(
    name: str,
    settings: Settings,
    connection: asyncpg.Connection,
    worker: "subprocess.Popen[bytes]",
    pupils: int,
) -> Night:
    began, clock = time.monotonic(), datetime.now(UTC)
    spent, commits = _cpu(worker.pid), await connection.fetchval(COMMITS)
    await _ask(settings, clock)
    while await connection.fetchval(WAITING):
        if time.monotonic() - began > PATIENCE or worker.poll() is not None:
            raise Failure("the night does not end: see what the worker says")
        await asyncio.sleep(0.1)
    seconds = time.monotonic() - began
    if failed := await connection.fetchval(FAILED):
        raise Failure(f"{failed} jobs of the night failed: see what the worker says")
    spent = _cpu(worker.pid) - spent
    await asyncio.sleep(2)  # the statistics lag
    written = await connection.fetchrow(CHANGED, clock)
    return Night(
        name=name,
        pupils=pupils,
        seconds=seconds,
        worker_seconds=spent,
        changed=written["pupils"],
        entries=written["entries"],
        commits=await connection.fetchval(COMMITS) - commits,
    )


async def _ask(settings: Settings, clock: datetime) -> None:
    engine = open_engine(settings.sqlalchemy_url, size=1, statement_timeout_ms=10_000)
    async with unit_of_work(sessions(engine), NEXUS, clock) as work:
        await jobs.enqueue(work, JobKind.RUN_AGENTS, given={"pass": Pass.NIGHT}, key=KEY)
    await engine.dispose()


def _cpu(pid: int) -> float:
    """Seconds of the processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
