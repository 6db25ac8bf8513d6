"""The queue as a worker serves it: pgqueuer, put together so that it can lose nothing."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.models import Schedule
from pgqueuer.queries import Queries
from pgqueuer.types import Channel

from jobs.desk import tell
from jobs.pace import CutOff, Pace, Shift
from jobs.timetable import Chore
from jobs.turns import Turns
from models.vocabulary import JobKind
from services.jobs import BUILDERS, QUEUE

BATCH = 2
AT_ONCE = 2 * BATCH  # jobs of one worker; pgqueuer wants twice the batch


class Queue(Queries):
    """Only what has ended leaves the queue.

    pgqueuer would also delete a job that it could not put back, such as for a lost connection. Here
    that is tried again; while it cannot be done, the job is taken over like a killed worker's.
    """

    async def log_jobs(self, job_status: list[Any]) -> None:
        ended = [one for one in job_status if one[1] == "successful"]
        if ended:
            await super().log_jobs(ended)
        for job, status, _ in job_status:
            if status != "successful":
                await self.retry_job(job, timedelta(0), None)


def assemble(pool: asyncpg.Pool, turns: Turns, chores: Sequence[Chore], shift: Shift) -> PgQueuer:
    """Every kind of job is taken, also those that nothing here can do: they end, and say so."""
    driver = AsyncpgPoolDriver(pool)
    queue = PgQueuer(
        driver,
        channel=Channel(QUEUE.channel),
        queries=Queue(driver, **BUILDERS),  # type: ignore[arg-type]
    )
    for kind in JobKind:
        queue.entrypoint(kind.name, accepts_context=False)(turns.take)
    for chore in chores:
        queue.schedule(chore.name, chore.at, accepts_context=False)(_due(chore, shift))
    return queue


def _due(chore: Chore, shift: Shift) -> Callable[[Schedule], Awaitable[None]]:
    async def do() -> None:
        try:
            await chore.do()
        except Exception as fault:  # the next time is not far
            tell(chore.name, fault)

    async def due(_schedule: Schedule) -> None:
        with suppress(CutOff):  # the next worker goes on from here
            await shift.finish(do())

    return due


async def serve(queue: PgQueuer, pace: Pace) -> None:
    """Until `queue.shutdown` is set, or until PostgreSQL is lost, which is raised."""
    await queue.run(
        dequeue_timeout=timedelta(seconds=pace.poll),
        batch_size=BATCH,
        max_concurrent_tasks=AT_ONCE,
        shutdown_on_listener_failure=True,
        heartbeat_timeout=timedelta(seconds=pace.heartbeat),
        log_aggregation_interval=timedelta(0),  # statistics that nobody reads
    )
