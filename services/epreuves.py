"""The exam plan: reckoning over its entries, dating them, and recording their marks."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from models.epreuve import Epreuve
from models.student import Student
from models.vocabulary import EpreuveSource, EventKind
from services import journal, students
from services.keep import KEEP, Keep
from services.problems import ValidationError, refuse_if
from services.unit_of_work import Work

YEARS_BEFORE = 2
"""A cycle begins two years before the session that ends it."""


def problems(session: int, scheduled_at: date | None) -> Iterable[ValidationError]:
    """What is wrong with a day, for who is examined in the session of a year."""
    if scheduled_at and not session - YEARS_BEFORE <= scheduled_at.year <= session:
        message = (
            f"une épreuve de la session {session} a lieu de {session - YEARS_BEFORE} à {session}"
        )
        yield ValidationError(message, ("scheduledAt",))


def mark_problems(mark_20: float | None) -> Iterable[ValidationError]:
    """What is wrong with a mark."""
    if mark_20 is not None and not 0 <= mark_20 <= 20:
        yield ValidationError("une note va de 0 à 20", ("mark20",))


async def schedule(work: Work, *, id: UUID, scheduled_at: date | Keep | None = KEEP) -> Student:
    """Date an épreuve by hand; null takes the day away again.

    What is dated by hand is an agent's or a coach's: its source is AGENT, it is not provisional,
    and a synchronisation keeps it. Without a day, an épreuve that a text sets is the regulation's
    again, and the next synchronisation dates it.
    """
    student, epreuve = await students.hold_owner(work, Epreuve, id)
    if scheduled_at is KEEP:
        return student
    refuse_if(problems(student.exam_session, scheduled_at))
    before = _facts(epreuve)
    by_hand = scheduled_at is not None or epreuve.reference is None
    epreuve.scheduled_at = scheduled_at
    epreuve.provisional = scheduled_at is None
    epreuve.source = EpreuveSource.AGENT if by_hand else EpreuveSource.REGLEMENT
    await _tell(work, student, epreuve, before)
    return student


async def record_mark(work: Work, *, id: UUID, mark_20: float | Keep | None = KEEP) -> Student:
    """Record the mark of an épreuve, out of 20, once it is known; null takes it away again.

    What is recorded counts as it is in the projection, before any evaluation and any mastery.
    """
    student, epreuve = await students.hold_owner(work, Epreuve, id)
    if mark_20 is KEEP:
        return student
    refuse_if(mark_problems(mark_20))
    before = _facts(epreuve)
    epreuve.mark_20 = mark_20
    await _tell(work, student, epreuve, before)
    return student


async def _tell(work: Work, student: Student, epreuve: Epreuve, before: dict[str, Any]) -> None:
    """Journal what became of an épreuve; nothing where nothing did."""
    await work.db.flush()
    after = _facts(epreuve)
    changed = [name for name in after if after[name] != before[name]]
    if changed:
        await journal.record(
            work,
            student.id,
            EventKind.EPREUVE_UPDATED,
            epreuve,
            code=epreuve.code,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )


def _facts(epreuve: Epreuve) -> dict[str, Any]:
    """What the journal tells of an épreuve."""
    return {
        "scheduledAt": epreuve.scheduled_at.isoformat() if epreuve.scheduled_at else None,
        "provisional": epreuve.provisional,
        "source": epreuve.source.name,
        "mark20": epreuve.mark_20,
    }
