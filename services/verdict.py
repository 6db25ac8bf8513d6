"""What a mean would lead to before the jury, and what the second chance would be about."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from typing import Any

from models.curriculum import EpreuveKind, Subject
from services.catalogue.sources import examination
from services.estimates import HUNDREDTH, TOP, Estimate

ADMITTED = Decimal(10)
SECOND_CHANCE = Decimal(8)
ENOUGH = Decimal("0.5")
"""Of less than this share of the weights, no mean says what it would lead to."""

SPECIALITIES = ("E3-Specialite1", "E4-Specialite2")
MATHS = {Subject.MATHS, Subject.MATHS_SPECIFIQUES, Subject.MATHS_TECHNO}


class BacOutcome(StrEnum):
    """What a mean leads to, before the jury."""

    PREMIER_GROUPE = "PREMIER_GROUPE"
    SECOND_GROUPE = "SECOND_GROUPE"
    AJOURNE = "AJOURNE"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A mean that counts: `points_missing` of the whole reckoning, 0 where it cannot be missed."""

    label: str
    min_20: float
    points_missing: float


@dataclass(frozen=True, slots=True)
class SecondGroupe:
    """The oral exams of the second chance, which a mean from 8 to below 10 opens.

    `points_missing` over what is known. `orals`: the written épreuves in which the same better
    mark brings most, mathématiques once; the written sitting stands for the whole épreuve.
    """

    points_missing: float
    oral_count: int
    orals: tuple[Any, ...]
    rule: str


def levels() -> Iterator[tuple[str, Decimal]]:
    """Admission, then the honours: what each is called and the mean it begins at."""
    yield "Admission", ADMITTED
    yield from ((one.label, Decimal(str(one.min))) for one in examination().rules.mentions)


def mention(mean: Decimal) -> str | None:
    """The honour whose threshold the mean reaches; there is none under 12."""
    reached = [one for one in examination().rules.mentions if mean >= Decimal(str(one.min))]
    return max(reached, key=lambda one: one.min).label if reached else None


def outcome(mean: Decimal) -> BacOutcome:
    """What the regulation does with a mean."""
    if mean >= ADMITTED:
        return BacOutcome.PREMIER_GROUPE
    return BacOutcome.SECOND_GROUPE if mean >= SECOND_CHANCE else BacOutcome.AJOURNE


def thresholds(points: Decimal, whole: Decimal) -> tuple[Threshold, ...]:
    """Each level with the points that what is not known yet must still bring; none without plan."""
    if not whole:
        return ()
    return tuple(
        Threshold(label, float(least), missing(least, points, whole)) for label, least in levels()
    )


def missing(least: Decimal, points: Decimal, weight: Decimal) -> float:
    """The points that these lack of a mean over this weight; to the hundredth, never too few."""
    return float(max(least * weight - points, Decimal()).quantize(HUNDREDTH, ROUND_CEILING))


def second_groupe(points: Decimal, weight: Decimal, known: Sequence[Estimate]) -> SecondGroupe:
    """The second chance of who has these points over this weight."""
    rule = examination().rules.second_groupe
    chosen: list[Estimate] = []
    for one in sorted(_written(known), key=_gain):
        if len(chosen) < rule.nombre_oraux and not _again(one, chosen):
            chosen.append(one)
    return SecondGroupe(
        points_missing=missing(ADMITTED, points, weight),
        oral_count=rule.nombre_oraux,
        orals=tuple(one.epreuve for one in chosen),
        rule=f"{rule.disciplines} ; {rule.note}",
    )


def _gain(one: Estimate) -> tuple[Decimal, str]:
    return -one.weight * (TOP - one.mark), one.epreuve.code


def _written(known: Sequence[Estimate]) -> Iterator[Estimate]:
    """The épreuves with a written sitting, their sittings joined: an oral replaces the whole."""
    sittings: defaultdict[str, list[Estimate]] = defaultdict(list)
    for one in known:
        sittings[_whole(one.epreuve.code)].append(one)
    for parts in sittings.values():
        written = next((one for one in parts if _is_written(one.epreuve)), None)
        if written:
            weight = sum((one.weight for one in parts), Decimal())
            points = sum((one.weight * one.mark for one in parts), Decimal())
            yield Estimate(written.epreuve, weight, points / weight, written.origin)


def _whole(code: str) -> str:
    """The épreuve that a sitting is part of."""
    return next((slot for slot in SPECIALITIES if code.startswith(slot)), code)


def _is_written(epreuve: Any) -> bool:
    """A written épreuve of the exam itself, not of the year."""
    held = epreuve.kind in (EpreuveKind.ANTICIPEE, EpreuveKind.TERMINALE)
    return held and epreuve.format.startswith(("écrit", "épreuve écrite"))


def _again(one: Estimate, chosen: Sequence[Estimate]) -> bool:
    """Mathématiques are taken once, as the speciality or as the épreuve anticipée."""
    return _is_maths(one.epreuve) and any(_is_maths(other.epreuve) for other in chosen)


def _is_maths(epreuve: Any) -> bool:
    return epreuve.subject in MATHS or epreuve.code == "EA-Maths"
