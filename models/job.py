"""Long work and its progress, and the answers kept for clients that ask twice."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import SCHEMA, Entity
from models.vocabulary import JobKind, JobStatus


class Job(Entity):
    """`requested_by` is the subject of the token that asked for it."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress_range"),
        CheckConstraint(
            "(status IN ('SUCCEEDED', 'FAILED')) = (finished_at IS NOT NULL)", name="ended_is_dated"
        ),
        Index(None, "student_id"),
        Index(None, "requested_by"),
    )

    kind: Mapped[JobKind]
    status: Mapped[JobStatus]
    progress: Mapped[float]
    message: Mapped[str | None]
    student_id: Mapped[UUID | None] = mapped_column(
        ForeignKey(f"{SCHEMA}.students.id", ondelete="CASCADE")
    )
    requested_by: Mapped[str | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class IdempotencyKey(Entity):
    """The first answer to a mutation, kept 24 h for the actor that sends the same key again."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("actor_id", "key"), Index(None, "created_at"))

    actor_id: Mapped[str]
    key: Mapped[str]
    fingerprint: Mapped[str]
    response_json: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
