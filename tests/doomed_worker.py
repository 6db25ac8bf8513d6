"""A worker in a process of its own, whose jobs never end: made to be killed."""

import asyncio
import sys
from datetime import UTC, datetime

from jobs.pace import Pace
from jobs.registry import Running
from jobs.worker import Worker
from models.vocabulary import JobKind


async def hang(running: Running) -> None:
    await running.advance(0.3)
    await asyncio.Event().wait()


if __name__ == "__main__":
    dsn, redis_url = sys.argv[1:]
    asyncio.run(
        Worker(
            dsn=dsn,
            sqlalchemy_url=dsn.replace("postgresql://", "postgresql+asyncpg://", 1),
            redis_url=redis_url,
            clock=lambda: datetime.now(UTC),
            handlers=dict.fromkeys(JobKind, hang),
            pace=Pace(heartbeat=1.0, poll=0.2),
        ).run()
    )
