"""A pupil's list of tasks brought in step with what the coach would set."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Text, bindparam, delete, insert, literal, update

from models.base import uuid7
from models.student import Student
from models.task import Task
from models.vocabulary import Agent, EventKind, TaskSource, TaskStatus
from services import journal
from services.coach.assignment import Assigned, Assignments, coach
from services.coach.load import monday, weekly_minutes
from services.coach.state import CoachState, KnownTask
from services.coach.words import counted, day_of, duration
from services.coaching_state import states
from services.dashboard import civil_day
from services.journal import Entry
from services.unit_of_work import Work

DUE = time(18)
"""The hour of a pupil's day at which a task is due."""

NAMED = 3
"""So many of the tasks taken away are named, each with why."""

_TABLE: Any = Task.__table__
CHANGE = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("task_id"))
    .values(
        weight=bindparam("new_weight"),
        due_at=bindparam("new_due"),
        reason=bindparam("new_reason"),
        wording=_TABLE.c.wording.op("-")(literal("reason", Text)),  # it may be worded anew
    )
)


@dataclass(frozen=True, slots=True)
class Advice:
    """How many tasks were set, changed and taken away, and why: in French, with its numbers."""

    created: int
    updated: int
    withdrawn: int
    reason: str

    @property
    def changed(self) -> bool:
        return bool(self.created or self.updated or self.withdrawn)


async def advise(work: Work, student: Student) -> Advice:
    """Bring one pupil's tasks in step. The caller holds the student's row.

    Run again it changes nothing and journals nothing.
    """
    return (await advise_all(work, [student]))[student.id]


async def advise_all(work: Work, students: Sequence[Student]) -> dict[UUID, Advice]:
    """The same for many pupils, in as many statements as for one. Their rows are held."""
    known = await states(work, students)
    found: dict[UUID, Assignments] = {}
    advice: dict[UUID, Advice] = {}
    for student in students:
        today = civil_day(work.clock, student.time_zone)
        state = known[student.id]
        found[student.id] = one = coach(state, today)
        advice[student.id] = Advice(
            created=len(one.created),
            updated=len(one.changed),
            withdrawn=len(one.withdrawn),
            reason=told(state, one, today),
        )
    await _write(work, students, found)
    return advice


async def _write(work: Work, students: Sequence[Student], found: dict[UUID, Assignments]) -> None:
    new: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    gone: list[UUID] = []
    entries: list[Entry] = []
    for student in students:
        zone = ZoneInfo(student.time_zone)
        for old in found[student.id].withdrawn:
            gone.append(old.task.id)
            was, why = _was(old.task, zone), old.reason
            entries.append(
                _entry(student, EventKind.TASK_DELETED, old.task.id, before=was, reason=why)
            )
        for one in found[student.id].created:
            row = _row(work, student, one, zone)
            new.append(row)
            after = {"status": TaskStatus.TODO.name, **_facts(one, zone)}
            entries.append(_entry(student, EventKind.TASK_CREATED, row["id"], after=after))
        for one in found[student.id].changed:
            if one.task is None:
                continue
            changes.append(
                {
                    "task_id": one.task.id,
                    "new_weight": one.weight,
                    "new_due": _moment(one.due_on, zone),
                    "new_reason": one.reason,
                }
            )
            entries.append(_update(student, one, one.task, zone))
    if gone:
        await work.db.execute(
            delete(Task).where(Task.id.in_(gone)).execution_options(synchronize_session=False)
        )
    if new:
        await work.db.execute(insert(_TABLE), new)
    if changes:
        await work.db.execute(CHANGE, changes)
    await journal.record_by(work, Agent.COACH, entries)


def _row(work: Work, student: Student, one: Assigned, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "student_id": student.id,
        "label": one.label,
        "category": one.category,
        "due_at": _moment(one.due_on, zone),
        "weight": one.weight,
        "status": TaskStatus.TODO,
        "source": TaskSource.AGENT,
        "subject": one.subject,
        "chapter_code": one.chapter_code,
        "motive": one.motive,
        "reason": one.reason,
        "taken_over": False,
        "created_at": work.clock,
    }


def _update(student: Student, one: Assigned, task: KnownTask, zone: ZoneInfo) -> Entry:
    before, after = _was(task, zone), _facts(one, zone)
    changed = sorted(name for name in after if after[name] != before[name])
    return _entry(
        student,
        EventKind.TASK_UPDATED,
        task.id,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
        fields=[*changed, *(["reason"] if task.reason != one.reason else [])],
    )


def _entry(student: Student, kind: EventKind, id: UUID, **payload: Any) -> Entry:
    return Entry(student.id, kind, Task.__tablename__, id, payload)


def _facts(one: Assigned, zone: ZoneInfo) -> dict[str, Any]:
    """What the journal may repeat of a task, as `services/tasks.py` says it."""
    return {
        "category": one.category.name,
        "dueAt": _moment(one.due_on, zone).isoformat(),
        "weight": one.weight,
        "chapterCode": one.chapter_code,
        "motive": one.motive,
    }


def _was(task: KnownTask, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "category": task.category.name,
        "dueAt": _moment(task.due_on, zone).isoformat() if task.due_on else None,
        "weight": task.weight,
        "chapterCode": task.chapter_code,
        "motive": task.motive,
    }


def _moment(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, DUE, zone).astimezone(UTC)


def told(state: CoachState, found: Assignments, today: date) -> str:
    """What was decided, as a human coach checks it."""
    texts = []
    for word, some in (
        ("ajoutée", found.created),
        ("modifiée", found.changed),
        ("retirée", found.withdrawn),
    ):
        if some:
            plural = "s" if len(some) > 1 else ""
            texts.append(f"{counted(len(some), 'tâche')} {word}{plural}")
    weeks = [monday(today), monday(today).fromordinal(monday(today).toordinal() + 7)]
    loads = " ; ".join(
        f"semaine du {day_of(week)} : {duration(found.minutes.get(week, 0))}"
        f" sur {duration(weekly_minutes(state, week))}"
        for week in weeks
    )
    text = f"{', '.join(texts) or 'Aucun changement'}. Charge prévue, {loads}."
    if found.withdrawn:
        gone = [f"« {one.task.label} » ({one.reason})" for one in found.withdrawn]
        rest = f" ; et {len(gone) - NAMED} de plus" if len(gone) > NAMED else ""
        text += f" À retirer : {' ; '.join(gone[:NAMED])}{rest}."
    if found.crowded:
        text += f" Faute de place avant l’échéance : {' ; '.join(found.crowded)}."
    if found.stuck:
        text += (
            f" Passé deux fois sous chaque forme, à reprendre de vive voix :"
            f" {' ; '.join(found.stuck)}."
        )
    return text
