"""Profiles of every kind that may stand, for properties that hold of all of them."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import cycle, permutations, product
from typing import Any

from models.curriculum import Dispense, ExamPath, OptionCode, Profile, Subject, Track, Voie
from services.catalogue.choices import series_subjects, speciality_subjects
from services.catalogue.subjects import SERIES_PREMIERE
from services.profiles import EXAM_PATHS, problems
from services.student_profile import StudentProfile

HUGO = StudentProfile(
    display_name="Hugo",
    track=Track.TERMINALE,
    voie=Voie.GENERALE,
    profile=Profile.SCOLARISE,
    exam_path=ExamPath.SCOLARISE,
    exam_session=2027,
    specialities=(Subject.MATHS, Subject.PHYSIQUE_CHIMIE),
    specialite_abandonnee=Subject.SES,
    options=(),
    languages=(),
    time_zone="Europe/Paris",
)
"""Terminale générale, scolarisé, session 2027."""


def pupil(**changes: Any) -> StudentProfile:
    """Hugo, but for what is said otherwise."""
    return replace(HUGO, **changes)


OPTIONS = ((), (), *((one,) for one in OptionCode), (OptionCode.LCA_LATIN, OptionCode.LCA_GREC))
DISPENSES = ((), (), (), *((one,) for one in Dispense), (Dispense.EPS, Dispense.LVB))


@cache
def every(*sessions: int) -> tuple[StudentProfile, ...]:
    """Every voie, path and pair of specialities of these sessions, some thousands of profiles.

    Options and dispensations take turns, where they fit.
    """
    chosen = [*_general(), *_technological()]
    options, dispenses = cycle(OPTIONS), cycle(DISPENSES)
    return tuple(
        _with_extras(
            next(options),
            next(dispenses),
            pupil(
                track=track,
                voie=voie,
                profile=profile,
                exam_path=path,
                exam_session=session,
                specialities=specialities,
                specialite_abandonnee=given_up,
            ),
        )
        for session, profile in product(sessions, Profile)
        for path in EXAM_PATHS[profile]
        for track, voie, specialities, given_up in chosen
    )


Chosen = tuple[Track, Voie, tuple[Subject, ...], Subject | None]


def _general() -> Iterator[Chosen]:
    """Every pair kept in terminale, after every third in turn; triples of première; nothing yet."""
    offered = speciality_subjects(Voie.GENERALE)
    for place, pair in enumerate(permutations(offered, 2)):
        left = [one for one in offered if one not in pair]
        third = left[place % len(left)]
        yield Track.TERMINALE, Voie.GENERALE, pair, third
        if place % 7 == 0:
            yield Track.PREMIERE, Voie.GENERALE, (*pair, third), None
    for track in Track:
        yield track, Voie.GENERALE, (), None


def _technological() -> Iterator[Chosen]:
    for voie in Voie:
        if voie is not Voie.GENERALE:
            left = SERIES_PREMIERE[voie]
            kept = series_subjects(voie)
            fits = isinstance(left, Subject) and left not in kept
            yield Track.TERMINALE, voie, kept, left if fits and isinstance(left, Subject) else None
            yield Track.PREMIERE, voie, speciality_subjects(voie), None
            yield Track.TERMINALE, voie, (), None


def _with_extras(
    options: tuple[OptionCode, ...], dispenses: tuple[Dispense, ...], profile: StudentProfile
) -> StudentProfile:
    for changed in (replace(profile, options=options), replace(profile, dispenses=dispenses)):
        if not [*problems(changed)]:
            profile = replace(
                profile,
                options=profile.options or changed.options,
                dispenses=profile.dispenses or changed.dispenses,
            )
    return profile
