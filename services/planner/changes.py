"""What has to be done to a stored plan for it to be the planned one; what a person set stays."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from models.curriculum import Subject
from models.vocabulary import EpreuveSource
from services.planner.plan import PlannedEpreuve

SPECIALITIES = ("E3-Specialite1", "E4-Specialite2")
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
    does. An épreuve that is not of the plan goes, unless no text sets it.
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
    given = there
    if planned.subject and there and there.subject and there.subject is not planned.subject:
        given = None  # what was given is about another subject
    if given is None and planned.subject:
        given = hands.get((_place(planned.code), planned.subject))
    dated = given is not None and given.by_hand
    return Stored(
        code=planned.code,
        label=planned.label,
        subject=planned.subject,
        kind=planned.kind,
        weight=float(planned.weight),
        scheduled_at=given.scheduled_at if given and dated else planned.scheduled_at,
        provisional=planned.provisional and not dated,
        window_start=planned.window_start,
        window_end=planned.window_end,
        format=planned.format,
        duration_min=planned.duration_min,
        source=EpreuveSource.AGENT if dated else EpreuveSource.REGLEMENT,
        reference=planned.reference,
        mark_20=given.mark_20 if given else None,
    )


def _difference(before: Stored, after: Stored) -> tuple[Facts, Facts]:
    """The columns that change: as they were, and as they will be."""
    names = [name for name in COLUMNS if getattr(before, name) != getattr(after, name)]
    return (
        {name: getattr(before, name) for name in names},
        {name: getattr(after, name) for name in names},
    )
