"""What comes next for each student: sessions, dated épreuves, due tasks, the tasks that matter."""

from typing import Any
from uuid import UUID

from aiodataloader import DataLoader
from sqlalchemy import ColumnElement, Date, Double, case, cast, func, literal_column

from loaders.columns import (
    DAY_SECONDS,
    PRIORITY_READS,
    instant,
    label,
    priority_moved_by,
    task_priority,
)
from loaders.keyset import Drift, Key, Order
from loaders.pages import Pages, Relation
from loaders.rows import Row
from loaders.stated import TOMORROW, Stated, midnight
from models.epreuve import Epreuve
from models.priority import growth_by_due, growth_by_exam
from models.student import Student
from models.study_session import StudySession
from models.task import Task
from models.vocabulary import SessionStatus, TaskStatus

CLOCK = instant("clock")
OPEN = Task.status == label(TaskStatus.TODO)

COMING_SESSIONS = Relation(
    "coming sessions",
    StudySession,
    StudySession.student_id,
    where=(
        StudySession.status != label(SessionStatus.ANNULE),
        StudySession.slot_start >= CLOCK,
    ),
)
# an épreuve has a day and no hour: it is still to come all through its day where the pupil lives
COMING_EPREUVES = Relation(
    "coming épreuves",
    Epreuve,
    Epreuve.student_id,
    where=(
        Student.id == Epreuve.student_id,
        Epreuve.scheduled_at >= cast(func.timezone(Student.time_zone, CLOCK), Date),
    ),
)
DUE_TASKS = Relation("due tasks", Task, Task.student_id, where=(OPEN, Task.due_at >= CLOCK))
OPEN_TASKS = Relation("open tasks", Task, Task.student_id, where=(OPEN,))

BY_SLOT = Order("slot_start", (Key(StudySession.slot_start), Key(StudySession.id)))
BY_DAY = Order("scheduled_at", (Key(Epreuve.scheduled_at), Key(Epreuve.id)))
PLAN_ORDER = (Epreuve.scheduled_at.nulls_last(), Epreuve.code)
BY_DUE = Order("due_at", (Key(Task.due_at), Key(Task.id)))


def _priority_growth(_weight: Any, due: Any, _mastery: Any, exam: Any) -> ColumnElement[float]:
    """Of a task that `priority_moved_by` says this of: what is overdue is as urgent as can be."""
    now = instant("sorted_at")

    def after_a_day(moment: Any) -> Any:
        left = cast(func.extract("epoch", moment), Double) - cast(
            func.extract("epoch", now), Double
        )
        days = func.coalesce(left / DAY_SECONDS, literal_column("'Infinity'::float8"))
        return func.greatest(days - 1.0, 0.0)

    urging = case((due > now, growth_by_due(after_a_day(due))), else_=literal_column("0.0::float8"))
    found: ColumnElement[float] = urging + growth_by_exam(after_a_day(exam))
    return found


BY_PRIORITY = Order(
    "priority",
    (Key(task_priority(), descending=True), Key(Task.id)),
    clocked=True,
    drift=Drift(PRIORITY_READS, priority_moved_by, _priority_growth),
)


def next_sessions(pages: Pages, size: int) -> DataLoader[UUID, list[Row]]:
    """Sessions that are not cancelled and have not begun."""
    return pages.first(COMING_SESSIONS, BY_SLOT, size)


def next_epreuves(pages: Pages, size: int) -> DataLoader[UUID, list[Row]]:
    """Dated épreuves, from today on."""
    return pages.first(COMING_EPREUVES, BY_DAY, size)


def next_tasks(pages: Pages, size: int) -> DataLoader[UUID, list[Row]]:
    """Open tasks that are not due yet."""
    return pages.first(DUE_TASKS, BY_DUE, size)


def first_open(pages: Pages, size: int) -> DataLoader[UUID, list[Row]]:
    """Open tasks, highest priority first."""
    return pages.first(OPEN_TASKS, BY_PRIORITY, size)


# an épreuve of today has begun, and is shown until its day is over; all else until it begins
LEAVES = f"""
    CASE WHEN kind = 'Épreuve' AND at <= :clock THEN {midnight(TOMORROW, ":time_zone")} ELSE at END
"""
# `services.dashboard.upcoming` over the three lists; what an épreuve says of its day is costly
UPCOMING = Stated(
    f"""
    SELECT id, at, kind, title FROM (
      SELECT id, slot_start AS at, title,
             CASE kind WHEN 'Stage' THEN 'Présentiel' ELSE kind::text END AS kind
      FROM sessions
      WHERE student_id = :id AND status <> 'Annulé' AND slot_start >= :clock
      UNION ALL
      (SELECT id, {midnight("scheduled_at", ":time_zone")},
              CASE WHEN provisional THEN label || ' (date estimée)' ELSE label END, 'Épreuve'
       FROM epreuves_plan
       WHERE student_id = :id AND scheduled_at >= (:clock AT TIME ZONE :time_zone)::date
       ORDER BY scheduled_at, id LIMIT :first)
      UNION ALL
      SELECT id, due_at, label, 'Rappel' FROM tasks
      WHERE student_id = :id AND status = 'Todo' AND due_at >= :clock
    ) things ORDER BY at, id LIMIT :first
    """,  # noqa: S608  made of our own words
    until={"id": LEAVES},
)
