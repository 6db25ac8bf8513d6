"""What a pupil masters: one row a measured competence, one point a day and subject."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from models.base import Entity
from models.curriculum import Subject
from models.student import owner


class Progress(Entity):
    """Mastery (0..1) of one competence of one chapter, and how many measures it rests on."""

    __tablename__ = "progress"
    __table_args__ = (
        CheckConstraint("score BETWEEN 0 AND 1", name="score_range"),
        CheckConstraint("last_shown BETWEEN 0 AND 1", name="last_shown_range"),
        CheckConstraint("evidence_count >= 0", name="evidence_count_not_negative"),
        UniqueConstraint("student_id", "chapter_code", "competence_code"),
        Index(None, "student_id", "subject", "updated_at"),
        Index("ix_progress_mastery", "student_id", "subject", postgresql_include=["score"]),
    )

    student_id: Mapped[UUID] = owner()
    subject: Mapped[Subject]
    chapter_code: Mapped[str]
    competence_code: Mapped[str]
    score: Mapped[float]
    evidence_count: Mapped[int]
    last_shown: Mapped[float | None]
    """What the last measure showed (0..1); None where it was measured before that was kept."""
    updated_at: Mapped[datetime]


class ProgressPoint(Entity):
    """Mastery (0..1) of a subject at the end of a civil day."""

    __tablename__ = "progress_points"
    __table_args__ = (
        CheckConstraint("score BETWEEN 0 AND 1", name="score_range"),
        UniqueConstraint("student_id", "subject", "day"),
    )

    student_id: Mapped[UUID] = owner()
    subject: Mapped[Subject]
    day: Mapped[date]
    score: Mapped[float]
