"""Fixtures: a database with a queue, workers of a test's own upon it, and jobs to give them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from conftest import CLOCK
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from gateway.embedded import Servers
from jobs.pace import Pace
from jobs.registry import Handler
from jobs.worker import Worker
from models.vocabulary import JobKind, Role
from services import jobs
from services.access import Viewer
from services.unit_of_work import Work, open_engine, sessions, unit_of_work

PATIENCE = 60.0  # seconds that a test waits for what must happen
HASTY = Pace(
    heartbeat=1.0,
    poll=0.2,
    grace=0.3,
    first_retry=0.01,
    broken_off=0.05,
    quiet=0.1,
    longest_burst=1.0,
    election=0.1,
)
ADMIN = Viewer("an-admin", Role.ADMIN, "Administration")
KIND = JobKind.EXPORT_DATA


async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
    """Wait until something holds, and give it; the test fails where it never does."""
    async with asyncio.timeout(PATIENCE):
        while not (found := await condition()):  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.02)
    return found


@dataclass
class Office:
    """A database where work is asked for; `db` is its owner's own look at it."""

    dsn: str
    redis_url: str
    sessions: async_sessionmaker[AsyncSession]
    db: asyncpg.Pool

    @property
    def sqlalchemy_url(self) -> str:
        return self.dsn.replace("postgresql://", "postgresql+asyncpg://", 1)

    @asynccontextmanager
    async def change(self, viewer: Viewer = ADMIN) -> AsyncIterator[Work]:
        async with unit_of_work(self.sessions, viewer, CLOCK) as work:
            yield work

    async def ask(self, kind: JobKind = KIND, **given: Any) -> UUID:
        async with self.change() as work:
            return (await jobs.enqueue(work, kind, **given)).id

    async def job(self, id: UUID) -> asyncpg.Record:
        return await self.db.fetchrow("SELECT * FROM nexus_app.jobs WHERE id = $1", id)

    async def waits(self) -> list[str]:
        """What lies in the queue: the states, in order."""
        rows = await self.db.fetch("SELECT status FROM nexus_app.pgqueuer ORDER BY id")
        return [row["status"] for row in rows]

    async def reaches(self, id: UUID, *states: str) -> asyncpg.Record:
        """The job once it is in one of these states."""

        async def found() -> asyncpg.Record | None:
            job = await self.job(id)
            return job if job["status"] in states else None

        return await until(found)

    async def emptied(self) -> None:
        """Wait until nothing lies in the queue."""

        async def empty() -> bool:
            return await self.waits() == []

        await until(empty)

    @asynccontextmanager
    async def worker(
        self, handlers: Mapping[JobKind, Handler] | None = None, pace: Pace = HASTY
    ) -> AsyncIterator[Worker]:
        """A worker at work, stopped at the end unless it has been."""
        one = Worker(
            dsn=self.dsn,
            sqlalchemy_url=self.sqlalchemy_url,
            redis_url=self.redis_url,
            clock=lambda: CLOCK,
            handlers=handlers or {},
            pace=pace,
        )
        running = asyncio.create_task(one.run())
        try:
            yield one
        finally:
            one.stop()
            async with asyncio.timeout(PATIENCE):
                await running


@asynccontextmanager
async def opened(dsn: str, redis_url: str) -> AsyncIterator[Office]:
    """An office over a database."""
    url = dsn.replace("postgresql://", "postgresql+asyncpg://", 1)
    engine = open_engine(url, size=5, statement_timeout_ms=30_000)
    async with asyncpg.create_pool(dsn, min_size=0, max_size=3) as db:
        yield Office(dsn, redis_url, sessions(engine), db)
    await engine.dispose()


@pytest.fixture
async def office(
    servers: Servers, empty_database: str, anyio_backend: str
) -> AsyncIterator[Office]:
    """Nobody's yet."""
    async with opened(empty_database, servers.redis_url) as found:
        yield found
