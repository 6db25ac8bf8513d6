"""What has to be done to a stored plan for it to be the planned one; what a person set stays."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

from models.curriculum import EpreuveKind, Subject
from models.vocabulary import EpreuveSource
from services.planner.plan import PlannedEpreuve

SPECIALITIES = ("E3-Specialite1", "E4-Specialite2")
PREMIERE = ("CC1-", "EP1-", "OPT1-")
ANOTHER_YEAR = timedelta(days=183)
"""A window that moves by more is that of another session: within one it moves by weeks."""

A_YEAR = timedelta(days=365)
KEPT_MARK, KEPT_SESSIONS = 10, 5
"""From this mark on an épreuve terminale may be kept after a failure, for so many sessions."""
Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """An épreuve as a pupil's plan holds it: the columns that the planner or a person sets."""

    code: str
    label: str
    subject: Subject | None
    kind: Any
    weight: float
    scheduled_at: date | None
    provisional: bool
    window_start: date | None
    window_end: date | None
    format: str
    duration_min: int | None
    source: EpreuveSource
    reference: str | None
    mark_20: float | None

    @property
    def by_hand(self) -> bool:
        """A person gave it its day: `services.epreuves.schedule` says so by the source."""
        return self.source is EpreuveSource.AGENT and self.scheduled_at is not None

    @property
    def foreign(self) -> bool:
        """No text sets it: somebody's own, which no regulation takes away."""
        return self.source is EpreuveSource.AGENT and self.reference is None


COLUMNS = tuple(field.name for field in fields(Stored))


@dataclass(frozen=True, slots=True)
class Changes:
    """By code: rows to add as they will be, facts to change and what they were, rows to remove."""

    added: tuple[Stored, ...]
    changed: Mapping[str, tuple[Facts, Facts]]
    removed: tuple[Stored, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def changes(stored: Iterable[Stored], planned: Sequence[PlannedEpreuve]) -> Changes:
    """What to add, change and remove; nothing at all where the stored plan is the planned one.

    A day or a mark that a person gave stays with the épreuve as long as it is about the same
    subject: it moves along where the two specialities change places, and goes where the subject
    does, be it only into the open. An épreuve anticipée is one sitting, whatever subject it is
    thought to be about. In another session a day stays where it lies in the new window, and a mark
    where the regulation keeps it: of an épreuve terminale from 10 on, for five sessions; of
    première for the next. An épreuve that is not of the plan goes, unless no text sets it.
    """
    known = {one.code: one for one in stored}
    hands = _given_by_hand(known.values())
    wanted = {one.code: _as_stored(one, known.get(one.code), hands) for one in planned}
    return Changes(
        added=tuple(one for code, one in wanted.items() if code not in known),
        changed={
            code: difference
            for code, one in wanted.items()
            if code in known and (difference := _difference(known[code], one))[1]
        },
        removed=tuple(one for code, one in known.items() if code not in wanted and not one.foreign),
    )


Place = tuple[str, Subject]


def _place(code: str) -> str:
    """The two specialities stand in one place, for a pupil may name them in either order."""
    for slot in SPECIALITIES:
        code = code.replace(slot, "specialite")
    return code


def _given_by_hand(stored: Iterable[Stored]) -> dict[Place, Stored]:
    return {
        (_place(one.code), one.subject): one
        for one in stored
        if one.subject and (one.by_hand or one.mark_20 is not None)
    }


def _as_stored(
    planned: PlannedEpreuve, there: Stored | None, hands: Mapping[Place, Stored]
) -> Stored:
    """The row that is wanted, with what a person gave to it."""
    given = there if there and _is_about(there, planned) else None
    if given is None and planned.subject:
        given = hands.get((_place(planned.code), planned.subject))
    day = _day(given, planned) if given else None
    return Stored(
        code=planned.code,
        label=planned.label,
        subject=planned.subject,
        kind=planned.kind,
        weight=float(planned.weight),
        scheduled_at=day or planned.scheduled_at,
        provisional=planned.provisional and not day,
        window_start=planned.window_start,
        window_end=planned.window_end,
        format=planned.format,
        duration_min=planned.duration_min,
        source=EpreuveSource.AGENT if day else EpreuveSource.REGLEMENT,
        reference=planned.reference,
        mark_20=_mark(given, planned) if given else None,
    )


def _is_about(there: Stored, planned: PlannedEpreuve) -> bool:
    """Whether what was given to the row is about what is planned.

    What was given before a speciality was named is about the one that is named then.
    """
    if planned.kind is EpreuveKind.ANTICIPEE:
        return True
    return there.subject in (None, planned.subject)


def _day(given: Stored, planned: PlannedEpreuve) -> date | None:
    """The day that a person gave, unless it is one of another session."""
    day = given.scheduled_at if given.by_hand else None
    start, end = planned.window_start, planned.window_end
    if day is None or not _moved(given, planned) or start is None or end is None:
        return day
    return day if start <= day <= end else None


def _mark(given: Stored, planned: PlannedEpreuve) -> float | None:
    """The recorded mark, unless the épreuve is to be sat again in a later session."""
    mark, later = given.mark_20, _moved(given, planned)
    if mark is None or later <= timedelta():
        return mark  # an earlier session is a correction: nobody goes back
    if planned.kind is EpreuveKind.TERMINALE:
        kept = mark >= KEPT_MARK and later < (KEPT_SESSIONS + 0.5) * A_YEAR
        return mark if kept else None
    of_premiere = planned.kind is EpreuveKind.ANTICIPEE or planned.code.startswith(PREMIERE)
    return mark if of_premiere and later < 1.5 * A_YEAR else None


def _moved(given: Stored, planned: PlannedEpreuve) -> timedelta:
    """How far the window has moved into another session; nothing within the same one."""
    if given.window_start is None or planned.window_start is None:
        return timedelta()
    moved = planned.window_start - given.window_start
    return moved if abs(moved) > ANOTHER_YEAR else timedelta()


def _difference(before: Stored, after: Stored) -> tuple[Facts, Facts]:
    """The columns that change: as they were, and as they will be."""
    names = [name for name in COLUMNS if getattr(before, name) != getattr(after, name)]
    return (
        {name: getattr(before, name) for name in names},
        {name: getattr(after, name) for name in names},
    )
