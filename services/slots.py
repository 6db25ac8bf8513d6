"""Free hours: what a coach offers, less what is taken. Pure arithmetic of half-open intervals."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.vocabulary import SessionKind
from services.actors import Actor

SHORTEST = timedelta(minutes=15)
LONGEST = timedelta(hours=8)

Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Hours:
    """An interval, and the kinds of session that may be held all through it."""

    start: datetime
    end: datetime
    kinds: frozenset[SessionKind]


@dataclass(frozen=True, slots=True)
class Slot:
    """Hours in which a coach can be booked."""

    coach: Actor
    hours: Hours

    @property
    def start(self) -> datetime:
        return self.hours.start

    @property
    def end(self) -> datetime:
        return self.hours.end

    @property
    def kinds(self) -> list[SessionKind]:
        return [kind for kind in SessionKind if kind in self.hours.kinds]


def free(
    offered: Iterable[Hours],
    taken: Iterable[Interval],
    *,
    start: datetime,
    end: datetime,
    kind: SessionKind | None = None,
) -> list[Hours]:
    """What is left of a coach's hours within [start, end), in order, without scraps.

    Hours that touch are one where they offer the same kinds or, when a kind is asked for, where
    they all offer that one.
    """
    busy = sorted(taken)
    return [
        Hours(since, until, hours.kinds)
        for hours in _joined(offered, kind)
        for since, until in _less(max(hours.start, start), min(hours.end, end), busy)
        if until - since >= SHORTEST
    ]


def holds(
    offered: Iterable[Hours], taken: Iterable[Interval], slot: Interval, kind: SessionKind
) -> bool:
    """Whether the whole slot is free for a session of this kind."""
    start, end = slot
    left = free(offered, taken, start=start, end=end, kind=kind)
    return [(hours.start, hours.end) for hours in left] == [slot]


def _joined(offered: Iterable[Hours], kind: SessionKind | None) -> list[Hours]:
    """The hours that offer the kind, in order, those that touch as one."""
    joined: list[Hours] = []
    for hours in sorted(offered, key=lambda hours: hours.start):
        if kind is not None and kind not in hours.kinds:
            continue
        last = joined[-1] if joined else None
        if last and last.end == hours.start and (kind is not None or last.kinds == hours.kinds):
            joined[-1] = Hours(last.start, hours.end, last.kinds & hours.kinds)
        else:
            joined.append(hours)
    return joined


def _less(start: datetime, end: datetime, busy: list[Interval]) -> Iterable[Interval]:
    """The parts of [start, end) that nothing takes."""
    for since, until in busy:
        if since >= end:
            break
        if until > start:
            yield start, since
            start = until
    yield start, end
