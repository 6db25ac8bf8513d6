"""What a pupil's marks come to, from what is known so far: decimals in, decimals out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

from models.curriculum import Subject
from services.estimates import (
    TOP,
    Estimate,
    Known,
    MarkOrigin,
    estimates,
    evaluation_means,
    mastery_marks,
    years_of,
)
from services.verdict import (
    ADMITTED,
    ENOUGH,
    SECOND_CHANCE,
    BacOutcome,
    SecondGroupe,
    Threshold,
    levels,
    mention,
    outcome,
    second_groupe,
    thresholds,
)

__all__ = [
    "BacOutcome",
    "BacProjection",
    "EpreuveWorth",
    "EstimatedMark",
    "MarkOrigin",
    "SecondGroupe",
    "Threshold",
    "evaluation_means",
    "mastery_marks",
    "project",
    "years_of",
]

MOST = 5
"""So many épreuves are named where there is most to do."""

TEN_THOUSANDTH = Decimal("0.0001")
"""As JSON says it: the regulation's own examples have as many digits."""

JURY = "seul le jury décide de l’admission et des mentions"
SHARED = {
    Subject.LANGUES_VIVANTES: "les langues vivantes A, B et C",
    Subject.ARTS: "la spécialité et les options d’arts",
    Subject.EPS: "l’EPS commune et l’option d’EPS",
}
"""What one subject of the vocabulary stands for: an evaluation does not say which of them."""


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
class EpreuveWorth:
    """An épreuve to come: what one more point there adds to the mean, and what all of them would.

    `room` is the mean that lies between what is expected there and 20.
    """

    epreuve: Any
    worth: float
    room: float


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
    worth_most: tuple[EpreuveWorth, ...]
    estimates: tuple[EstimatedMark, ...]
    reserve: str


def project(
    plan: Sequence[Any],
    evaluations: Known,
    mastery: Known,
    today: date,
    reserves: Sequence[str] = (),
) -> BacProjection:
    """The projection of a plan whose épreuves have code, subject, kind, weight and `mark_20`.

    The mark of an épreuve is the recorded one; without one, the mean of the evaluations graded in
    its subject and in the years it is about; without any, the mastery measured there. The mean is
    Σ(mark · weight) / Σ(weight) over what has a mark, options included: never over 100. What it
    leads to is said once half of the weights are known, the points that are missing always: over
    the whole, so that nothing is reached which could still be missed. `reserves` are said beside
    it: what is left to be checked of the pupil's case.
    """
    weights = {one.code: Decimal(str(one.weight)) for one in plan}
    whole = sum(weights.values(), Decimal())
    known = estimates(plan, evaluations, mastery)
    weight = sum((one.weight for one in known), Decimal())
    points = sum((one.mark * one.weight for one in known), Decimal())
    mean = points / weight if weight else None
    said = mean if whole and weight / whole >= ENOUGH else None
    led = None if said is None else outcome(said)
    open_ = _open(plan, known, ADMITTED if mean is None else mean, today)
    return BacProjection(
        mean_20=None if mean is None else _mean(mean),
        points=_float(points),
        denominator=_float(whole),
        known_weight=_float(weight / whole) if whole else 0.0,
        mention=None if said is None else mention(said),
        outcome=led,
        thresholds=thresholds(points, whole),
        second_groupe=(
            second_groupe(points, weight, known) if led is BacOutcome.SECOND_GROUPE else None
        ),
        weakest=tuple(one for one, _ in sorted(open_, key=_most_room)[:MOST]),
        worth_most=tuple(
            EpreuveWorth(one, _float(weights[one.code] / whole), _float(room / whole))
            for one, room in sorted(open_, key=_most_worth)[:MOST]
        ),
        estimates=tuple(
            EstimatedMark(one.epreuve, _float(one.mark), one.origin, _float(one.weight / whole))
            for one in known
        ),
        reserve=_reserve(known, weight, whole, reserves),
    )


def _open(
    plan: Sequence[Any], known: Sequence[Estimate], usual: Decimal, today: date
) -> list[tuple[Any, Decimal]]:
    """The épreuves still to come, with the points that 20 would bring there.

    One of which nothing is known counts as the mean of what is, or as 10.
    """
    marks: Mapping[str, Decimal] = {one.epreuve.code: one.mark for one in known}
    return [
        (one, Decimal(str(one.weight)) * (TOP - marks.get(one.code, usual)))
        for one in plan
        if one.mark_20 is None
        and one.weight
        and (one.window_end is None or one.window_end >= today)
        and (one.scheduled_at is None or one.scheduled_at >= today or one.provisional)
    ]


def _most_room(one: tuple[Any, Decimal]) -> tuple[Decimal, str]:
    return -one[1], one[0].code


def _most_worth(one: tuple[Any, Decimal]) -> tuple[float, Decimal, str]:
    return -one[0].weight, -one[1], one[0].code


def _reserve(
    known: Sequence[Estimate], weight: Decimal, whole: Decimal, reserves: Sequence[str]
) -> str:
    """What must be read beside the figures: how much they rest on, and what they cannot tell."""
    share = int(100 * weight / whole) if whole else 0
    texts = [f"Projection à partir de {share} % des coefficients"]
    if whole and weight / whole < ENOUGH:
        texts += ["il en faut la moitié pour dire à quoi la moyenne mènerait"]
    texts += [f"{name} : une même estimation, faute de les distinguer" for name in _shared(known)]
    return f"{' ; '.join([*texts, *reserves, JURY])}."


def _shared(known: Sequence[Estimate]) -> Iterator[str]:
    """What more than one épreuve of a year is estimated from without being told apart."""
    told = [one for one in known if one.origin is not MarkOrigin.RECORDED]
    for subject, name in SHARED.items():
        same = [one.epreuve.code for one in told if one.epreuve.subject is subject]
        years = [years_of(code) for code in same if "-PRATIQUE" not in code and "-ORAL" not in code]
        if len(years) > len(set(years)):
            yield name


def _mean(mean: Decimal) -> float:
    """Rounded, but never up to a level that it does not reach."""
    shown = mean.quantize(TEN_THOUSANDTH, ROUND_HALF_UP)
    if any(mean < level <= shown for level in (SECOND_CHANCE, *(least for _, least in levels()))):
        shown = mean.quantize(TEN_THOUSANDTH, ROUND_FLOOR)
    return float(shown)


def _float(value: Decimal) -> float:
    return float(value.quantize(TEN_THOUSANDTH, ROUND_HALF_UP))
