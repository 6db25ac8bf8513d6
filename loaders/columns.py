"""What is read of a table: its columns, and what PostgreSQL computes beside them."""

from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Date, bindparam, case, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import TIMESTAMP

from models.base import LABELS, SCHEMA, Entity
from models.epreuve import Epreuve
from models.priority import UNKNOWN_MASTERY, priority
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


def _next_exam() -> ColumnElement[Any]:
    """The next one in a task's subject, as an instant: the first of all, or a later one."""
    today = cast(instant("sorted_at"), Date)
    later = (
        select(Epreuve.scheduled_at)
        .where(
            Epreuve.student_id == Task.student_id,
            Epreuve.subject == Task.subject,
            Epreuve.scheduled_at >= today,
        )
        .order_by(Epreuve.scheduled_at)
        .limit(literal_column("1"))
        .scalar_subquery()
    )
    return cast(case((Task.exam_on < today, later), else_=Task.exam_on), INSTANT)


def task_priority() -> ColumnElement[Any]:
    """`models.priority.priority` of a task at the instant `sorted_at`."""
    found: ColumnElement[Any] = priority(
        weight=Task.weight,
        days_to_due=_days_until(Task.due_at),
        mastery=func.coalesce(Task.chapter_mastery, UNKNOWN_MASTERY),
        days_to_exam=_days_until(_next_exam()),
    )
    return found


PRIORITY_READS = (Task.weight, Task.due_at, Task.chapter_mastery, _next_exam())


def priority_moved_by(
    weight: Any, due_at: Any, mastery: Any, exam: Any
) -> tuple[ColumnElement[Any], ...]:
    """What `task_priority` is made of: tasks that have all of it in common keep in step.

    Given `PRIORITY_READS` of a task. What is overdue is as urgent as can be.
    """
    due = func.greatest(
        func.coalesce(due_at, literal_column("'infinity'::timestamptz")), instant("sorted_at")
    )
    return (weight, due, func.coalesce(mastery, UNKNOWN_MASTERY), exam)


COMPUTED: dict[type[Entity], dict[str, ColumnElement[Any]]] = {Task: {"priority": task_priority()}}


def columns_of(model: type[Entity]) -> list[ColumnElement[Any]]:
    """Everything a row of the table carries."""
    computed = COMPUTED.get(model, {})
    return [*model.__table__.columns, *(value.label(name) for name, value in computed.items())]
