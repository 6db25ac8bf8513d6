"""The dashboard's arithmetic: values in, values out. Each definition stands in its docstring.

What is added up of a file PostgreSQL keeps (`docs/decisions/0025`), and is held to these rules.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from models.curriculum import Subject
from models.vocabulary import SessionKind, UpcomingKind


def progress_overall(
    mastery: Mapping[Subject, float], weights: Mapping[Subject, float] | None
) -> float:
    """Mean mastery (0..1) of the measured subjects, weighted by the coefficients of the plan.

    A subject outside the plan weighs nothing. Without a plan (`weights` is None) all weigh the
    same. 0 where nothing that counts has been measured.
    """
    # added up in whole numbers: the last bit of a sum of floats depends on its order
    shares = {
        subject: round((1.0 if weights is None else weights.get(subject, 0.0)) * 1e12)
        for subject in mastery
    }
    total = sum(shares.values())
    if total <= 0:
        return 0.0
    weighed = sum(round(mastery[subject] * 1e15) * share for subject, share in shares.items())
    return min(1.0, max(0.0, float(weighed) / float(total) / 1e15))


def subject_weights(
    named: Mapping[Subject, float], open_weight: float, specialities: Sequence[Subject]
) -> dict[Subject, float]:
    """What each subject weighs in a plan.

    `open_weight` is what the plan gives to specialities without saying which: in première nobody
    has given one up yet. Each of the three then weighs a third of it, beside what names it.
    """
    weights = {subject: round(weight * 1e12) for subject, weight in named.items()}
    for subject in specialities:
        share = round(open_weight * 1e12) // len(specialities)
        weights[subject] = weights.get(subject, 0) + share
    return {subject: weight / 1e12 for subject, weight in weights.items()}


def streak_days(active: Iterable[date], today: date) -> int:
    """Consecutive civil days with an act of the pupil, ending today, or yesterday while today is
    still empty. Days are those of the pupil's time zone; a day after `today` does not count."""
    days = set(active)
    day = today if today in days else today - timedelta(days=1)
    length = 0
    while day in days:
        length += 1
        day -= timedelta(days=1)
    return length


def streak_left(active_on: date | None, active_days: int, today: date) -> int:
    """`streak_days` on a day, from the last run of days with an act: on which day it ends, and how
    long it is. Days of it after `today` do not count; one that begins after `today` counts nothing,
    whatever came before it."""
    if active_on is None or active_on < today - timedelta(days=1):
        return 0
    ahead = max(0, (active_on - today).days)
    return max(0, active_days - ahead)


def civil_day(moment: datetime, time_zone: str) -> date:
    """The day that a moment falls on where the pupil lives."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


@dataclass(frozen=True, slots=True)
class Kpis:
    """`progress_overall` 0..1; `last_eval_score` 0..20, None before the first graded evaluation."""

    progress_overall: float
    streak_days: int
    last_eval_score: float | None
    open_task_count: int
    next_session_at: datetime | None


def kpis(facts: Any, clock: datetime) -> Kpis:
    """The key figures at an instant, from what `loaders.dashboard.facts` read of one student."""
    return Kpis(
        progress_overall=facts.progress_overall,
        streak_days=streak_left(
            facts.active_on, facts.active_days, civil_day(clock, facts.time_zone)
        ),
        last_eval_score=facts.last_eval_score,
        open_task_count=facts.open_task_count,
        next_session_at=facts.next_session_at,
    )


@dataclass(frozen=True, slots=True)
class Upcoming:
    """One thing on the calendar; `source` is the row it comes from."""

    id: UUID
    at: datetime
    kind: UpcomingKind
    title: str
    source: Any


# a `Stage` is held on the spot
SHOWN_AS = {
    SessionKind.VISIO: UpcomingKind.VISIO,
    SessionKind.PRESENTIEL: UpcomingKind.PRESENTIEL,
    SessionKind.STAGE: UpcomingKind.PRESENTIEL,
}


def upcoming(
    *,
    sessions: Iterable[Any],
    epreuves: Iterable[Any],
    tasks: Iterable[Any],
    time_zone: str,
    first: int,
) -> list[Upcoming]:
    """The next `first` things, soonest first, ties by id.

    Sessions that are not cancelled at the start of their slot, dated épreuves at the start of their
    civil day (the title says so while the date is an estimate), open tasks at their due date as
    reminders. The caller gives only what is still to come.
    """
    zone = ZoneInfo(time_zone)
    found = [
        *(Upcoming(s.id, s.slot_start, SHOWN_AS[s.kind], s.title, s) for s in sessions),
        *(
            Upcoming(
                e.id,
                datetime.combine(e.scheduled_at, time(), zone).astimezone(UTC),
                UpcomingKind.EPREUVE,
                f"{e.label} (date estimée)" if e.provisional else e.label,
                e,
            )
            for e in epreuves
        ),
        *(Upcoming(t.id, t.due_at, UpcomingKind.RAPPEL, t.label, t) for t in tasks),
    ]
    return sorted(found, key=lambda item: (item.at, str(item.id)))[:first]
