"""Many operations on tasks in one request: each is kept or refused on its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import or_, select

from models.student import Student
from models.task import Task
from models.vocabulary import TaskCategory, TaskStatus
from services import journal, tasks
from services.access import visible_students
from services.bulk import BulkOutcome, BulkTaskResult, counted, outcome_of
from services.keep import KEEP, Keep
from services.problems import Refused
from services.unit_of_work import Work


@dataclass(frozen=True, slots=True)
class BulkTaskCreate:
    """A task to set, as `tasks.create` takes it."""

    student_id: UUID
    label: str
    category: TaskCategory = TaskCategory.AUTRE
    due_at: datetime | None = None
    weight: float = 1.0
    chapter_code: str | None = None
    resource_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class BulkTaskUpdate:
    """A task to change, as `tasks.update` takes it, and the state to move it to."""

    id: UUID
    label: str | Keep = KEEP
    category: TaskCategory | Keep = KEEP
    due_at: datetime | Keep | None = KEEP
    weight: float | Keep = KEEP
    chapter_code: str | Keep | None = KEEP
    status: TaskStatus | Keep = KEEP


@dataclass(frozen=True, slots=True)
class BulkTaskDelete:
    """A task to take away."""

    id: UUID


@dataclass(frozen=True, slots=True)
class BulkTaskOperation:
    """Exactly one of the three."""

    one_of: ClassVar[bool] = True
    create: BulkTaskCreate | None = None
    update: BulkTaskUpdate | None = None
    delete: BulkTaskDelete | None = None


async def run(work: Work, *, operations: list[BulkTaskOperation | Refused]) -> list[BulkTaskResult]:
    """Many operations, one transaction, a SAVEPOINT each: one refused operation undoes nothing but
    itself.

    Results come in the order of the operations, up to 200; an update may move the task through its
    lifecycle, and the state it is in already is no move. The path of an error begins with
    `operations` and the operation's index. A malformed operation is INVALID, the others are done.
    """
    counted(operations, "operations")
    await _lock_students(work, [each for each in operations if not isinstance(each, Refused)])
    return [await _result(work, index, each) for index, each in enumerate(operations)]


async def _lock_students(work: Work, operations: Sequence[BulkTaskOperation]) -> None:
    """Take hold of every pupil concerned before the first change: no two requests wait in a ring.

    A task never changes hands, so whose it is can be asked before anything is locked.
    """
    named = [each.create.student_id for each in operations if each.create]
    touched = [task.id for each in operations if (task := each.update or each.delete)]
    owners = select(Task.student_id).where(Task.id.in_(touched))
    concerned = await work.db.scalars(
        select(Student.id).where(
            or_(Student.id.in_(named), Student.id.in_(owners)), visible_students(work.viewer.role)
        ),
        {"viewer": work.viewer.id},
    )
    await journal.lock(work, concerned)


async def _result(work: Work, index: int, operation: BulkTaskOperation | Refused) -> BulkTaskResult:
    if isinstance(operation, Refused):  # its paths are whole: it was read with the input
        return BulkTaskResult(index, BulkOutcome.INVALID, error=operation.problems[0])
    try:
        async with work.attempt():
            return await _done(work, index, operation)
    except Refused as refused:
        error = refused.under("operations", str(index)).problems[0]
        outcome = outcome_of(refused)
        task = operation.update or operation.delete
        found = task.id if task and outcome is not BulkOutcome.NOT_FOUND else None
        return BulkTaskResult(index, outcome, found, error)


async def _done(work: Work, index: int, operation: BulkTaskOperation) -> BulkTaskResult:
    if new := operation.create:
        task = await tasks.create(
            work,
            student_id=new.student_id,
            label=new.label,
            category=new.category,
            due_at=new.due_at,
            weight=new.weight,
            chapter_code=new.chapter_code,
            resource_id=new.resource_id,
        )
        return BulkTaskResult(index, BulkOutcome.CREATED, task.id, row=task)
    if given := operation.update:
        task = await tasks.update(
            work,
            id=given.id,
            label=given.label,
            category=given.category,
            due_at=given.due_at,
            weight=given.weight,
            chapter_code=given.chapter_code,
        )
        if given.status is not KEEP and given.status is not task.status:
            await tasks.move(work, tasks.ACTIONS[given.status], task)
        return BulkTaskResult(index, BulkOutcome.UPDATED, task.id, row=task)
    if gone := operation.delete:
        return BulkTaskResult(index, BulkOutcome.DELETED, await tasks.delete(work, id=gone.id))
    raise LookupError("an operation is exactly one of the three")
