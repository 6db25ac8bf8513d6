"""What runs out is taken away: subscriptions, kept answers, the queue's own past."""

import logging
from datetime import timedelta
from uuid import UUID

import asyncpg
from sqlalchemy.exc import DBAPIError

from jobs.desk import Clock, Desk, tell
from services import tiers
from services.idempotency import KEPT
from services.problems import Refused

log = logging.getLogger("nexus")

BATCH = 500
QUEUE_PAST = timedelta(days=7)


async def expire_entitlements(desk: Desk) -> None:
    """Journal every subscription that has run out: a transaction each, so that none waits long."""
    last: UUID | None = None
    while True:
        async with desk.change() as work:
            found = await tiers.run_out(work, after=last, limit=BATCH)
        for student_id in found:
            try:
                async with desk.change() as work:
                    await tiers.expire(work, student_id)
            except Refused:
                continue  # the pupil has left meanwhile
            except DBAPIError as fault:
                if fault.connection_invalidated:
                    raise
                tell(f"expiry for student {student_id}", fault)  # one is no reason to keep the rest
        if len(found) < BATCH:
            return
        last = found[-1]


async def forget_answers(queue: asyncpg.Pool, clock: Clock) -> None:
    """Delete idempotency keys past their time, some at once."""
    kept_from = clock() - KEPT
    while (
        await queue.fetchval("SELECT nexus_app.forget_idempotency_keys($1, $2)", kept_from, BATCH)
        == BATCH
    ):
        continue


async def forget_queue(queue: asyncpg.Pool, clock: Clock) -> None:
    """Delete what the queue noted of jobs long ended."""
    await queue.execute(
        "DELETE FROM nexus_app.pgqueuer_log l WHERE created < $1"
        " AND NOT EXISTS (SELECT FROM nexus_app.pgqueuer q WHERE q.id = l.job_id)",
        clock() - QUEUE_PAST,
    )
