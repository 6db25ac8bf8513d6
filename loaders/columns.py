"""What is read of a table: its columns, and what PostgreSQL computes beside them."""

from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, bindparam, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import TIMESTAMP, aggregate_order_by

from models.base import LABELS, SCHEMA, Entity
from models.epreuve import Epreuve
from models.priority import UNKNOWN_MASTERY, priority
from models.progress import Progress
from models.task import Task

INSTANT = TIMESTAMP(timezone=True)
DAY_SECONDS = 86400.0


def label(member: StrEnum) -> ColumnElement[Any]:
    """An enum member as a literal: a parameter would hide partial indexes from the planner."""
    kind = LABELS[type(member)]
    return literal_column(f"'{member.value}'::{SCHEMA}.{kind.name}", kind)


def instant(name: str) -> Any:
    """A moment given when the statement runs."""
    return bindparam(name, type_=INSTANT)


def _days_until(moment: Any) -> Any:
    """Days from `sorted_at` to a moment: 0 when past, infinity when there is none."""
    seconds = cast(func.extract("epoch", moment - instant("sorted_at")), Task.weight.type)
    left = func.coalesce(seconds / DAY_SECONDS, literal_column("'Infinity'::float8"))
    return func.greatest(left, 0.0)


def _mastery(student_id: Any, chapter_code: Any) -> ColumnElement[Any]:
    # in a fixed order, for the last bit of a sum depends on it, and a cursor compares all bits
    known = (
        select(func.avg(aggregate_order_by(Progress.score, Progress.competence_code)))
        .where(Progress.student_id == student_id, Progress.chapter_code == chapter_code)
        .scalar_subquery()
    )
    return func.coalesce(known, UNKNOWN_MASTERY)


def _exam(student_id: Any, subject: Any) -> ColumnElement[Any]:
    """The next one in a subject, as an instant."""
    return (
        select(cast(func.min(Epreuve.scheduled_at), INSTANT))
        .where(
            Epreuve.student_id == student_id,
            Epreuve.subject == subject,
            Epreuve.scheduled_at >= cast(instant("sorted_at"), Epreuve.scheduled_at.type),
        )
        .scalar_subquery()
    )


def task_priority() -> ColumnElement[Any]:
    """`models.priority.priority` of a task at the instant `sorted_at`."""
    found: ColumnElement[Any] = priority(
        weight=Task.weight,
        days_to_due=_days_until(Task.due_at),
        mastery=_mastery(Task.student_id, Task.chapter_code),
        days_to_exam=_days_until(_exam(Task.student_id, Task.subject)),
    )
    return found


PRIORITY_READS = (Task.student_id, Task.weight, Task.due_at, Task.chapter_code, Task.subject)


def priority_moved_by(
    student_id: Any, weight: Any, due_at: Any, chapter_code: Any, subject: Any
) -> tuple[ColumnElement[Any], ...]:
    """What `task_priority` is made of: tasks that have all of it in common keep in step.

    Given the columns `PRIORITY_READS` of a task. What is overdue is as urgent as can be.
    """
    due = func.greatest(
        func.coalesce(due_at, literal_column("'infinity'::timestamptz")), instant("sorted_at")
    )
    return (weight, due, _mastery(student_id, chapter_code), _exam(student_id, subject))


COMPUTED: dict[type[Entity], dict[str, ColumnElement[Any]]] = {Task: {"priority": task_priority()}}


def columns_of(model: type[Entity]) -> list[ColumnElement[Any]]:
    """Everything a row of the table carries."""
    computed = COMPUTED.get(model, {})
    return [*model.__table__.columns, *(value.label(name) for name, value in computed.items())]
