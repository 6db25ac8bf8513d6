"""What a pupil subscribes to, and until when."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from models.student import Entitlement, Student
from models.vocabulary import EventKind, Tier
from services import journal, students
from services.problems import ValidationError, refuse_if
from services.unit_of_work import Work


def problems(
    *, tier: Tier, expires_at: datetime | None, clock: datetime
) -> Iterator[ValidationError]:
    """Everything that is wrong with a subscription."""
    if expires_at is None:
        return
    if tier is Tier.FREE:
        yield ValidationError("l’offre gratuite n’a pas de fin", ("expiresAt",))
    if expires_at <= clock:
        yield ValidationError("la fin doit être à venir", ("expiresAt",))


async def set_tier(
    work: Work, *, student_id: UUID, tier: Tier, expires_at: datetime | None = None
) -> Student:
    """Set what a pupil has subscribed to; without `expiresAt` it has no end.

    Nothing is journaled where nothing changes.
    """
    student = await students.hold(work, student_id)
    refuse_if(problems(tier=tier, expires_at=expires_at, clock=work.clock))
    held = await work.db.scalar(select(Entitlement).where(Entitlement.student_id == student.id))
    if held is None:
        held = Entitlement(student_id=student.id, tier=Tier.FREE, expires_at=None)
        work.db.add(held)
    await _change(work, held, tier, expires_at)
    return student


async def run_out(work: Work, *, after: UUID | None, limit: int) -> list[UUID]:
    """Pupils whose subscription has run out and does not say so yet, in the order of their ids."""
    found = select(Entitlement.student_id).where(Entitlement.expires_at <= work.clock)
    if after is not None:
        found = found.where(Entitlement.student_id > after)
    return list(await work.db.scalars(found.order_by(Entitlement.student_id).limit(limit)))


async def expire(work: Work, student_id: UUID) -> None:
    """Make a subscription that has run out the free one, which has no end; others are left."""
    student = await students.hold(work, student_id)
    held = await work.db.scalar(select(Entitlement).where(Entitlement.student_id == student.id))
    if held is not None and held.expires_at is not None and held.expires_at <= work.clock:
        await _change(work, held, Tier.FREE, None)


async def _change(work: Work, held: Entitlement, tier: Tier, expires_at: datetime | None) -> None:
    before = _facts(held)
    held.tier, held.expires_at = tier, expires_at
    after = _facts(held)
    if after != before:
        await journal.record(
            work, held.student_id, EventKind.ENTITLEMENT_CHANGED, before=before, after=after
        )


def _facts(held: Entitlement) -> dict[str, Any]:
    return {
        "tier": held.tier.name,
        "expiresAt": held.expires_at.isoformat() if held.expires_at else None,
    }
