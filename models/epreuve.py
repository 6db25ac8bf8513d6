"""One line of a pupil's exam plan."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from models.base import Entity
from models.curriculum import EpreuveKind, Subject
from models.student import owner
from models.vocabulary import EpreuveSource


class Epreuve(Entity):
    """`weight` is the coefficient; `provisional` says that no official text dates it yet.

    It takes place between `window_start` and `window_end`. `mark_20` is what is known of its
    mark, as a person recorded it.
    """

    __tablename__ = "epreuves_plan"
    __table_args__ = (
        CheckConstraint("weight BETWEEN 0 AND 100", name="weight_range"),
        CheckConstraint("duration_min > 0", name="duration_min_positive"),
        CheckConstraint("mark_20 BETWEEN 0 AND 20", name="mark_20_range"),
        CheckConstraint("window_end >= window_start", name="window_forwards"),
        UniqueConstraint("student_id", "code"),
        Index(
            "ix_epreuves_plan_weights",
            "student_id",
            "scheduled_at",
            postgresql_include=["subject", "weight", "kind"],
        ),
    )

    student_id: Mapped[UUID] = owner()
    code: Mapped[str]
    label: Mapped[str]
    subject: Mapped[Subject | None]
    kind: Mapped[EpreuveKind]
    weight: Mapped[float]
    scheduled_at: Mapped[date | None]
    provisional: Mapped[bool]
    window_start: Mapped[date | None]
    window_end: Mapped[date | None]
    format: Mapped[str]
    duration_min: Mapped[int | None]
    source: Mapped[EpreuveSource]
    reference: Mapped[str | None]
    mark_20: Mapped[float | None]
    created_at: Mapped[datetime]
