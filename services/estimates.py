"""The mark of an épreuve, as it is recorded or as what is known of its subject lets one expect."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from models.curriculum import EpreuveKind, Subject, Track

TOP = Decimal(20)
RECENT = 6
"""So many evaluations of a subject and year make its mean: the latest."""

PREMIERE = ("EA-", "CC1-", "EP1-", "OPT1-")
CYCLE = ("EPC-", "OPTC-")
INTEGER, TENTH, HUNDREDTH = Decimal(1), Decimal("0.1"), Decimal("0.01")

MATHS_SHARE = {
    "CC1-EnsScientifique": Decimal("0.4"),  # 40 % of the year's mean
    "EP1-EnsScientifique": Decimal("0.4"),  # 12 + 8 points
    "EPC-EnsScientifique": Decimal("0.2"),  # 16 + 4 points
}
"""What the mathématiques spécifiques are of the enseignement scientifique, where followed."""

Known = Mapping[tuple[Subject, Track], Decimal]


class MarkOrigin(StrEnum):
    """Where an estimated mark comes from, the surest first."""

    RECORDED = "RECORDED"
    EVALUATIONS = "EVALUATIONS"
    MASTERY = "MASTERY"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mark out of 20 of an épreuve that weighs something, and where it comes from."""

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
    return {key: _mean(some) for key, some in found.items()}


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
    return {
        key: (TOP * sums[key] / counts[key]).quantize(HUNDREDTH, ROUND_HALF_UP)
        for key in sums
        if counts[key]
    }


def estimates(plan: Sequence[Any], evaluations: Known, mastery: Known) -> list[Estimate]:
    """The épreuves of a plan that have a mark, or whose mark something lets one expect.

    The recorded mark counts as it is. An expected one is the mean of what is known of the subject
    in the years that the épreuve is about, rounded as the regulation rounds the mark it stands for:
    the contrôle continu up to the tenth, EPS to the nearest integer. The enseignement scientifique
    of première contains the mathématiques spécifiques where the pupil follows them.
    """
    speciality = any(one.code == "EA-Maths" and one.subject is Subject.MATHS for one in plan)
    shares = {} if speciality else MATHS_SHARE
    found = (_estimate(one, evaluations, mastery, shares) for one in plan if one.weight)
    return [one for one in found if one]


def years_of(code: str) -> tuple[Track, ...]:
    """The years whose programme an épreuve is about."""
    if code.startswith(CYCLE):
        return (Track.PREMIERE, Track.TERMINALE)
    return (Track.PREMIERE,) if code.startswith(PREMIERE) else (Track.TERMINALE,)


def _estimate(
    epreuve: Any, evaluations: Known, mastery: Known, shares: Mapping[str, Decimal]
) -> Estimate | None:
    weight = Decimal(str(epreuve.weight))
    if epreuve.mark_20 is not None:
        mark = Decimal(str(epreuve.mark_20))
        return Estimate(epreuve, weight, mark, MarkOrigin.RECORDED)
    for known, origin in (
        (evaluations, MarkOrigin.EVALUATIONS),
        (mastery, MarkOrigin.MASTERY),
    ):
        expected = _expected(epreuve, known, shares.get(epreuve.code, Decimal()))
        if expected is not None:
            return Estimate(epreuve, weight, _rounded(epreuve, expected), origin)
    return None


def _expected(epreuve: Any, known: Known, share: Decimal) -> Decimal | None:
    """The mean over the épreuve's years; `share` of it is of the mathématiques spécifiques."""
    years = [(epreuve.subject, year) for year in years_of(epreuve.code)]
    marks = [known[year] for year in years if year in known]
    if not marks:
        return None
    maths = known.get((Subject.MATHS_SPECIFIQUES, Track.PREMIERE)) if share else None
    mean = _mean(marks)
    return mean if maths is None else mean * (1 - share) + maths * share


def _rounded(epreuve: Any, mark: Decimal) -> Decimal:
    if epreuve.kind is not EpreuveKind.CONTROLE_CONTINU:
        return mark.quantize(HUNDREDTH, ROUND_HALF_UP)
    if epreuve.subject is Subject.EPS:
        return mark.quantize(INTEGER, ROUND_HALF_UP)
    return mark.quantize(TENTH, ROUND_CEILING)


def _mean(marks: Sequence[Decimal]) -> Decimal:
    return (sum(marks, Decimal()) / len(marks)).quantize(HUNDREDTH, ROUND_HALF_UP)
