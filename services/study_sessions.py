"""Booking, confirming and cancelling tutoring sessions."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import ARRAY, any_, literal, select
from sqlalchemy.exc import IntegrityError

from models.student import Entitlement, Student
from models.study_session import StudySession, StudySessionAction
from models.vocabulary import EventKind, Role, SessionKind, SessionStatus
from services import bulk, diaries, journal, slots, students
from services.access import visible_to
from services.actors import PersonId
from services.bulk import CancelOutcome, CancelSessionResult
from services.entitlements import tier_in_force, tiers_including
from services.problems import (
    ConflictError,
    EntitlementError,
    ForbiddenError,
    Refused,
    ValidationError,
    refuse_if,
)
from services.slots import Interval
from services.unit_of_work import Work

MAX_TITLE = 300
MAX_REASON = 500
AHEAD = timedelta(days=366)
NOTICE = timedelta(hours=24)
"""Until so long before it a pupil may cancel a confirmed session; exactly so long is in time."""

TITLES = {
    SessionKind.VISIO: "Séance en visio",
    SessionKind.PRESENTIEL: "Séance en présentiel",
    SessionKind.STAGE: "Stage",
}


def problems(slot: Interval, title: str | None, clock: datetime) -> Iterable[ValidationError]:
    """Everything that is wrong with a session that is asked for at `clock`."""
    start, end = slot
    if start <= clock:
        yield ValidationError("le créneau doit être à venir", ("slotStart",))
    if start > clock + AHEAD:
        message = f"on ne réserve pas plus de {AHEAD.days} jours à l’avance"
        yield ValidationError(message, ("slotStart",))
    if not slots.SHORTEST <= end - start <= slots.LONGEST:
        yield ValidationError("une séance dure de 15 minutes à 8 heures", ("slotEnd",))
    if title is not None and not 1 <= len(title.strip()) <= MAX_TITLE:
        yield ValidationError(f"l’intitulé compte de 1 à {MAX_TITLE} caractères", ("title",))


async def book(
    work: Work,
    *,
    student_id: UUID,
    kind: SessionKind,
    slot_start: datetime,
    slot_end: datetime,
    coach_id: PersonId | None = None,
    title: str | None = None,
) -> StudySession:
    """Ask for a slot: PROPOSE, awaiting the coach, or the student where a coach proposes.

    Without `coachId` it is the coach who asks or, for the others, the first of the pupil's coaches
    who is free. A coach proposes its own hours, never a colleague's.
    """
    student = await students.hold(work, student_id)
    slot = (slot_start, slot_end)
    refuse_if(problems(slot, title, work.clock))
    await _entitled(work, student, kind)
    if work.viewer.role is Role.COACH:
        if coach_id not in (None, work.viewer.id):
            message = "un coach ne propose que ses propres heures"
            raise Refused(ForbiddenError(message, ("coachId",), (Role.ADMIN,)))
        coach_id = PersonId(work.viewer.id)
    coach = await diaries.free_coach(work, student, coach_id, kind, slot)
    asked = work.viewer.role is Role.STUDENT
    session = StudySession(
        student_id=student.id,
        title=TITLES[kind] if title is None else title.strip(),
        kind=kind,
        status=SessionStatus.PROPOSE,
        slot_start=slot_start,
        slot_end=slot_end,
        coach_id=coach.person_id,
        coach_name=coach.display_name,
        awaiting=Role.COACH if asked else Role.STUDENT,
        join_url=None,
        place=None,
        created_at=work.clock,
    )
    await _take(work, session)
    await journal.record(
        work,
        student.id,
        EventKind.SESSION_BOOKED if asked else EventKind.SESSION_PROPOSED,
        session,
        after=_facts(session),
    )
    return session


async def confirm(work: Work, *, id: UUID) -> StudySession:
    """Agree to a proposal: the one whose word it awaits does, before the slot begins."""
    _, session = await students.hold_owner(work, StudySession, id)
    if session.awaiting is not None:
        if not _is_awaited(work, session):
            message = "cette séance attend l’accord d’un autre"
            raise Refused(ForbiddenError(message, ("id",), (session.awaiting,)))
        if session.slot_start <= work.clock:
            raise Refused(ConflictError("ce créneau a déjà commencé", ("id",)))
    session.awaiting = None
    await journal.apply(work, StudySessionAction.CONFIRM, session)
    return session


async def cancel(work: Work, *, id: UUID, reason: str | None = None) -> StudySession:
    """Idempotent: cancelling what is cancelled changes and journals nothing.

    A student cancels a proposal at any time, and a confirmed session up to 24 hours before.
    """
    _, session = await students.hold_owner(work, StudySession, id)
    refuse_if(_reason_problems(reason))
    if session.status is not SessionStatus.ANNULE:
        await _cancel(work, session, reason)
    return session


async def cancel_many(
    work: Work, *, ids: list[UUID], reason: str | None = None
) -> list[CancelSessionResult]:
    """Many cancellations in one transaction: one that is refused undoes nothing but itself."""
    bulk.counted(ids, "ids")
    refuse_if(_reason_problems(reason))
    found = await _hold_all(work, ids)
    return [await _outcome(work, id, found.get(id), reason) for id in ids]


async def _outcome(
    work: Work, id: UUID, session: StudySession | None, reason: str | None
) -> CancelSessionResult:
    if session is None:
        return CancelSessionResult(id, CancelOutcome.NOT_FOUND)
    if session.status is SessionStatus.ANNULE:
        return CancelSessionResult(id, CancelOutcome.ALREADY_CANCELLED, session)
    try:
        async with work.attempt():
            await _cancel(work, session, reason)
    except Refused:
        return CancelSessionResult(id, CancelOutcome.FORBIDDEN, session)
    return CancelSessionResult(id, CancelOutcome.CANCELLED, session)


async def _cancel(work: Work, session: StudySession, reason: str | None) -> None:
    """The reason is kept with the session; the journal only says that there was one."""
    late = session.slot_start - work.clock < NOTICE
    if work.viewer.role is Role.STUDENT and session.status is SessionStatus.CONFIRME and late:
        message = "à moins de 24 heures, seul un coach peut annuler"
        raise Refused(ForbiddenError(message, ("id",), (Role.COACH, Role.ADMIN)))
    session.awaiting = None
    session.cancel_reason = reason.strip() or None if reason else None
    given = {"hasReason": True} if session.cancel_reason else {}
    await journal.apply(work, StudySessionAction.CANCEL, session, **given)


async def _hold_all(work: Work, ids: list[UUID]) -> dict[UUID, StudySession]:
    """The sessions that the viewer may see, as they are once all their students are locked."""
    theirs = (
        StudySession.id == any_(literal(ids, ARRAY(StudySession.id.type))),
        visible_to(work.viewer.role, StudySession.student_id),
    )
    viewer = {"viewer": work.viewer.id}
    owners = await work.db.scalars(select(StudySession.student_id).where(*theirs), viewer)
    await journal.lock(work, owners)
    rows = await work.db.scalars(
        select(StudySession).where(*theirs).execution_options(populate_existing=True), viewer
    )
    return {session.id: session for session in rows}


def _reason_problems(reason: str | None) -> Iterable[ValidationError]:
    if reason is not None and len(reason) > MAX_REASON:
        yield ValidationError(f"un motif compte au plus {MAX_REASON} caractères", ("reason",))


def _is_awaited(work: Work, session: StudySession) -> bool:
    """Whether it is the viewer's word that counts: its own coach's, or the pupil's."""
    viewer = work.viewer
    if viewer.role is Role.ADMIN:
        return True
    if viewer.role is not session.awaiting:
        return False
    return viewer.role is not Role.COACH or viewer.id == session.coach_id


async def _entitled(work: Work, student: Student, kind: SessionKind) -> None:
    """Refuse a kind of session that the pupil's tier does not include."""
    bought = await work.db.scalar(select(Entitlement).where(Entitlement.student_id == student.id))
    including = tiers_including(kind)
    if tier_in_force(bought, work.clock) not in including:
        message = f"ce type de séance demande l’offre {including[0]}"
        raise Refused(EntitlementError(message, ("kind",), including[0]))


async def _take(work: Work, session: StudySession) -> None:
    """The database has the last word on whether coach and pupil are free."""
    async with work.attempt():
        work.db.add(session)
        try:
            await work.db.flush()
        except IntegrityError as error:
            if isinstance(getattr(error.orig, "__cause__", None), asyncpg.ExclusionViolationError):
                raise Refused(diaries.TAKEN) from error
            raise


def _facts(session: StudySession) -> dict[str, Any]:
    """What the journal repeats of a session: everything but the words of its title."""
    return {
        "status": session.status.name,
        "kind": session.kind.name,
        "slotStart": session.slot_start.isoformat(),
        "slotEnd": session.slot_end.isoformat(),
        "coachId": session.coach_id,
        "awaiting": session.awaiting.name if session.awaiting else None,
    }
