"""Long work and its progress, and the answers kept for clients that ask twice."""

from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import SCHEMA, Entity
from models.vocabulary import JobKind, JobStatus

S = JobStatus


class JobMove(Enum):
    """The life of a job. Not journaled: what a job does to a pupil's file is, by what it does."""

    BEGIN = ({S.QUEUED, S.RUNNING}, S.RUNNING)  # RUNNING where the worker before was killed
    RETRY = ({S.RUNNING}, S.QUEUED)
    SUCCEED = ({S.RUNNING}, S.SUCCEEDED)
    FAIL = ({S.RUNNING}, S.FAILED)

    def __init__(self, sources: set[JobStatus], target: JobStatus) -> None:
        self.sources = frozenset(sources)
        self.target = target


ENDED = frozenset({S.SUCCEEDED, S.FAILED})


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
