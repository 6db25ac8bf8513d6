"""The seven exam paths: what the data files call them and how each year's lessons are marked."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from models.curriculum import ExamPath


class Marking(Enum):
    """How the marks of a year come about."""

    BULLETIN = auto()
    """The year's mean at school."""
    PONCTUELLE = auto()
    """A one-off exam on the year's programme."""
    CYCLE = auto()
    """One one-off exam on both years' programme, at the end."""
    NONE = auto()
    """Not at all: the other year counts for it."""


@dataclass(frozen=True, slots=True)
class PathRule:
    """An exam path: its profile in the data, and how première and terminale are marked."""

    profile: str
    premiere: Marking
    terminale: Marking

    @property
    def libre(self) -> bool:
        """Whether the pupil sits the specialities as a candidat libre, without practical parts."""
        return self.terminale is not Marking.BULLETIN


_M = Marking

PATHS: Mapping[ExamPath, PathRule] = {
    ExamPath.SCOLARISE: PathRule("scolarise", _M.BULLETIN, _M.BULLETIN),
    ExamPath.LIBRE_DEUX_SERIES: PathRule("libre_deux_series", _M.PONCTUELLE, _M.PONCTUELLE),
    ExamPath.LIBRE_FIN_DE_CYCLE: PathRule("libre_fin_de_cycle", _M.CYCLE, _M.CYCLE),
    ExamPath.LIBRE_UN_AN: PathRule("libre_un_an", _M.CYCLE, _M.CYCLE),
    ExamPath.LIBRE_EX_SCOLARISE: PathRule("libre_ex_scolarise", _M.BULLETIN, _M.PONCTUELLE),
    ExamPath.SCOLARISE_EX_LIBRE_PONCTUELLES: PathRule(
        "scolarise_ex_libre_ponctuelles_1re", _M.PONCTUELLE, _M.BULLETIN
    ),
    ExamPath.SCOLARISE_EX_LIBRE_SANS_PONCTUELLES: PathRule(
        "scolarise_ex_libre_sans_ponctuelles", _M.NONE, _M.BULLETIN
    ),
}

PATH_OF_PROFILE: Mapping[str, ExamPath] = {rule.profile: path for path, rule in PATHS.items()}
