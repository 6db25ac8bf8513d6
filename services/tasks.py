"""Setting, doing and dropping pieces of work."""

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from models.task import Task, TaskAction
from models.vocabulary import EventKind, Role, TaskCategory, TaskSource, TaskStatus
from services import journal, library, students
from services.catalogue.programme import chapter
from services.keep import KEEP, Keep
from services.problems import ValidationError, refuse_if
from services.unit_of_work import Work

MAX_LABEL = 300
MAX_WEIGHT = 5.0

ACTIONS = {
    TaskStatus.DONE: TaskAction.COMPLETE,
    TaskStatus.SKIPPED: TaskAction.SKIP,
    TaskStatus.TODO: TaskAction.REOPEN,
}


def problems(
    *,
    label: str | Keep = KEEP,
    weight: float | Keep = KEEP,
    chapter_code: str | Keep | None = KEEP,
) -> Iterable[ValidationError]:
    """Everything that is wrong with the given parts of a task."""
    if label is not KEEP and not 1 <= len(label.strip()) <= MAX_LABEL:
        yield ValidationError(f"l’intitulé compte de 1 à {MAX_LABEL} caractères", ("label",))
    if weight is not KEEP and not (math.isfinite(weight) and 0 <= weight <= MAX_WEIGHT):
        yield ValidationError(f"le poids va de 0 à {MAX_WEIGHT:g}", ("weight",))
    if isinstance(chapter_code, str) and chapter(chapter_code) is None:
        yield ValidationError("ce chapitre n’est pas au programme", ("chapterCode",))


async def create(
    work: Work,
    *,
    student_id: UUID,
    label: str,
    category: TaskCategory = TaskCategory.AUTRE,
    due_at: datetime | None = None,
    weight: float = 1.0,
    chapter_code: str | None = None,
    resource_id: UUID | None = None,
) -> Task:
    """Set a piece of work. Its source says whether a person who teaches asked for it."""
    student = await students.hold(work, student_id)
    refuse_if(problems(label=label, weight=weight, chapter_code=chapter_code))
    if resource_id is not None:
        await library.visible(work, resource_id, "resourceId")
    taught = chapter(chapter_code) if chapter_code else None
    task = Task(
        student_id=student.id,
        label=label.strip(),
        category=category,
        due_at=due_at,
        weight=weight,
        status=TaskStatus.TODO,
        source=TaskSource.SYSTEM if work.viewer.role is Role.STUDENT else TaskSource.COACH,
        subject=taught.subject if taught else None,
        chapter_code=chapter_code,
        resource_id=resource_id,
        created_at=work.clock,
        closed_at=None,
    )
    work.db.add(task)
    await work.db.flush()
    await journal.record(
        work,
        student.id,
        EventKind.TASK_CREATED,
        task,
        after={"status": task.status.name, **_facts(task)},
    )
    return task


async def update(
    work: Work,
    *,
    id: UUID,
    expected_version: int | None = None,
    label: str | Keep = KEEP,
    category: TaskCategory | Keep = KEEP,
    due_at: datetime | Keep | None = KEEP,
    weight: float | Keep = KEEP,
    chapter_code: str | Keep | None = KEEP,
) -> Task:
    """Change a task; nothing is journaled where nothing changes.

    One that the agents' coach keeps is the person's from then on.
    """
    _, task = await students.hold_owner(work, Task, id, expected_version=expected_version)
    refuse_if(problems(label=label, weight=weight, chapter_code=chapter_code))
    before, text = _facts(task), task.label
    if label is not KEEP:
        task.label = label.strip()
    if category is not KEEP:
        task.category = category
    if due_at is not KEEP:
        task.due_at = due_at
    if weight is not KEEP:
        task.weight = weight
    if chapter_code is not KEEP:
        taught = chapter(chapter_code) if chapter_code else None
        task.chapter_code, task.subject = chapter_code, taught.subject if taught else None
    await work.db.flush()
    after = _facts(task)
    changed = sorted(name for name in after if after[name] != before[name])
    if changed or task.label != text:
        task.taken_over = task.motive is not None
        await work.db.flush()
        await journal.record(
            work,
            task.student_id,
            EventKind.TASK_UPDATED,
            task,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
            fields=[*changed, *(["label"] if task.label != text else [])],
        )
    return task


async def complete(work: Work, *, id: UUID) -> Task:
    """The work is done."""
    return await _move(work, TaskAction.COMPLETE, id)


async def skip(work: Work, *, id: UUID) -> Task:
    """The work will not be done."""
    return await _move(work, TaskAction.SKIP, id)


async def reopen(work: Work, *, id: UUID) -> Task:
    """The work is to be done after all."""
    return await _move(work, TaskAction.REOPEN, id)


async def _move(work: Work, action: TaskAction, id: UUID) -> Task:
    _, task = await students.hold_owner(work, Task, id)
    await move(work, action, task)
    return task


async def move(work: Work, action: TaskAction, task: Task) -> None:
    """Move a task, whose student is held, along its lifecycle."""
    task.closed_at = None if action.target is TaskStatus.TODO else work.clock
    await journal.apply(work, action, task)


async def delete(work: Work, *, id: UUID) -> UUID:
    """Take a task away; the journal remembers that it was there."""
    _, task = await students.hold_owner(work, Task, id)
    await journal.record(
        work,
        task.student_id,
        EventKind.TASK_DELETED,
        task,
        before={"status": task.status.name, **_facts(task)},
        **({"motive": task.motive} if task.motive else {}),
    )
    await work.db.delete(task)
    await work.db.flush()
    return id


def _facts(task: Task) -> dict[str, Any]:
    """What the journal may repeat of a task: everything but the words of its label."""
    return {
        "category": task.category.name,
        "dueAt": task.due_at.isoformat() if task.due_at else None,
        "weight": task.weight,
        "chapterCode": task.chapter_code,
        "resourceId": str(task.resource_id) if task.resource_id else None,
    }
