"""A task is one piece of work to do, and its lifecycle."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import SCHEMA, Entity
from models.curriculum import Subject
from models.lifecycle import Action, move
from models.student import owner
from models.vocabulary import EventKind, TaskCategory, TaskSource, TaskStatus

S = TaskStatus


class TaskAction(Action):
    COMPLETE = move(S.TODO, to=S.DONE, event=EventKind.TASK_COMPLETED)
    SKIP = move(S.TODO, to=S.SKIPPED, event=EventKind.TASK_SKIPPED)
    REOPEN = move(S.DONE, S.SKIPPED, to=S.TODO, event=EventKind.TASK_REOPENED)


class Task(Entity):
    """`subject` is the chapter's, kept beside it so that the list can be sorted in SQL; without a
    chapter, that of the épreuve that the agents' coach set it for.

    Of a task that the agents' coach keeps: `motive` names what it is for, the same as long as the
    need is (`revision/MATHS-T-SUITES`), `reason` says in French why it is set, `taken_over` that a
    person changed it since, so that the coach leaves it alone. `wording` keeps the coach's own
    `label` and `reason` of a task that a language model was asked to word.

    `chapter_mastery` and `exam_on` are kept by PostgreSQL, as the figures of a student are: the
    mean over what was measured of the chapter, and the first day of all épreuves of the subject.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint("char_length(label) BETWEEN 1 AND 300", name="label_length"),
        CheckConstraint("weight BETWEEN 0 AND 5", name="weight_range"),
        CheckConstraint("(status = 'Todo') = (closed_at IS NULL)", name="closed_when_not_open"),
        Index(None, "student_id", "status", "due_at"),
        Index(
            "ix_tasks_open",
            "student_id",
            text("weight DESC"),
            "due_at",
            postgresql_where=text("status = 'Todo'"),
            postgresql_include=["id", "label", "subject", "chapter_mastery", "exam_on"],
        ),
        CheckConstraint("char_length(reason) BETWEEN 1 AND 1000", name="reason_length"),
        Index(None, "resource_id", postgresql_where=text("resource_id IS NOT NULL")),
    )

    student_id: Mapped[UUID] = owner()
    label: Mapped[str]
    category: Mapped[TaskCategory]
    due_at: Mapped[datetime | None]
    weight: Mapped[float]
    status: Mapped[TaskStatus]
    source: Mapped[TaskSource]
    subject: Mapped[Subject | None]
    chapter_code: Mapped[str | None]
    resource_id: Mapped[UUID | None] = mapped_column(
        ForeignKey(f"{SCHEMA}.resources.id", ondelete="SET NULL")
    )
    motive: Mapped[str | None]
    reason: Mapped[str | None]
    wording: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    taken_over: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    chapter_mastery: Mapped[float | None]
    exam_on: Mapped[date | None]
