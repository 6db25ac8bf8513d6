"""The épreuves of a pupil, from what the pupil is and follows: values in, values out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Protocol

from models.curriculum import Dispense, EpreuveKind, ExamPath, OptionCode, Subject, Voie
from services.catalogue.regulation import RegulationEntry, RegulationPart
from services.planner.rules import Rules

A_SCHOOL_YEAR = timedelta(days=120)
"""Marks gathered over a longer time than this have no day."""

SITTINGS = {
    "ECRIT": "épreuve écrite",
    "PRATIQUE": "épreuve pratique",
    "ORAL": "épreuve orale",
}
MATHS_PAPERS = {
    Subject.MATHS: "sujet de l’enseignement de spécialité",
    Subject.MATHS_SPECIFIQUES: "sujet des mathématiques spécifiques",
    Subject.MATHS_TECHNO: "sujet de la voie technologique",
}
UNSHARED = "partage de la note non publié : comptée avec la première partie"
TO_CHECK = "à confirmer"
PUBLISHED = "période officielle, jour à préciser"
SPECIALITIES = ("E3-Specialite1", "E4-Specialite2")
PROFILES = 4096
"""So many different profiles are kept reckoned: a school has far fewer than it has pupils."""


class Examined(Protocol):
    """What a plan depends on: `StudentProfile`, or anything that says the same."""

    @property
    def exam_path(self) -> ExamPath: ...
    @property
    def voie(self) -> Voie: ...
    @property
    def exam_session(self) -> int: ...
    @property
    def specialities(self) -> tuple[Subject, ...]: ...
    @property
    def specialite_abandonnee(self) -> Subject | None: ...
    @property
    def options(self) -> tuple[OptionCode, ...]: ...
    @property
    def dispenses(self) -> tuple[Dispense, ...]: ...


@dataclass(frozen=True, slots=True)
class PlannedEpreuve:
    """One sitting, or one mark, of a plan.

    `weight` is its own share of the coefficient. `scheduled_at` is the day where the window has
    only one, else the first day it can be, one speciality a day; None for what is marked all year
    long. `provisional` is False only where an official text names that one day. `over` says that
    its window has passed.
    """

    code: str
    label: str
    subject: Subject | None
    kind: EpreuveKind
    weight: Decimal
    scheduled_at: date | None
    provisional: bool
    window_start: date | None
    window_end: date | None
    format: str
    duration_min: int | None
    reference: str | None
    over: bool
    published: bool
    """An official text names its window, be it of several days."""


def plan(profile: Examined, rules: Rules, today: date) -> tuple[PlannedEpreuve, ...]:
    """The épreuves of a profile, in the regulation's order, options last.

    Without options and dispensations the weights add up to 100; an option adds to that, what a
    dispensation takes away leaves the denominator. A speciality whose parts are held at different
    times is one entry for each: the first keeps the code, the others add the part's name to it.
    A session that has no regulation takes that of the nearest one: its windows move by whole years
    to the nearest same day of the week, everything is provisional, and the reference says so.
    Raises IncompatibleChoice where the regulation does not allow what was chosen.
    """
    undated = _plan(
        rules,
        profile.exam_path,
        profile.voie,
        profile.exam_session,
        profile.specialities,
        profile.specialite_abandonnee,
        profile.options,
        profile.dispenses,
    )
    return tuple(
        replace(one, over=True) if one.window_end and one.window_end < today else one
        for one in undated
    )


def total_weight(planned: Iterable[PlannedEpreuve]) -> Decimal:
    """The sum of the coefficients without options: 100, less what was dispensed."""
    return sum(
        (one.weight for one in planned if one.kind is not EpreuveKind.OPTION), start=Decimal()
    )


@lru_cache(maxsize=PROFILES)
def _plan(
    rules: Rules,
    exam_path: ExamPath,
    voie: Voie,
    session: int,
    specialities: tuple[Subject, ...],
    abandonnee: Subject | None,
    options: tuple[OptionCode, ...],
    dispenses: tuple[Dispense, ...],
) -> tuple[PlannedEpreuve, ...]:
    model = min(rules.sessions, key=lambda known: (abs(known - session), known))
    entries = rules.reglement(exam_path, voie, model, specialities, abandonnee, options)
    kept = (one for one in entries if not rules.neutralised(one.code, dispenses))
    found = _one_a_day([sitting for entry in kept for sitting in _sittings(entry)])
    return tuple(_said(_moved(one, model, session)) for one in found)


def _sittings(entry: RegulationEntry) -> Iterator[PlannedEpreuve]:
    """The entry as it is, or one for each time at which it is examined."""
    held: dict[str, list[RegulationPart]] = {}
    for part in entry.parts:
        held.setdefault(part.window, []).append(part)
    whole = _planned(entry)
    if len(held) < 2:
        text = _format(entry, entry.format)
        yield whole if text == whole.format else replace(whole, format=text)
        return
    # the sitting that dates the épreuve comes first and keeps its code
    dated = (entry.window_start, entry.window_end)
    groups = sorted(held.values(), key=lambda parts: _window(parts[0]) != dated)
    known = all(part.share is not None for part in entry.parts)
    for place, parts in enumerate(groups):
        texts = [" ; ".join(part.format for part in parts)]
        texts += [UNSHARED] if place and not known else []
        first = parts[0]
        yield replace(
            whole,
            code=entry.code if not place else f"{entry.code}-{first.code}",
            label=f"{entry.label}, {SITTINGS.get(first.code, 'autre épreuve')}",
            weight=_weight(whole.weight, parts) if known else Decimal() if place else whole.weight,
            format=_format(entry, " ; ".join(texts)),
            duration_min=sum(part.duration_min for part in parts),
            reference=first.reference,
            **_dates(first.window_start, first.window_end, guessed=first.provisional),
        )


def _planned(entry: RegulationEntry) -> PlannedEpreuve:
    return PlannedEpreuve(
        code=entry.code,
        label=entry.label,
        subject=entry.subject,
        kind=entry.kind,
        weight=Decimal(str(entry.weight)),
        format=entry.format,
        duration_min=entry.duration_min,
        reference=entry.reference,
        over=False,
        **_dates(entry.window_start, entry.window_end, guessed=entry.provisional),
    )


def _format(entry: RegulationEntry, text: str) -> str:
    paper = MATHS_PAPERS.get(entry.subject) if entry.subject else None
    texts = [text]
    texts += [paper] if entry.code == "EA-Maths" and paper else []
    texts += [TO_CHECK] if entry.uncertain else []
    return " ; ".join(texts)


def _window(part: RegulationPart) -> tuple[date, date]:
    return part.window_start, part.window_end


def _weight(whole: Decimal, parts: Sequence[RegulationPart]) -> Decimal:
    return whole * sum((Decimal(str(part.share)) for part in parts), start=Decimal())


def _dates(start: date | None, end: date | None, *, guessed: bool) -> dict[str, Any]:
    day = None if start is None or end is None or end - start > A_SCHOOL_YEAR else start
    return {
        "window_start": start,
        "window_end": end,
        "scheduled_at": day,
        "provisional": guessed or day is None or start != end,
        "published": not guessed,
    }


def _one_a_day(found: list[PlannedEpreuve]) -> list[PlannedEpreuve]:
    """The written specialities take a day each: where both could begin on one, one waits."""
    places = {one.code: place for place, one in enumerate(found) if one.code in SPECIALITIES}
    first, second = (found[places[code]] for code in SPECIALITIES)
    if first.scheduled_at is None or first.scheduled_at != second.scheduled_at:
        return found
    next_day = first.scheduled_at + timedelta(days=1)
    for one in (second, first):
        if one.window_end and one.window_end >= next_day:
            found[places[one.code]] = replace(one, scheduled_at=next_day)
            break
    return found


def _said(planned: PlannedEpreuve) -> PlannedEpreuve:
    """A window that is published, but leaves the day open, is no guess: the format says so."""
    if not (planned.published and planned.provisional and planned.scheduled_at):
        return planned
    return replace(planned, format=f"{planned.format} ; {PUBLISHED}")


def _moved(planned: PlannedEpreuve, model: int, session: int) -> PlannedEpreuve:
    """The same in a session that has no regulation of its own yet, or no longer."""
    if model == session:
        return planned
    found = f"projection d’après la session {model}"
    texts = [found, planned.reference] if planned.reference else [found]
    return replace(
        planned,
        scheduled_at=_same_weekday(planned.scheduled_at, session - model),
        window_start=_same_weekday(planned.window_start, session - model),
        window_end=_same_weekday(planned.window_end, session - model),
        provisional=True,
        published=False,
        reference=" ; ".join(texts),
    )


def _same_weekday(day: date | None, years: int) -> date | None:
    """The nearest day of the same name, so many years away."""
    if day is None:
        return None
    there = day.replace(year=day.year + years, day=min(day.day, 28))
    there += timedelta(days=day.day - min(day.day, 28))
    return there + timedelta(days=(day.weekday() - there.weekday() + 3) % 7 - 3)
