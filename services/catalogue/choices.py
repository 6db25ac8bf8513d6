"""Which specialities and options a pupil may combine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from models.curriculum import OptionCode, Subject, Voie
from services.catalogue.exam_records import Option, Series
from services.catalogue.records import branch_of, repeated
from services.catalogue.sources import examination
from services.catalogue.subjects import (
    OPTION_CODES,
    SERIES_PREMIERE,
    NoSubject,
    subject_label,
    subject_of,
)

OF_PREMIERE = 3
"""So many specialities has a pupil of première générale."""

Argument = Literal["specialities", "specialite_abandonnee", "options"]


@dataclass(frozen=True, slots=True)
class Violation:
    """One reason why a choice cannot stand, and the argument that it is about."""

    argument: Argument
    message: str


class IncompatibleChoice(ValueError):
    """The regulation does not allow this combination; `violations` has every reason."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__(" ; ".join(violation.message for violation in violations))
        self.violations = tuple(violations)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a pupil has chosen, as far as it is known.

    `specialities` are the three of première, of which one may already be `abandonnee`, or the two
    of terminale, without it. In a technological series they change nothing: the series decides.
    """

    voie: Voie
    specialities: tuple[Subject, ...] = ()
    abandonnee: Subject | None = None
    options: tuple[OptionCode, ...] = ()

    def kept(self) -> tuple[Subject, ...]:
        """The specialities of terminale in order, as far as they are decided: two at most."""
        if self.voie is not Voie.GENERALE:
            return series_subjects(self.voie)
        kept = tuple(one for one in self.specialities if one is not self.abandonnee)
        return kept if len(kept) <= 2 else ()

    def maths_in_premiere(self) -> bool | None:
        """Whether the speciality mathématiques is followed in première; None where it is open."""
        followed = {*self.specialities, self.abandonnee} - {None}
        if Subject.MATHS in followed:
            return True
        return False if len(followed) == OF_PREMIERE or self.voie is not Voie.GENERALE else None

    def violations(self) -> tuple[Violation, ...]:
        """Every reason why this choice cannot stand; none if it can."""
        return (
            *(Violation("specialities", message) for message in self._wrong_specialities()),
            *(Violation("specialite_abandonnee", message) for message in self._wrong_abandonnee()),
            *(Violation("options", message) for message in self._wrong_options()),
        )

    def _wrong_specialities(self) -> Iterator[str]:
        allowed = speciality_subjects(self.voie)
        for subject in repeated(self.specialities):
            yield f"la spécialité {subject_label(subject)} est choisie deux fois"
        for subject in dict.fromkeys(self.specialities):
            if subject not in allowed:
                yield f"{subject_label(subject)} n’est pas une spécialité de {voie_name(self.voie)}"
        if self.voie is Voie.GENERALE and len({*self.specialities, self.abandonnee} - {None}) > 3:
            yield "trois spécialités au plus, celle abandonnée en fin de première comprise"

    def _wrong_abandonnee(self) -> Iterator[str]:
        given_up = self.abandonnee
        if given_up is None:
            return
        if self.voie is not Voie.GENERALE:
            if given_up is not SERIES_PREMIERE[self.voie]:
                label = subject_label(given_up)
                yield f"{label} n’est pas la spécialité de première de {voie_name(self.voie)}"
        elif given_up not in speciality_subjects(self.voie):
            yield f"{subject_label(given_up)} n’est pas une spécialité de {voie_name(self.voie)}"
        elif given_up in self.specialities and len(self.specialities) <= 2:
            label = subject_label(given_up)
            yield f"{label} ne peut être à la fois gardée en terminale et abandonnée"

    def _wrong_options(self) -> Iterator[str]:
        branch = branch_of(self.voie)
        for code in repeated(self.options):
            yield f"l’option {option(code).label} est choisie deux fois"
        chosen = [option(code) for code in dict.fromkeys(self.options)]
        for one in chosen:
            if branch not in one.voies:
                yield f"l’option {one.label} n’existe pas dans {voie_name(self.voie)}"
        yield from self._wrong_maths()
        cap = examination().options.plafonds[branch]
        counted = [one for one in chosen if not one.hors_plafond]
        if sum("1re" in one.levels for one in counted) > cap.max_1re:
            yield f"options suivies dès la première : {cap.max_1re} au plus, latin et grec en sus"
        if sum("Tle" in one.levels for one in counted) > cap.max_tle:
            yield f"options de terminale : {cap.max_tle} au plus, latin et grec en sus"

    def _wrong_maths(self) -> Iterator[str]:
        given_up = self.abandonnee is Subject.MATHS
        never = bool(self.specialities) and Subject.MATHS not in self.specialities
        if OptionCode.MATHS_EXPERTES in self.options and (given_up or never):
            yield "les mathématiques expertes supposent la spécialité mathématiques en terminale"
        if OptionCode.MATHS_COMPLEMENTAIRES in self.options and Subject.MATHS in self.kept():
            yield "les mathématiques complémentaires excluent la spécialité mathématiques"


def option(code: OptionCode) -> Option:
    """An option as the regulation describes it."""
    return next(one for one in examination().options.liste if one.code == OPTION_CODES[code])


def voie_name(voie: Voie) -> str:
    """The voie in a French sentence."""
    return "la voie générale" if voie is Voie.GENERALE else f"la série {voie}"


def series(voie: Voie) -> Series:
    """The technological series of this name."""
    return next(one for one in examination().series_techno if one.code is voie)


def series_subjects(voie: Voie) -> tuple[Subject, ...]:
    """The two specialities that a technological series imposes in terminale, E3 first."""
    slots = sorted(series(voie).specialites, key=lambda one: one.slot)
    return tuple(subject for slot in slots if (subject := subject_of(slot.code)))


def speciality_subjects(voie: Voie) -> tuple[Subject, ...]:
    """The specialities that a pupil of this voie may follow, in première or terminale."""
    if voie is Voie.GENERALE:
        offered = examination().specialites_generale
        return tuple(subject for one in offered if (subject := subject_of(one.code)))
    premiere = SERIES_PREMIERE[voie]
    more = () if isinstance(premiere, NoSubject) else (premiere,)
    return tuple(dict.fromkeys((*series_subjects(voie), *more)))
