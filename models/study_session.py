"""A tutoring session between a pupil and a coach, and the hours a coach offers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import LABELS, Entity
from models.lifecycle import Action, move
from models.student import owner
from models.vocabulary import EventKind, Role, SessionKind, SessionStatus

S = SessionStatus
SLOT = text("tstzrange(slot_start, slot_end)")


class StudySessionAction(Action):
    CONFIRM = move(S.PROPOSE, to=S.CONFIRME, event=EventKind.SESSION_CONFIRMED)
    CANCEL = move(S.PROPOSE, S.CONFIRME, to=S.ANNULE, event=EventKind.SESSION_CANCELLED)


class StudySession(Entity):
    """`coach_id` is the subject of the coach's token; `awaiting`, whose word a proposal needs."""

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("slot_end > slot_start", name="slot_end_after_start"),
        CheckConstraint("char_length(title) BETWEEN 1 AND 300", name="title_length"),
        CheckConstraint("(status = 'Proposé') = (awaiting IS NOT NULL)", name="proposal_awaits"),
        CheckConstraint("char_length(cancel_reason) <= 500", name="cancel_reason_length"),
        ExcludeConstraint(
            ("coach_id", "="),
            (SLOT, "&&"),
            name="ex_sessions_coach_slot",
            using="gist",
            where=text("status <> 'Annulé' AND coach_id IS NOT NULL"),
        ),
        ExcludeConstraint(
            ("student_id", "="),
            (SLOT, "&&"),
            name="ex_sessions_student_slot",
            using="gist",
            where=text("status <> 'Annulé'"),
        ),
        Index(None, "student_id", "status", "slot_start"),
        Index(
            "ix_sessions_kept",
            "student_id",
            "slot_start",
            "id",
            postgresql_where=text("status <> 'Annulé'"),
            postgresql_include=["slot_end", "kind", "status", "title"],
        ),
    )

    student_id: Mapped[UUID] = owner()
    title: Mapped[str]
    kind: Mapped[SessionKind]
    status: Mapped[SessionStatus]
    slot_start: Mapped[datetime]
    slot_end: Mapped[datetime]
    coach_id: Mapped[str | None]
    coach_name: Mapped[str | None]
    awaiting: Mapped[Role | None]
    join_url: Mapped[str | None]
    place: Mapped[str | None]
    cancel_reason: Mapped[str | None]
    created_at: Mapped[datetime]


class CoachAvailability(Entity):
    """Hours in which a coach may be booked, for the given kinds of session."""

    __tablename__ = "coach_availabilities"
    __table_args__ = (
        CheckConstraint("slot_end > slot_start", name="slot_end_after_start"),
        CheckConstraint("cardinality(kinds) > 0", name="kinds_not_empty"),
        ExcludeConstraint(
            ("coach_id", "="), (SLOT, "&&"), name="ex_coach_availabilities_slot", using="gist"
        ),
    )

    coach_id: Mapped[str]
    coach_name: Mapped[str | None]
    slot_start: Mapped[datetime]
    slot_end: Mapped[datetime]
    kinds: Mapped[list[SessionKind]] = mapped_column(ARRAY(LABELS[SessionKind]))
