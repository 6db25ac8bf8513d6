"""What is pushed: a student's journal as it grows, a cohort's, a job's progress."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from graphql import GraphQLError

from loaders.by_column import Loaders
from loaders.rows import Reader, Row
from loaders.visible import visible
from models.job import Job
from models.student import Student
from models.vocabulary import EventKind, JobStatus
from resolvers.context import Context, Info
from resolvers.inputs import refused
from services.access import visible_jobs, visible_students
from subscriptions.follow import Entry, Person, Unseen

ENDED = {JobStatus.SUCCEEDED, JobStatus.FAILED}


@dataclass(frozen=True, slots=True)
class Update:
    """An entry of a journal; the student below it is read when it is shown."""

    event: Entry


async def student(root: Update, info: Info) -> Row | None:
    """The student as of this event: select `dashboard { … }` for a live summary."""
    return await info.context.loaders.one(Student.id).load(root.event.student_id)


async def dashboard_updates(
    info: Info,
    student_id: UUID,
    after_seq: int | None = None,
    kinds: list[EventKind] | None = None,
) -> AsyncIterator[Update]:
    """Everything that happens to a student, in journal order.

    With `afterSeq` it first replays the journal from there, then goes live without a gap and
    without a repeat; without it, it starts now. A client that lost its connection comes back with
    the last `seq` it saw.
    """
    context = info.context
    row = await visible(context.loaders, Student.id, visible_students).load(student_id)
    if row is None:
        raise _unseen()
    if context.resume is not None:
        after_seq = context.resume
    after = row.version if after_seq is None else after_seq
    if not 0 <= after <= row.version:
        raise refused(f"`afterSeq` must be between 0 and {row.version}, where the journal ends")
    context.begins = after
    entries = context.followers.student(
        _person(context), student_id, version=row.version, after=after, kinds=_chosen(kinds)
    )
    return _updates(entries)


async def cohort_updates(info: Info, kinds: list[EventKind] | None = None) -> AsyncIterator[Update]:
    """The same for everyone the caller may see (a coach's wall): starts now."""
    context = info.context
    person = _person(context)
    now = await context.followers.whom(person)
    return _updates(context.followers.cohort(person, now, kinds=_chosen(kinds)))


async def job_updates(info: Info, id: UUID) -> AsyncIterator[Row]:
    """Progress of long work, from its state now to its end; then completes."""
    context = info.context
    if await _job(context, id) is None:
        raise _unseen()
    return _progress(context, id)


async def _updates(entries: AsyncGenerator[Entry]) -> AsyncIterator[Update]:
    try:
        async with aclosing(entries):
            async for entry in entries:
                yield Update(entry)
    except Unseen:
        raise _unseen() from None


async def _progress(context: Context, id: UUID) -> AsyncIterator[Row]:
    shown = None
    async with aclosing(context.followers.job(id)) as rings:
        async for _ in rings:
            job = await _job(context, id)
            if job is None:
                raise _unseen()
            if shown is None or tuple(job) != tuple(shown):
                yield job
            if job.status in ENDED:
                return
            shown = job


async def _job(context: Context, id: UUID) -> Row | None:
    """The job as it is now, if the caller may see it now."""
    viewer = context.viewer
    reader = Reader(context.pool, viewer=viewer.id, role=viewer.role, clock=context.clock)
    return await visible(Loaders(reader), Job.id, visible_jobs).load(id)


def _person(context: Context) -> Person:
    return Person(context.viewer.role, context.viewer.id)


def _chosen(kinds: list[EventKind] | None) -> frozenset[EventKind] | None:
    return None if kinds is None else frozenset(kinds)


def _unseen() -> GraphQLError:
    """One answer for what is not there, what is another's, and what one sees no more."""
    return GraphQLError("there is no such id", extensions={"code": "NOT_FOUND"})
