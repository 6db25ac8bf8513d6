"""An evaluation: a paper, its items, the copies handed in, the marks."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from models.base import SCHEMA, Entity
from models.curriculum import Subject, Track
from models.lifecycle import Action, move
from models.student import owner
from models.vocabulary import AnswerFormat, EvaluationStatus, EventKind, TextSource

S = EvaluationStatus


class EvaluationAction(Action):
    SUBMIT = move(S.PROPOSE, to=S.SOUMIS, event=EventKind.EVALUATION_SUBMITTED)
    GRADE = move(S.SOUMIS, to=S.CORRIGE, event=EventKind.EVALUATION_GRADED)


class Evaluation(Entity):
    """`feedback` holds the grader's words and marks, in the shape of `EvaluationFeedback`."""

    __tablename__ = "evaluations"
    __table_args__ = (
        CheckConstraint("score_20 BETWEEN 0 AND 20", name="score_20_range"),
        CheckConstraint("duration_min BETWEEN 1 AND 600", name="duration_min_range"),
        CheckConstraint("(status = 'Corrigé') = (graded_at IS NOT NULL)", name="graded_at_known"),
        CheckConstraint("status <> 'Corrigé' OR score_20 IS NOT NULL", name="graded_has_score"),
        CheckConstraint("status = 'Proposé' OR submitted_at IS NOT NULL", name="submitted_known"),
        Index(None, "student_id", "status", "created_at"),
    )

    student_id: Mapped[UUID] = owner()
    subject: Mapped[Subject]
    track: Mapped[Track]
    title: Mapped[str]
    generator: Mapped[str]
    duration_min: Mapped[int]
    status: Mapped[EvaluationStatus]
    score_20: Mapped[float | None]
    statement_md: Mapped[str]
    feedback_json: Mapped[dict[str, Any] | None]
    grading_job_id: Mapped[UUID | None] = mapped_column(
        ForeignKey(f"{SCHEMA}.jobs.id", ondelete="SET NULL")
    )
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    graded_at: Mapped[datetime | None]


class EvaluationItem(Entity):
    """One exercise of a paper; `correction_md` is the worked answer."""

    __tablename__ = "evaluation_items"
    __table_args__ = (
        CheckConstraint("points > 0", name="points_positive"),
        CheckConstraint("number > 0", name="number_positive"),
        UniqueConstraint("evaluation_id", "number"),
        Index(None, "student_id"),
    )

    student_id: Mapped[UUID] = owner()
    evaluation_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.evaluations.id", ondelete="CASCADE")
    )
    number: Mapped[int]
    prompt_md: Mapped[str]
    points: Mapped[float]
    chapter_code: Mapped[str]
    competence_code: Mapped[str]
    answer_format: Mapped[AnswerFormat]
    choices: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    correction_md: Mapped[str | None]


class Copy(Entity):
    """An answer sheet as stored; `storage_key` names the file until `purge_at`."""

    __tablename__ = "copies"
    __table_args__ = (
        CheckConstraint("size_bytes >= 0", name="size_bytes_not_negative"),
        CheckConstraint("page_count > 0", name="page_count_positive"),
        CheckConstraint("ocr_confidence BETWEEN 0 AND 1", name="ocr_confidence_range"),
        Index(None, "evaluation_id"),
        Index(None, "student_id"),
    )

    student_id: Mapped[UUID] = owner()
    evaluation_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.evaluations.id", ondelete="CASCADE")
    )
    filename: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    page_count: Mapped[int]
    storage_key: Mapped[str]
    text_source: Mapped[TextSource | None]
    ocr_confidence: Mapped[float | None]
    created_at: Mapped[datetime]
    purge_at: Mapped[datetime]


class Upload(Entity):
    """A file received and not yet used; `owner_id` is the subject of the sender's token."""

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint("size_bytes >= 0", name="size_bytes_not_negative"),
        CheckConstraint("page_count > 0", name="page_count_positive"),
        Index(None, "owner_id"),
    )

    owner_id: Mapped[str]
    filename: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    page_count: Mapped[int | None]
    storage_key: Mapped[str]
    created_at: Mapped[datetime]
    purge_at: Mapped[datetime]
