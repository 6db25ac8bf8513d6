"""What the planner asks of the regulation, as one value: a plan is reckoned from it alone."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from models.curriculum import Dispense, ExamPath, OptionCode, Subject, Voie
from services.catalogue.dispensations import neutralised
from services.catalogue.regulation import RegulationEntry, known_sessions, reglement

Reglement = Callable[
    [ExamPath, Voie, int, Sequence[Subject], Subject | None, Sequence[OptionCode]],
    list[RegulationEntry],
]


@dataclass(frozen=True, slots=True)
class Rules:
    """The sessions that have a regulation, their épreuves, and what a dispensation takes away."""

    sessions: tuple[int, ...]
    reglement: Reglement
    neutralised: Callable[[str, Iterable[Dispense]], bool]


@cache
def official_rules() -> Rules:
    """The regulation of the catalogue."""
    return Rules(known_sessions(), reglement, neutralised)
