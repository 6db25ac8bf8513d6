"""Tutoring sessions."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from loaders.filters import among, ending_after, starting_before
from loaders.keyset import Key, Order
from loaders.pages import Relation
from models.student import Student as StudentRow
from models.study_session import StudySession as StudySessionRow
from models.vocabulary import Role, SessionKind, SessionStatus
from schema.binding import derived, entity, one
from schema.shared import Actor, Node
from services import actors

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
    created_at: datetime
