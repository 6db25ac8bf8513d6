"""Long work: asked for in the transaction of who asks, moved from its request to its end.

The job is a row of `jobs`, which clients see; what makes a worker take it up is a row of the queue,
written on the same connection. Both are committed, or neither is.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.db import AsyncpgDriver
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.queries import Queries
from pgqueuer.types import Channel
from sqlalchemy import func, text, update

from models.base import SCHEMA, uuid7
from models.job import ENDED, Job, JobMove
from models.vocabulary import JobKind, JobStatus
from services.problems import ConflictError, Refused
from services.unit_of_work import Work

# every name is given: pgqueuer reads the others from the environment, even from a bare `CHANNEL`
QUEUE = DBSettings(
    prefix="",
    db_schema=SCHEMA,
    channel=Channel("ch_pgqueuer"),
    function="fn_pgqueuer_changed",
    statistics_table="pgqueuer_statistics",
    queue_status_type="pgqueuer_status",
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    trigger="tg_pgqueuer_changed",
    schedules_table="pgqueuer_schedules",
    durability=Durability.durable,
    widen_id=True,
)
BUILDERS = {
    "qbe": QueryBuilderEnvironment(QUEUE),
    "qbq": QueryQueueBuilder(QUEUE),
    "qbs": QuerySchedulerBuilder(QUEUE),
}
ATTEMPTS = 3  # at putting a key into the queue, each time because its holder has just ended

WAITING = text(
    f"SELECT (headers ->> 'job')::uuid AS id FROM {SCHEMA}.pgqueuer"  # noqa: S608
    " WHERE dedupe_key = :key AND status IN ('queued', 'picked')"
)

UNDER_WAY = text(
    f"SELECT EXISTS (SELECT FROM {SCHEMA}.pgqueuer"  # noqa: S608
    " WHERE starts_with(dedupe_key, :keys) AND status IN ('queued', 'picked'))"
)


async def under_way(work: Work, keys: str) -> bool:
    """Whether a job whose key begins so waits or is being done."""
    return bool(await work.db.scalar(UNDER_WAY, {"keys": keys}))


async def enqueue(
    work: Work,
    kind: JobKind,
    *,
    student_id: UUID | None = None,
    given: Mapping[str, Any] | None = None,
    key: str | None = None,
) -> Job:
    """Ask for long work: it begins once the caller's transaction is committed, or never.

    The caller has found that the viewer may ask it of this student. `given` holds small facts for
    the handler: ids, dates; never a pupil's own words. While a job with the same `key` has not
    ended, that one is returned and nothing is asked for.
    """
    for _ in range(ATTEMPTS):
        job = Job(
            id=uuid7(),
            kind=kind,
            status=JobStatus.QUEUED,
            progress=0.0,
            student_id=student_id,
            requested_by=work.viewer.id,
            created_at=work.clock,
        )
        async with work.db.begin_nested() as part:
            work.db.add(job)
            await work.db.flush()  # the queue takes only what is about a job that one sees
            if await _put(work, job, given, key):
                work.jobs.append(job.id)
                return job
            await part.rollback()
        waiting = await work.db.scalar(WAITING, {"key": key})
        if waiting is not None and (held := await work.db.get(Job, waiting)) is not None:
            return held
    raise Refused(ConflictError("une demande identique est en cours, réessayez"))


async def _put(work: Work, job: Job, given: Mapping[str, Any] | None, key: str | None) -> bool:
    """Add to the queue; False where the key is there already."""
    raw = await (await work.db.connection()).get_raw_connection()
    queue = Queries(AsyncpgDriver(raw.driver_connection), **BUILDERS)  # type: ignore[arg-type]
    (taken,) = await queue.enqueue(
        job.kind.name,
        orjson.dumps(given or {}),
        dedupe_key=key,
        headers={"job": str(job.id)},
        on_conflict="skip",  # a refused duplicate would undo the caller's whole transaction
    )
    return taken is not None


async def move(work: Work, id: UUID, action: JobMove, *, message: str | None = None) -> Job | None:
    """Move a job; None where it is not in a state that the move starts from, or is no more.

    `message` is for who asked, in French: never an exception's text.
    """
    job: Job | None = await work.db.scalar(
        update(Job)
        .where(Job.id == id, Job.status.in_(action.sources))
        .values(
            status=action.target,
            message=message,
            progress=1.0 if action is JobMove.SUCCEED else Job.progress,
            finished_at=work.clock if action.target in ENDED else None,
        )
        .returning(Job)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    if job is not None:
        work.jobs.append(id)
    return job


async def advance(work: Work, id: UUID, progress: float, *, message: str | None = None) -> bool:
    """Tell how far a running job has come: between 0 and 1, and never back."""
    reached = min(1.0, max(0.0, progress))
    advanced = await work.db.scalar(
        update(Job)
        .where(Job.id == id, Job.status == JobStatus.RUNNING)
        .values(
            progress=func.greatest(Job.progress, reached),
            message=Job.message if message is None else message,
        )
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )
    if advanced is None:
        return False
    work.jobs.append(id)
    return True
