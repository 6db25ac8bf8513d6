"""Opening a pupil's file and changing what the pupil is and follows: the rules, in one place."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import select

from models.curriculum import (
    Dispense,
    ExamPath,
    Language,
    LanguageRank,
    OptionCode,
    Profile,
    Subject,
    Track,
    Voie,
)
from models.student import Entitlement, Student
from models.vocabulary import EventKind, Tier
from services import journal, students
from services.actors import PersonId, name_problems, person_problems
from services.catalogue.choices import Choice, series_subjects, speciality_subjects, voie_name
from services.catalogue.dispensations import violations
from services.catalogue.exam_paths import PATH_NAMES
from services.catalogue.subjects import subject_label
from services.epreuve_sync import replan
from services.keep import KEEP, Keep, given
from services.papers import LanguageChoice
from services.problems import ConflictError, Problem, ValidationError, refuse_if
from services.student_profile import StudentProfile
from services.unit_of_work import Work

SESSIONS = range(2021, 2101)
SEPTEMBER = 9
NUMBER = {Track.PREMIERE: 3, Track.TERMINALE: 2}  # specialities of the voie générale
PUPIL = {Profile.SCOLARISE: "élève scolarisé", Profile.CANDIDAT_LIBRE: "candidat libre"}
YEAR = {Track.PREMIERE: "première", Track.TERMINALE: "terminale"}

EXAM_PATHS = {
    Profile.SCOLARISE: (
        ExamPath.SCOLARISE,
        ExamPath.SCOLARISE_EX_LIBRE_PONCTUELLES,
        ExamPath.SCOLARISE_EX_LIBRE_SANS_PONCTUELLES,
    ),
    Profile.CANDIDAT_LIBRE: (
        ExamPath.LIBRE_FIN_DE_CYCLE,
        ExamPath.LIBRE_DEUX_SERIES,
        ExamPath.LIBRE_UN_AN,
        ExamPath.LIBRE_EX_SCOLARISE,
    ),
}
"""The paths of each profile; the first is that of a pupil of whom nothing more is known."""


def problems(profile: StudentProfile) -> Iterator[ValidationError]:
    """Everything that is wrong with a profile as a whole.

    No specialities, or no languages: they are not chosen yet, which is never wrong.
    """
    yield from name_problems(profile.display_name, "displayName")
    paths = EXAM_PATHS[profile.profile]
    if profile.exam_path not in paths:
        names = " ; ".join(PATH_NAMES[path] for path in paths)
        message = f"ce parcours n’est pas celui d’un {PUPIL[profile.profile]} : {names}"
        yield ValidationError(message, ("examPath",))
    if profile.exam_session not in SESSIONS:
        message = f"la session va de {SESSIONS[0]} à {SESSIONS[-1]}"
        yield ValidationError(message, ("examSession",))
    yield from _choice_problems(profile)
    for message in violations(
        profile.dispenses, profile.exam_path, profile.voie, profile.exam_session
    ):
        yield ValidationError(message, ("dispenses",))
    yield from _language_problems(profile)
    if profile.time_zone not in time_zones():
        yield ValidationError("ce fuseau horaire est inconnu de l’IANA", ("timeZone",))


def _choice_problems(profile: StudentProfile) -> Iterator[ValidationError]:
    chosen, given_up = profile.specialities, profile.specialite_abandonnee
    decided = profile.track is Track.TERMINALE
    choice = Choice(profile.voie, chosen, given_up if decided else None, profile.options)
    found = choice.violations()
    for violation in found:
        yield ValidationError(violation.message, (_camel(violation.argument),))
    yield from _number_problems(profile)
    if given_up is None:
        return
    if not decided:
        message = "une spécialité s’abandonne en fin de première, pas avant"
        yield ValidationError(message, ("specialiteAbandonnee",))
    elif given_up in chosen and "specialite_abandonnee" not in {v.argument for v in found}:
        message = "la spécialité abandonnée ne peut être de celles qui sont gardées"
        yield ValidationError(message, ("specialiteAbandonnee",))


def _number_problems(profile: StudentProfile) -> Iterator[ValidationError]:
    """A class level has its number of specialities; a series has its very own."""
    if not profile.specialities:
        return
    year = YEAR[profile.track]
    if profile.voie is Voie.GENERALE:
        number = NUMBER[profile.track]
        if len(profile.specialities) != number:
            message = f"en {year}, {number} spécialités, ou aucune tant qu’elles restent à choisir"
            yield ValidationError(message, ("specialities",))
        return
    followed = speciality_subjects if profile.track is Track.PREMIERE else series_subjects
    imposed = followed(profile.voie)
    if {*profile.specialities} != {*imposed}:
        names = ", ".join(subject_label(one) for one in imposed)
        message = f"en {year}, {voie_name(profile.voie)} impose ses spécialités : {names}"
        yield ValidationError(message, ("specialities",))


def _language_problems(profile: StudentProfile) -> Iterator[ValidationError]:
    spoken: set[Language] = set()
    taken: set[LanguageRank] = set()
    ranks = {one.rank for one in profile.languages}
    for place, one in enumerate(profile.languages):
        path = ("languages", str(place))
        if one.language in spoken:
            yield ValidationError("cette langue est déjà choisie", (*path, "language"))
        if one.rank in taken:
            yield ValidationError(f"il n’y a qu’une {one.rank}", (*path, "rank"))
        if one.rank is not LanguageRank.LVA and LanguageRank.LVA not in ranks:
            yield ValidationError(f"une {one.rank} suppose une LVA", (*path, "rank"))
        if one.rank is LanguageRank.LVC and OptionCode.LVC not in profile.options:
            yield ValidationError("une LVC suppose l’option LVC", (*path, "rank"))
        spoken.add(one.language)
        taken.add(one.rank)
    if OptionCode.LVC in profile.options and ranks and LanguageRank.LVC not in ranks:
        yield ValidationError("l’option LVC demande une langue de ce rang", ("options",))


@cache
def time_zones() -> frozenset[str]:
    """The zones of the IANA, without the two names that stand for no place."""
    return frozenset(available_timezones() - {"localtime", "Factory"})


def next_session(track: Track, clock: datetime, time_zone: str) -> int:
    """The summer that awaits a Terminale of this school year, or the one after for a Première.

    A school year begins in September, where the pupil lives.
    """
    zone = ZoneInfo(time_zone) if time_zone in time_zones() else UTC
    today = clock.astimezone(zone).date()
    autumn = today.year if today.month >= SEPTEMBER else today.year - 1
    return autumn + (1 if track is Track.TERMINALE else 2)


async def create(
    work: Work,
    *,
    display_name: str,
    track: Track,
    voie: Voie = Voie.GENERALE,
    profile: Profile,
    exam_path: ExamPath | None = None,
    exam_session: int | None = None,
    specialities: tuple[Subject, ...] = (),
    specialite_abandonnee: Subject | None = None,
    options: tuple[OptionCode, ...] = (),
    languages: tuple[LanguageChoice, ...] = (),
    time_zone: str = "Europe/Paris",
    dispenses: tuple[Dispense, ...] = (),
    user_id: PersonId | None = None,
) -> Student:
    """Open a pupil's file, on the Free tier.

    Without `examPath` a SCOLARISE follows SCOLARISE and a CANDIDAT_LIBRE LIBRE_FIN_DE_CYCLE;
    without `examSession` it is the one that awaits the class level of this school year.
    """
    opened = StudentProfile(
        display_name=display_name.strip(),
        track=track,
        voie=voie,
        profile=profile,
        exam_path=exam_path or EXAM_PATHS[profile][0],
        exam_session=(
            next_session(track, work.clock, time_zone) if exam_session is None else exam_session
        ),
        specialities=tuple(specialities),
        specialite_abandonnee=specialite_abandonnee,
        options=tuple(options),
        languages=tuple(languages),
        time_zone=time_zone,
        dispenses=tuple(dispenses),
    )
    refuse_if([*problems(opened), *await _user_problems(work, user_id)])
    student = Student(
        **opened.columns(),
        user_id=user_id,
        version=0,
        created_at=work.clock,
        updated_at=work.clock,
    )
    work.db.add(student)
    await work.db.flush()
    work.db.add(Entitlement(student_id=student.id, tier=Tier.FREE))
    await journal.record(work, student.id, EventKind.STUDENT_CREATED, student, after=opened.facts())
    return student


async def _user_problems(work: Work, user_id: PersonId | None) -> list[Problem]:
    """A token's subject opens one file at most."""
    if user_id is None:
        return []
    wrong: list[Problem] = [*person_problems(user_id, "userId")]
    if not wrong and await work.db.scalar(select(Student.id).where(Student.user_id == user_id)):
        wrong.append(ConflictError("cet identifiant est déjà celui d’un élève", ("userId",)))
    return wrong


async def update(
    work: Work,
    *,
    student_id: UUID,
    expected_version: int | None = None,
    display_name: str | Keep = KEEP,
    track: Track | Keep = KEEP,
    voie: Voie | Keep = KEEP,
    profile: Profile | Keep = KEEP,
    exam_path: ExamPath | Keep = KEEP,
    exam_session: int | Keep = KEEP,
    specialities: tuple[Subject, ...] | Keep = KEEP,
    specialite_abandonnee: Subject | Keep | None = KEEP,
    options: tuple[OptionCode, ...] | Keep = KEEP,
    languages: tuple[LanguageChoice, ...] | Keep = KEEP,
    time_zone: str | Keep = KEEP,
    dispenses: tuple[Dispense, ...] | Keep = KEEP,
) -> Student:
    """Change what a pupil is and follows; nothing is journaled where nothing changes.

    The profile is checked as it would be: a change of `profile`, `voie` or `track` comes with the
    fields that no longer fit. A plan that was made is made again, in the same transaction.
    """
    student = await students.hold(work, student_id, expected_version=expected_version)
    told = given(
        display_name=display_name if display_name is KEEP else display_name.strip(),
        track=track,
        voie=voie,
        profile=profile,
        exam_path=exam_path,
        exam_session=exam_session,
        specialities=specialities if specialities is KEEP else tuple(specialities),
        specialite_abandonnee=specialite_abandonnee,
        options=options if options is KEEP else tuple(options),
        languages=languages if languages is KEEP else tuple(languages),
        time_zone=time_zone,
        dispenses=dispenses if dispenses is KEEP else tuple(dispenses),
    )
    before = StudentProfile.of(student)
    after = replace(before, **told)
    refuse_if(_caused(before, after, {_camel(name) for name in told}))
    if after != before:
        await _change(work, student, before, after)
        await replan(work, student)
    return student


def _caused(
    before: StudentProfile, after: StudentProfile, told: set[str]
) -> Iterator[ValidationError]:
    """What is wrong with the given fields, and what was right until they came."""
    known = {*problems(before)}
    return (one for one in problems(after) if one.path[0] in told or one not in known)


async def _change(
    work: Work, student: Student, before: StudentProfile, after: StudentProfile
) -> None:
    for name, value in after.columns().items():
        setattr(student, name, value)
    was, becomes = before.facts(), after.facts()
    changed = [name for name in becomes if becomes[name] != was[name]]
    renamed = ["displayName"] if after.display_name != before.display_name else []
    await journal.record(
        work,
        student.id,
        EventKind.PROFILE_UPDATED,
        student,
        before={name: was[name] for name in changed},
        after={name: becomes[name] for name in changed},
        fields=[*renamed, *changed],
    )


def _camel(name: str) -> str:
    return re.sub("_(.)", lambda found: found[1].upper(), name)
