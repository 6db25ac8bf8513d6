"""A job's turn: taken from the queue, carried out, and ended, tried again or given back."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from pgqueuer.errors import RetryRequested
from pgqueuer.models import Job as Queued

from jobs.desk import Desk, tell
from jobs.pace import CutOff, Pace, Shift
from jobs.registry import Handler, Overtaken, Running
from models.job import ENDED, Job, JobMove
from models.vocabulary import JobKind
from services import jobs
from services.problems import Refused

TRIES = 4
DEATHS = 5  # of workers, during one job: what kills them each time must not do so for ever

UNAVAILABLE = "Ce traitement n’est pas encore disponible"
FAILED = "Le traitement a échoué : vous pouvez le redemander plus tard"

# why a job is put back, as the queue notes it: words of ours alone
FAILURE, GIVEN_BACK, BROKEN_OFF = "failed", "given back", "broken off"

# a turn is noted where it begins, and where it puts the job back; only the dead note no end
PAST = f"""
    SELECT count(*) FILTER (WHERE status = 'picked') - count(*) FILTER (WHERE status = 'queued')
             AS deaths,
           count(*) FILTER (WHERE traceback ->> 'exception_message' = '{FAILURE}') AS failures
    FROM nexus_app.pgqueuer_log WHERE job_id = $1
"""  # noqa: S608


class Hopeless(Exception):
    """Another turn would not help. The message is for who asked."""


class Turns:
    """What the queue calls for each job it hands out."""

    def __init__(
        self,
        desk: Desk,
        queue: asyncpg.Pool,
        handlers: Mapping[JobKind, Handler],
        shift: Shift,
        pace: Pace,
    ) -> None:
        self._desk = desk
        self._queue = queue
        self._handlers = handlers
        self._shift = shift
        self._pace = pace

    async def take(self, queued: Queued) -> None:
        """Returns where the job has ended; raises RetryRequested to see it again."""
        id = UUID(str((queued.headers or {})["job"]))
        try:
            again = await self._shift.finish(self._carry_out(id, queued))
        except CutOff:
            again = await self._give_back(id)
        except Exception as fault:  # not the job's own: PostgreSQL, most likely
            tell(f"job {id} broke off", fault)
            again = RetryRequested(timedelta(seconds=self._pace.broken_off), BROKEN_OFF)
        if again is not None:
            raise again

    async def _carry_out(self, id: UUID, queued: Queued) -> RetryRequested | None:
        """None where the job has ended, or when its next turn is."""
        async with self._desk.change() as work:
            job = await jobs.move(work, id, JobMove.BEGIN)
        if job is None:
            return None  # ended by a worker that could not say so, or gone with its pupil
        past = await self._queue.fetchrow(PAST, queued.id)
        action, message = JobMove.SUCCEED, None
        try:
            if past["deaths"] > DEATHS:
                raise Hopeless(FAILED)
            await self._handle(job, queued)
        except Overtaken:
            return None
        except Hopeless as hopeless:
            action, message = JobMove.FAIL, str(hopeless)
        except Refused as refused:
            action, message = JobMove.FAIL, refused.problems[0].message
        except Exception as fault:
            tell(f"job {id} ({job.kind.name}), attempt {past['failures'] + 1}", fault)
            again = past["failures"] + 1 < TRIES
            action, message = (JobMove.RETRY, None) if again else (JobMove.FAIL, FAILED)
        async with self._desk.change() as work:
            await jobs.move(work, id, action, message=message)
        if action is not JobMove.RETRY:
            return None
        seconds = self._pace.first_retry * 4 ** past["failures"]
        return RetryRequested(timedelta(seconds=seconds), FAILURE)

    async def _handle(self, job: Job, queued: Queued) -> None:
        handler = self._handlers.get(job.kind)
        if handler is None:
            raise Hopeless(UNAVAILABLE)
        given: dict[str, Any] = orjson.loads(queued.payload or b"{}")
        running = Running(job.id, job.kind, job.student_id, job.requested_by, given, self._desk)
        async with asyncio.timeout(self._pace.longest_job):
            await handler(running)

    async def _give_back(self, id: UUID) -> RetryRequested | None:
        """Put a job that was cut off back for whoever comes next, unless it ended just before."""
        async with self._desk.change() as work:
            await jobs.move(work, id, JobMove.RETRY)
            job = await work.db.get(Job, id)
        if job is None or job.status in ENDED:
            return None
        return RetryRequested(timedelta(0), GIVEN_BACK)
