"""What a dispensation takes out of a plan, and for whom the regulation knows it."""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache

from models.curriculum import Dispense, ExamPath, Voie
from services.catalogue.exam_paths import PATH_NAMES, PATHS
from services.catalogue.records import repeated
from services.catalogue.rule_records import Neutralisation
from services.catalogue.sources import examination

OF_ONE_BRANCH = {
    Dispense.TECHNO_VERS_GENERALE: "generale",
    Dispense.GENERALE_VERS_TECHNO: "technologique",
    Dispense.CHANGEMENT_DE_SERIE: "technologique",
}
OF_REPEATERS = 2027
"""The one session in which a repeater never sat the mathematics of première."""


def neutralisation(dispense: Dispense) -> Neutralisation:
    """The case of the regulation that a dispensation stands for."""
    return next(one for one in examination().rules.neutralisations if one.code is dispense)


def reserves(dispenses: Iterable[Dispense]) -> tuple[str, ...]:
    """What the regulation leaves to be checked of these cases, in words."""
    notes = ((neutralisation(one).cas, neutralisation(one).note) for one in dispenses)
    return tuple(f"{case} : {note}" for case, note in notes if note)


def neutralised(code: str, dispenses: Iterable[Dispense]) -> bool:
    """Whether one of the dispensations takes the épreuve of this code out of the reckoning."""
    return any(
        fnmatchcase(code, pattern) for one in dispenses for pattern in neutralisation(one).retire
    )


@cache
def _is_reckoned(dispense: Dispense, exam_path: ExamPath, branch: str) -> bool:
    """Whether what is taken out of a plan of this path leaves the denominator of the regulation."""
    case = neutralisation(dispense)
    profile = PATHS[exam_path].profile
    return any(
        case.denominateur
        == sum(one.weight for one in plan.items if not neutralised(one.code, (dispense,)))
        for plan in examination().plans
        if (plan.voie, plan.profile) == (branch, profile)
    )


def violations(
    dispenses: Sequence[Dispense], exam_path: ExamPath, voie: Voie, session: int
) -> Iterator[str]:
    """Every reason why these dispensations cannot stand beside this profile."""
    for twice in repeated(dispenses):
        yield f"{neutralisation(twice).cas} : cette dispense est donnée deux fois"
    branch = "generale" if voie is Voie.GENERALE else "technologique"
    for one in dict.fromkeys(dispenses):
        case = neutralisation(one).cas
        if OF_ONE_BRANCH.get(one, branch) != branch:
            yield f"{case} : ce cas n’est pas celui de cette voie"
        if (
            one is Dispense.VOIE_PROFESSIONNELLE
            and exam_path is not ExamPath.SCOLARISE_EX_LIBRE_SANS_PONCTUELLES
        ):
            # the means of terminale count double there: the regulation's own way to reckon the case
            name = PATH_NAMES[ExamPath.SCOLARISE_EX_LIBRE_SANS_PONCTUELLES]
            yield f"{case} : ce cas suit le parcours « {name} »"
        elif branch == OF_ONE_BRANCH.get(one, branch) and not _is_reckoned(one, exam_path, branch):
            yield f"{case} : aucun texte connu ne dit comment ce cas se compte dans ce parcours"
        if one is Dispense.MATHS_ANTICIPEES and session != OF_REPEATERS:
            yield f"{case} : seule la session {OF_REPEATERS} connaît ce cas"
