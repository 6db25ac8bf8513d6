"""Tutoring sessions: the slots that are free for more."""

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import strawberry

from loaders import slots as loaded
from loaders.rows import Row
from loaders.visible import visible
from models.student import Coaching, Student
from models.vocabulary import SessionKind
from resolvers.context import Info
from resolvers.inputs import refused
from services import actors, slots
from services.access import visible_students
from services.slots import Hours, Interval, Slot

WIDEST = timedelta(days=62)


async def available_slots(
    info: Info,
    student_id: UUID,
    from_: Annotated[datetime, strawberry.argument(name="from")],
    to: datetime,
    kind: SessionKind | None = None,
    coach_id: strawberry.ID | None = None,
) -> list[Slot]:
    """Free slots of the student's coaches, for booking: at least 15 minutes long, from now on.

    Empty where the student does not exist or the caller may not see it. At most 62 days at once.
    """
    if not timedelta(0) <= to - from_ <= WIDEST:
        raise refused(f"from `from` to `to` there are 0 to {WIDEST.days} days")
    context = info.context
    start = max(from_, context.clock)
    student = await visible(context.loaders, Student.id, visible_students).load(student_id)
    if student is None or start >= to:
        return []
    coaches = [
        actors.coach_of(row.person_id, row.display_name)
        for row in await context.loaders.many(
            Coaching.student_id, Coaching.created_at, Coaching.id
        ).load(student.id)
        if coach_id in (None, row.person_id)
    ]
    people = [coach.id for coach in coaches]
    offered, taken = await asyncio.gather(
        loaded.offered(context.reader, people, starting=start, ending=to),
        loaded.taken(context.reader, people, student.id, starting=start, ending=to),
    )
    hours, busy = _hours(offered), _busy(taken)
    found = [
        Slot(coach, left)
        for coach in coaches
        for left in slots.free(
            hours[coach.id], [*busy[None], *busy[coach.id]], start=start, end=to, kind=kind
        )
    ]
    return sorted(found, key=lambda slot: (slot.start, slot.coach.id))


def _hours(rows: list[Row]) -> defaultdict[str, list[Hours]]:
    hours: defaultdict[str, list[Hours]] = defaultdict(list)
    for row in rows:
        hours[row.coach_id].append(Hours(row.slot_start, row.slot_end, frozenset(row.kinds)))
    return hours


def _busy(rows: list[Row]) -> defaultdict[str | None, list[Interval]]:
    busy: defaultdict[str | None, list[Interval]] = defaultdict(list)
    for row in rows:
        busy[row.coach_id].append((row.slot_start, row.slot_end))
    return busy
