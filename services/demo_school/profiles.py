"""What a pupil of the demo school follows: track, series, exam path, specialities, languages."""

from dataclasses import dataclass

from models.curriculum import (
    ExamPath,
    Language,
    LanguageRank,
    OptionCode,
    Profile,
    Subject,
    Track,
    Voie,
)
from services.catalogue.choices import series_subjects, speciality_subjects
from services.demo_school.dice import Dice
from services.demo_school.people import RICH, SIZE

LanguageChoices = tuple[tuple[LanguageRank, Language], ...]

ENGLISH_SPANISH: LanguageChoices = (
    (LanguageRank.LVA, Language.ANGLAIS),
    (LanguageRank.LVB, Language.ESPAGNOL),
)


@dataclass(frozen=True, slots=True)
class Choices:
    """In TERMINALE `specialities` are the two kept and `abandonnee` is the third."""

    track: Track
    voie: Voie
    profile: Profile
    exam_path: ExamPath
    specialities: tuple[Subject, ...]
    abandonnee: Subject | None = None
    options: tuple[OptionCode, ...] = ()
    languages: LanguageChoices = ENGLISH_SPANISH


RICH_CHOICES = (
    Choices(
        Track.PREMIERE,
        Voie.GENERALE,
        Profile.SCOLARISE,
        ExamPath.SCOLARISE,
        (Subject.MATHS, Subject.PHYSIQUE_CHIMIE, Subject.NSI),
        options=(OptionCode.LVC,),
        languages=(*ENGLISH_SPANISH, (LanguageRank.LVC, Language.ALLEMAND)),
    ),
    Choices(
        Track.TERMINALE,
        Voie.GENERALE,
        Profile.SCOLARISE,
        ExamPath.SCOLARISE,
        (Subject.MATHS, Subject.PHYSIQUE_CHIMIE),
        abandonnee=Subject.SES,
        options=(OptionCode.MATHS_EXPERTES,),
    ),
    Choices(
        Track.TERMINALE,
        Voie.GENERALE,
        Profile.CANDIDAT_LIBRE,
        ExamPath.LIBRE_DEUX_SERIES,
        (Subject.SES, Subject.HGGSP),
        abandonnee=Subject.SVT,
        languages=(
            (LanguageRank.LVA, Language.ANGLAIS),
            (LanguageRank.LVB, Language.ITALIEN),
        ),
    ),
)

TECHNOLOGICAL = (
    Voie.STMG,
    Voie.STI2D,
    Voie.STMG,
    Voie.ST2S,
    Voie.STMG,
    Voie.STL,
    Voie.STMG,
    Voie.STD2A,
    Voie.STHR,
    Voie.STMG,
    Voie.S2TMD,
    Voie.ST2S,
)
"""The voies of one school's technological pupils, in turn."""

THREES = (
    (Subject.MATHS, Subject.PHYSIQUE_CHIMIE, Subject.SVT),
    (Subject.MATHS, Subject.PHYSIQUE_CHIMIE, Subject.NSI),
    (Subject.MATHS, Subject.SES, Subject.HGGSP),
    (Subject.SES, Subject.HGGSP, Subject.MATHS),
    (Subject.PHYSIQUE_CHIMIE, Subject.SVT, Subject.MATHS),
    (Subject.HGGSP, Subject.SES, Subject.HLP),
    (Subject.HLP, Subject.HGGSP, Subject.LLCER),
    (Subject.MATHS, Subject.NSI, Subject.SES),
    (Subject.SES, Subject.MATHS, Subject.SVT),
    (Subject.MATHS, Subject.SI, Subject.PHYSIQUE_CHIMIE),
)
"""Specialities often chosen together; the last is the one given up."""

LIBRE_PATHS = (
    ExamPath.LIBRE_DEUX_SERIES,
    ExamPath.LIBRE_FIN_DE_CYCLE,
    ExamPath.LIBRE_UN_AN,
    ExamPath.LIBRE_EX_SCOLARISE,
)
LVB = (Language.ESPAGNOL, Language.ESPAGNOL, Language.ALLEMAND, Language.ITALIEN, Language.ARABE)
LVC = (Language.ITALIEN, Language.CHINOIS, Language.PORTUGAIS, Language.RUSSE)


def choices_of(number: int, dice: Dice) -> Choices:
    """The choices of a pupil: the three rich ones are given, the others vary with their place."""
    place = number % SIZE
    if place < RICH:
        return RICH_CHOICES[place]
    track = Track.TERMINALE if place // 2 % 2 else Track.PREMIERE
    profile, path = _path(place, track)
    if place % 5 == 4:
        return _technological(TECHNOLOGICAL[place // 5], track, profile, path)
    return _general(track, profile, path, dice)


def _path(place: int, track: Track) -> tuple[Profile, ExamPath]:
    turn = place // 6
    if place % 6 == 1:
        paths = LIBRE_PATHS if track is Track.TERMINALE else LIBRE_PATHS[:2]
        return Profile.CANDIDAT_LIBRE, paths[turn // 2 % len(paths)]
    if place == SIZE - 1 and track is Track.TERMINALE:
        return Profile.SCOLARISE, ExamPath.SCOLARISE_EX_LIBRE_PONCTUELLES
    return Profile.SCOLARISE, ExamPath.SCOLARISE


def _technological(voie: Voie, track: Track, profile: Profile, path: ExamPath) -> Choices:
    offered = speciality_subjects(voie)
    imposed = series_subjects(voie)
    if track is Track.PREMIERE:
        return Choices(track, voie, profile, path, offered)
    left = next((subject for subject in offered if subject not in imposed), None)
    return Choices(track, voie, profile, path, imposed, abandonnee=left)


def _general(track: Track, profile: Profile, path: ExamPath, dice: Dice) -> Choices:
    three = dice.pick(THREES)
    languages = ((LanguageRank.LVA, Language.ANGLAIS), (LanguageRank.LVB, dice.pick(LVB)))
    if track is Track.PREMIERE:
        if dice.chance(0.15) and profile is Profile.SCOLARISE:
            third = (LanguageRank.LVC, dice.pick(LVC))
            lvc = (OptionCode.LVC,)
            return Choices(
                track, Voie.GENERALE, profile, path, three, None, lvc, (*languages, third)
            )
        return Choices(track, Voie.GENERALE, profile, path, three, languages=languages)
    options = _options(three, dice) if profile is Profile.SCOLARISE else ()
    return Choices(track, Voie.GENERALE, profile, path, three[:2], three[2], options, languages)


def _options(three: tuple[Subject, ...], dice: Dice) -> tuple[OptionCode, ...]:
    """The options of a Terminale, where the specialities allow them."""
    if three[2] is Subject.MATHS:
        return (OptionCode.MATHS_COMPLEMENTAIRES,)
    if Subject.MATHS in three and dice.chance(0.3):
        return (OptionCode.MATHS_EXPERTES,)
    if Subject.MATHS not in three and dice.chance(0.3):
        return (OptionCode.DGEMC,)
    return ()
