"""The pupil, what the pupil has subscribed to, and who sees the pupil."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import LABELS, SCHEMA, Entity
from models.curriculum import Dispense, ExamPath, OptionCode, Profile, Subject, Track, Voie
from models.vocabulary import Tier


def owner() -> Mapped[UUID]:
    """The column of a row that belongs to a student, and leaves with the student."""
    return mapped_column(ForeignKey(f"{SCHEMA}.students.id", ondelete="CASCADE"))


class Student(Entity):
    """A pupil. `version` is the head of the journal: see `models/event.py`.

    The last six are figures of the pupil's rows that PostgreSQL keeps in the transaction of
    whoever writes those (`docs/decisions/0025`); what anybody else writes there is not taken.
    """

    __tablename__ = "students"
    __table_args__ = (
        CheckConstraint("char_length(display_name) BETWEEN 1 AND 200", name="display_name_length"),
        CheckConstraint("exam_session BETWEEN 2021 AND 2100", name="exam_session_range"),
        CheckConstraint("version >= 0", name="version_not_negative"),
        CheckConstraint("jsonb_typeof(languages) = 'array'", name="languages_are_a_list"),
        Index(None, "display_name", "id"),
    )

    user_id: Mapped[str | None] = mapped_column(unique=True)
    display_name: Mapped[str]
    track: Mapped[Track]
    voie: Mapped[Voie]
    profile: Mapped[Profile]
    exam_path: Mapped[ExamPath]
    exam_session: Mapped[int] = mapped_column(SmallInteger)
    specialities: Mapped[list[Subject]] = mapped_column(ARRAY(LABELS[Subject]))
    specialite_abandonnee: Mapped[Subject | None]
    options: Mapped[list[OptionCode]] = mapped_column(ARRAY(LABELS[OptionCode]))
    dispenses: Mapped[list[Dispense]] = mapped_column(ARRAY(LABELS[Dispense]), server_default="{}")
    languages: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    time_zone: Mapped[str]
    version: Mapped[int]
    epreuves_synced_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    progress_overall: Mapped[float] = mapped_column(server_default=text("0"))
    total_weight: Mapped[float] = mapped_column(server_default=text("0"))
    open_task_count: Mapped[int] = mapped_column(server_default=text("0"))
    last_eval_score: Mapped[float | None]
    active_on: Mapped[date | None]
    """The civil day of the pupil's last act, where the pupil lives."""
    active_days: Mapped[int] = mapped_column(server_default=text("0"))
    """How many days on end, that one the last, have an act."""


class Entitlement(Entity):
    """What a pupil has subscribed to. Past `expires_at` it counts as Free."""

    __tablename__ = "entitlements"
    __table_args__ = (
        UniqueConstraint("student_id"),
        Index(None, "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
    )

    student_id: Mapped[UUID] = owner()
    tier: Mapped[Tier]
    expires_at: Mapped[datetime | None]


class Guardianship(Entity):
    """A parent sees a ward. `person_id` is the subject of the parent's token."""

    __tablename__ = "guardianships"
    __table_args__ = (UniqueConstraint("student_id", "person_id"), Index(None, "person_id"))

    student_id: Mapped[UUID] = owner()
    person_id: Mapped[str]
    display_name: Mapped[str | None]
    created_at: Mapped[datetime]


class Coaching(Entity):
    """A coach sees a pupil. `person_id` is the subject of the coach's token."""

    __tablename__ = "coachings"
    __table_args__ = (UniqueConstraint("student_id", "person_id"), Index(None, "person_id"))

    student_id: Mapped[UUID] = owner()
    person_id: Mapped[str]
    display_name: Mapped[str | None]
    created_at: Mapped[datetime]
