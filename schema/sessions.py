"""Tutoring sessions."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from loaders.filters import among, ending_after, starting_before
from loaders.keyset import Key, Order
from loaders.pages import Relation
from models.student import Student as StudentRow
from models.study_session import StudySession as StudySessionRow
from models.vocabulary import Role, SessionKind, SessionStatus
from resolvers import mutations, sessions
from resolvers.mutations import Outcome
from schema.binding import derived, entity, one, query
from schema.mutating import (
    CANCEL,
    CANCEL_MANY,
    MutationPayload,
    all_changed,
    changed,
    mutation,
)
from schema.shared import Actor, Node
from services import actors, bulk, slots, study_sessions
from services.access import Permission

if TYPE_CHECKING:
    from schema.students import Student

AGENDA = Relation(
    "agenda",
    StudySessionRow,
    StudySessionRow.student_id,
    filters={
        "from_": ending_after(StudySessionRow.slot_end),
        "to": starting_before(StudySessionRow.slot_start),
        "status": among(StudySessionRow.status),
    },
)
BY_START = Order("slot_start", (Key(StudySessionRow.slot_start), Key(StudySessionRow.id)))


@entity(StudySessionRow)
class Session(Node):
    """A tutoring session between a pupil and a coach."""

    student: Annotated["Student", strawberry.lazy("schema.students")] = one(
        StudySessionRow.student_id, StudentRow.id
    )
    title: str
    kind: SessionKind
    status: SessionStatus
    slot_start: datetime
    slot_end: datetime
    coach: Actor | None = derived(
        actors.coach, StudySessionRow.coach_id, StudySessionRow.coach_name
    )
    awaiting: Role | None = strawberry.field(description="Whose confirmation a PROPOSE waits for.")
    join_url: str | None
    place: str | None
    cancel_reason: str | None = strawberry.field(
        description="Why it was cancelled, if that was said."
    )
    created_at: datetime


@entity(slots.Slot)
class Slot:
    """Hours in which a coach can be booked, and for which kinds of session."""

    coach: Actor
    start: datetime
    end: datetime
    kinds: list[SessionKind]


@entity(bulk.CancelSessionResult)
class CancelSessionResult:
    """What became of one cancellation."""

    id: UUID
    outcome: bulk.CancelOutcome
    session: Session | None = strawberry.field(resolver=mutations.shown_row)


@entity(Outcome)
class BookSessionPayload(MutationPayload):
    session: Session | None = changed()


@entity(Outcome)
class ConfirmSessionPayload(MutationPayload):
    session: Session | None = changed()


@entity(Outcome)
class CancelSessionPayload(MutationPayload):
    session: Session | None = changed()


@entity(Outcome)
class CancelSessionsPayload(MutationPayload):
    results: list[CancelSessionResult] = all_changed()


P = Permission


@strawberry.type
class Query:
    available_slots: list[Slot] = query(sessions.available_slots, requires=P.STUDENT_READ)


@strawberry.type
class Mutation:
    book_session: BookSessionPayload = mutation(
        "BookSession", study_sessions.book, requires=P.SESSION_WRITE
    )
    confirm_session: ConfirmSessionPayload = mutation(
        "ConfirmSession", study_sessions.confirm, requires=P.SESSION_WRITE
    )
    cancel_session: CancelSessionPayload = mutation(
        "CancelSession", study_sessions.cancel, requires=P.SESSION_WRITE, rate=CANCEL
    )
    cancel_sessions: CancelSessionsPayload = mutation(
        "CancelSessions", study_sessions.cancel_many, requires=P.SESSION_WRITE, rate=CANCEL_MANY
    )
