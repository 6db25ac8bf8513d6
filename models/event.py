"""The journal: what happened to a pupil's file, in order, written with the change itself."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from models.base import Entity
from models.student import owner
from models.vocabulary import Agent, EventKind, Role


class Event(Entity):
    """Append-only. `seq` is `students.version` as this event left it: 1, 2, 3, … without gaps.

    The actor is a person (`actor_role`) or an agent (`actor_agent`); the entity is named by its
    table and key, and may be gone.
    """

    __tablename__ = "events"
    __table_args__ = (
        CheckConstraint("seq > 0", name="seq_positive"),
        CheckConstraint(
            "(actor_role IS NULL) <> (actor_agent IS NULL)", name="actor_is_person_or_agent"
        ),
        CheckConstraint("(entity_table IS NULL) = (entity_id IS NULL)", name="entity_is_whole"),
        UniqueConstraint("student_id", "seq"),
        Index(None, "student_id", "at"),
        Index(
            "ix_events_of_students",
            "student_id",
            "at",
            postgresql_where=text("actor_role = 'STUDENT'"),
        ),
    )

    student_id: Mapped[UUID] = owner()
    seq: Mapped[int]
    kind: Mapped[EventKind]
    at: Mapped[datetime]
    actor_id: Mapped[str]
    actor_role: Mapped[Role | None]
    actor_agent: Mapped[Agent | None]
    actor_name: Mapped[str | None]
    payload_json: Mapped[dict[str, Any]]
    entity_table: Mapped[str | None]
    entity_id: Mapped[UUID | None]
