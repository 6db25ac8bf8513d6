"""Which coach can be booked: the hours each offers, those that are taken, and whose turn it is."""

from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, func, literal, select

from models.student import Coaching, Student
from models.study_session import CoachAvailability, StudySession
from models.vocabulary import SessionKind, SessionStatus
from services import slots
from services.actors import PersonId
from services.problems import ConflictError, Refused, ValidationError, not_found
from services.slots import Hours, Interval
from services.unit_of_work import Work

TAKEN = ConflictError("ce créneau est déjà pris", ("slotStart",))
"""Says nothing of who took it."""


async def free_coach(
    work: Work, student: Student, wanted: PersonId | None, kind: SessionKind, slot: Interval
) -> Coaching:
    """The wanted coach, or the first of the pupil's, who offers the slot and is free.

    Their diaries are the caller's until its transaction ends.
    """
    coaches = await _coaches(work, student.id, wanted)
    people = sorted(coach.person_id for coach in coaches)
    await _take_turns(work, people)
    offered = await _offered(work, people, slot)
    offering = [
        coach for coach in coaches if slots.holds(offered.get(coach.person_id, ()), (), slot, kind)
    ]
    if not offering:
        message = "aucun coach de l’élève ne propose ce type de séance sur ce créneau"
        raise Refused(ValidationError(message, ("slotStart",)))
    taken = await _taken(work, student.id, people, slot)
    for coach in offering:
        busy = [*taken.get(None, ()), *taken.get(coach.person_id, ())]
        if slots.holds(offered[coach.person_id], busy, slot, kind):
            return coach
    raise Refused(TAKEN)


async def _coaches(work: Work, student: UUID, wanted: PersonId | None) -> list[Coaching]:
    """Those of the pupil's coaches who may be meant, the longest-standing first."""
    found = await work.db.scalars(
        select(Coaching)
        .where(Coaching.student_id == student)
        .order_by(Coaching.created_at, Coaching.id)
    )
    coaches = [coach for coach in found if wanted in (None, coach.person_id)]
    if wanted is not None and not coaches:
        raise not_found(wanted, "coachId")
    return coaches


async def _take_turns(work: Work, people: list[str]) -> None:
    """Open the diaries one after the other, in the same order for everyone.

    The exclusion constraint alone would let two bookings wait for each other: each finds the
    other's entry in its index before either is committed.
    """
    for person in people:
        key = func.hashtextextended(f"diary of {person}", 0)
        await work.db.execute(select(func.pg_advisory_xact_lock(key)))


async def _offered(work: Work, people: list[str], slot: Interval) -> dict[str, list[Hours]]:
    """What the coaches offer around the slot."""
    found: dict[str, list[Hours]] = {}
    for hours in await work.db.scalars(
        select(CoachAvailability).where(
            CoachAvailability.coach_id.in_(people), _meets(CoachAvailability, slot)
        )
    ):
        found.setdefault(hours.coach_id, []).append(
            Hours(hours.slot_start, hours.slot_end, frozenset(hours.kinds))
        )
    return found


async def _taken(
    work: Work, student: UUID, people: list[str], slot: Interval
) -> dict[str | None, list[Interval]]:
    """When the coaches are taken around the slot and, under None, when the pupil is."""
    busy = func.nexus_app.busy_slots(literal(people, ARRAY(Text)), *slot)
    coaches = select(busy.table_valued("coach_id", "slot_start", "slot_end"))
    pupil = select(literal(None), StudySession.slot_start, StudySession.slot_end).where(
        StudySession.student_id == student,
        StudySession.status != SessionStatus.ANNULE,
        _meets(StudySession, slot),
    )
    found: dict[str | None, list[Interval]] = {}
    for whose in (coaches, pupil):
        for person, start, end in await work.db.execute(whose):
            found.setdefault(person, []).append((start, end))
    return found


def _meets(
    model: type[CoachAvailability] | type[StudySession], slot: Interval
) -> ColumnElement[bool]:
    """Some of the row's hours lie in the slot; written as the exclusion constraints' index is."""
    hours = func.tstzrange(model.slot_start, model.slot_end)
    return hours.op("&&", is_comparison=True)(func.tstzrange(*slot))
