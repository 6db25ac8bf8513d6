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

PATH_NAMES: Mapping[ExamPath, str] = {
    ExamPath.SCOLARISE: "scolarisé les deux années",
    ExamPath.LIBRE_DEUX_SERIES: "candidat libre, ponctuelles en première et en terminale",
    ExamPath.LIBRE_FIN_DE_CYCLE: "candidat libre, ponctuelles en fin de cycle",
    ExamPath.LIBRE_UN_AN: "candidat libre, tout la même année",
    ExamPath.LIBRE_EX_SCOLARISE: "candidat libre en terminale après une première scolarisée",
    ExamPath.SCOLARISE_EX_LIBRE_PONCTUELLES: "scolarisé en terminale, ponctuelles de première",
    ExamPath.SCOLARISE_EX_LIBRE_SANS_PONCTUELLES: ("scolarisé en terminale, sans note de première"),
}
"""The paths as a person reads them."""

PATH_OF_PROFILE: Mapping[str, ExamPath] = {rule.profile: path for path, rule in PATHS.items()}
