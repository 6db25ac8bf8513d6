"""What a pupil's marks come to, from what is known so far: decimals in, decimals out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from models.curriculum import EpreuveKind, Subject, Track
from services.catalogue.sources import examination

ADMITTED = Decimal(10)
SECOND_CHANCE = Decimal(8)
TOP = Decimal(20)
RECENT = 6
"""So many evaluations of a subject and year make its mean: the latest."""

WEAKEST = 5
PREMIERE = ("EA-", "CC1-", "EP1-", "OPT1-")
CYCLE = ("EPC-", "OPTC-")
RESERVE = (
    "Projection à partir de ce qui est connu : seul le jury décide de l’admission et des mentions."
)

Known = Mapping[tuple[Subject, Track], Decimal]


class MarkOrigin(StrEnum):
    """Where an estimated mark comes from, the surest first."""

    RECORDED = "RECORDED"
    EVALUATIONS = "EVALUATIONS"
    MASTERY = "MASTERY"


class BacOutcome(StrEnum):
    """What a mean leads to, before the jury."""

    PREMIER_GROUPE = "PREMIER_GROUPE"
    SECOND_GROUPE = "SECOND_GROUPE"
    AJOURNE = "AJOURNE"


@dataclass(frozen=True, slots=True)
class EstimatedMark:
    """An épreuve whose mark is known or estimated, out of 20, and how.

    `worth`: what one more point there adds to the mean of the whole baccalauréat.
    """

    epreuve: Any
    mark_20: float
    origin: MarkOrigin
    worth: float


@dataclass(frozen=True, slots=True)
class Threshold:
    """A mean that counts: `points_missing` are those of the reckoning, 0 where it is reached."""

    label: str
    min_20: float
    points_missing: float


@dataclass(frozen=True, slots=True)
class SecondGroupe:
    """The oral exams of the second chance, which a mean from 8 to below 10 opens.

    `orals`: the written épreuves in which the same better mark brings most, mathématiques once.
    """

    points_missing: float
    oral_count: int
    orals: tuple[Any, ...]
    rule: str


@dataclass(frozen=True, slots=True)
class BacProjection:
    """The mean out of 20 over what is known, and what would move it."""

    mean_20: float | None
    points: float
    denominator: float
    known_weight: float
    mention: str | None
    outcome: BacOutcome | None
    thresholds: tuple[Threshold, ...]
    second_groupe: SecondGroupe | None
    weakest: tuple[Any, ...]
    estimates: tuple[EstimatedMark, ...]
    reserve: str = RESERVE


@dataclass(frozen=True, slots=True)
class _Estimate:
    epreuve: Any
    weight: Decimal
    mark: Decimal
    origin: MarkOrigin


def evaluation_means(marks: Iterable[tuple[Subject, Track, float]]) -> Known:
    """The mean out of 20 of the latest six graded evaluations of each subject and year.

    `marks` come latest first.
    """
    found: defaultdict[tuple[Subject, Track], list[Decimal]] = defaultdict(list)
    for subject, track, score in marks:
        if len(found[subject, track]) < RECENT:
            found[subject, track].append(Decimal(str(score)))
    return {key: _hundredth(sum(some, Decimal()) / len(some)) for key, some in found.items()}


def mastery_marks(measured: Iterable[tuple[Subject, Track, float, int]]) -> Known:
    """Mastery as a mark: 20 times the mean over a subject's measured competences of the year.

    A stated proxy, for it is no mark: it stands in only where nobody has marked anything.
    `measured` are sums of mastery (0..1) with how many competences each sums up.
    """
    sums: defaultdict[tuple[Subject, Track], Decimal] = defaultdict(Decimal)
    counts: defaultdict[tuple[Subject, Track], int] = defaultdict(int)
    for subject, track, total, count in measured:
        sums[subject, track] += Decimal(str(total))
        counts[subject, track] += count
    return {key: _hundredth(TOP * sums[key] / counts[key]) for key in sums if counts[key]}


def project(plan: Sequence[Any], evaluations: Known, mastery: Known, today: date) -> BacProjection:
    """The projection of a plan whose épreuves have code, subject, kind, weight and `mark_20`.

    The mark of an épreuve is the recorded one; without one, the mean of the evaluations graded in
    its subject and in the years it is about; without any, the mastery measured there. The mean is
    Σ(mark · weight) / Σ(weight) over what has a mark, options included: never over 100.
    """
    weights = {one.code: Decimal(str(one.weight)) for one in plan}
    whole = sum(weights.values(), Decimal())
    known = [
        found for one in plan if (found := _estimate(one, weights[one.code], evaluations, mastery))
    ]
    weight = sum((one.weight for one in known), Decimal())
    points = sum((one.mark * one.weight for one in known), Decimal())
    mean = points / weight if weight else None
    return BacProjection(
        mean_20=None if mean is None else _float(mean),
        points=_float(points),
        denominator=_float(whole),
        known_weight=_float(weight / whole) if whole else 0.0,
        mention=_mention(mean),
        outcome=_outcome(mean),
        thresholds=_thresholds(mean, weight),
        second_groupe=_second_groupe(mean, weight, known),
        weakest=_weakest(plan, weights, {one.epreuve.code: one.mark for one in known}, mean, today),
        estimates=tuple(
            EstimatedMark(one.epreuve, _float(one.mark), one.origin, _float(one.weight / whole))
            for one in known
            if whole
        ),
    )


def years_of(code: str) -> tuple[Track, ...]:
    """The years whose programme an épreuve is about."""
    if code.startswith(CYCLE):
        return (Track.PREMIERE, Track.TERMINALE)
    return (Track.PREMIERE,) if code.startswith(PREMIERE) else (Track.TERMINALE,)


def _estimate(
    epreuve: Any, weight: Decimal, evaluations: Known, mastery: Known
) -> _Estimate | None:
    if not weight:
        return None
    if epreuve.mark_20 is not None:
        mark = Decimal(str(epreuve.mark_20))
        return _Estimate(epreuve, weight, mark, MarkOrigin.RECORDED)
    for known, origin in (
        (evaluations, MarkOrigin.EVALUATIONS),
        (mastery, MarkOrigin.MASTERY),
    ):
        years = [(epreuve.subject, year) for year in years_of(epreuve.code)]
        marks = [known[year] for year in years if year in known]
        if marks:
            mean = _hundredth(sum(marks, Decimal()) / len(marks))
            return _Estimate(epreuve, weight, mean, origin)
    return None


def _mention(mean: Decimal | None) -> str | None:
    """The honour whose threshold the mean reaches; there is none under 12."""
    if mean is None:
        return None
    reached = [one for one in examination().rules.mentions if mean >= Decimal(str(one.min))]
    return max(reached, key=lambda one: one.min).label if reached else None


def _outcome(mean: Decimal | None) -> BacOutcome | None:
    if mean is None:
        return None
    if mean >= ADMITTED:
        return BacOutcome.PREMIER_GROUPE
    return BacOutcome.SECOND_GROUPE if mean >= SECOND_CHANCE else BacOutcome.AJOURNE


def _thresholds(mean: Decimal | None, weight: Decimal) -> tuple[Threshold, ...]:
    """Admission, then the honours, each with the points that are missing over what is known."""
    levels = [("Admission", ADMITTED)]
    levels += [(one.label, Decimal(str(one.min))) for one in examination().rules.mentions]
    return tuple(
        Threshold(label, float(least), _missing(mean, least, weight)) for label, least in levels
    )


def _missing(mean: Decimal | None, least: Decimal, weight: Decimal) -> float:
    lacking = (least - (mean or Decimal())) * weight
    return float(max(lacking, Decimal()).quantize(Decimal("0.01"), ROUND_CEILING))


def _second_groupe(
    mean: Decimal | None, weight: Decimal, known: Sequence[_Estimate]
) -> SecondGroupe | None:
    if mean is None or _outcome(mean) is not BacOutcome.SECOND_GROUPE:
        return None
    rule = examination().rules.second_groupe
    written = sorted(
        (one for one in known if _is_written(one.epreuve)),
        key=lambda one: (-one.weight * (TOP - one.mark), one.epreuve.code),
    )
    chosen: list[_Estimate] = []
    for one in written:
        if len(chosen) < rule.nombre_oraux and not _again(one, chosen):
            chosen.append(one)
    return SecondGroupe(
        points_missing=_missing(mean, ADMITTED, weight),
        oral_count=rule.nombre_oraux,
        orals=tuple(one.epreuve for one in chosen),
        rule=f"{rule.disciplines} ; {rule.note}",
    )


def _is_written(epreuve: Any) -> bool:
    """A written épreuve of the exam itself, not of the year."""
    held = epreuve.kind in (EpreuveKind.ANTICIPEE, EpreuveKind.TERMINALE)
    return held and epreuve.format.startswith(("écrit", "épreuve écrite"))


MATHS = {Subject.MATHS, Subject.MATHS_SPECIFIQUES, Subject.MATHS_TECHNO}


def _again(one: _Estimate, chosen: Sequence[_Estimate]) -> bool:
    """Mathématiques are taken once, as the speciality or as the épreuve anticipée."""
    return one.epreuve.subject in MATHS and any(c.epreuve.subject in MATHS for c in chosen)


def _weakest(
    plan: Sequence[Any],
    weights: Mapping[str, Decimal],
    marks: Mapping[str, Decimal],
    mean: Decimal | None,
    today: date,
) -> tuple[Any, ...]:
    """The épreuves still to come where there is most to gain: weight times what 20 leaves.

    One of which nothing is known counts as the mean of what is, or as 10. At most five.
    """
    usual = ADMITTED if mean is None else mean
    coming = [
        one
        for one in plan
        if one.mark_20 is None
        and weights[one.code]
        and (one.window_end is None or one.window_end >= today)
        and (one.scheduled_at is None or one.scheduled_at >= today or one.provisional)
    ]
    gain = {one.code: weights[one.code] * (TOP - marks.get(one.code, usual)) for one in coming}
    coming.sort(key=lambda one: (-gain[one.code], one.code))
    return tuple(coming[:WEAKEST])


def _hundredth(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _float(value: Decimal) -> float:
    """As JSON says it: ten-thousandths, for the regulation's own examples have as many."""
    return float(value.quantize(Decimal("0.0001"), ROUND_HALF_UP))
