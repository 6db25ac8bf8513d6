"""What a pupil is and follows stands together, whoever opens the file or changes it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from models.student import Student
from services.catalogue.choices import series_subjects, speciality_subjects
from services.catalogue.regulation import known_sessions, reglement
from services.catalogue.subjects import SERIES_PREMIERE
from services.papers import LanguageChoice
from services.profiles import EXAM_PATHS, problems
from services.student_profile import StudentProfile

PREMIERE, TERMINALE = Track.PREMIERE, Track.TERMINALE
MATHS, PC, NSI, SVT, SES = (
    Subject.MATHS,
    Subject.PHYSIQUE_CHIMIE,
    Subject.NSI,
    Subject.SVT,
    Subject.SES,
)
LVA, LVB, LVC = LanguageRank
ANGLAIS, ESPAGNOL, ALLEMAND = Language.ANGLAIS, Language.ESPAGNOL, Language.ALLEMAND

SOUND = StudentProfile(
    display_name="Camille Petit",
    track=TERMINALE,
    voie=Voie.GENERALE,
    profile=Profile.SCOLARISE,
    exam_path=ExamPath.SCOLARISE,
    exam_session=2027,
    specialities=(MATHS, PC),
    specialite_abandonnee=SVT,
    options=(OptionCode.MATHS_EXPERTES,),
    languages=(LanguageChoice(LVA, ANGLAIS), LanguageChoice(LVB, ESPAGNOL)),
    time_zone="Europe/Paris",
)
TECHNOLOGICAL = [voie for voie in Voie if voie is not Voie.GENERALE]


def wrong(**changes):
    """Where a sound profile is wrong once these fields are changed."""
    return [".".join(one.path) for one in problems(replace(SOUND, **changes))]


def spoken(*pairs):
    return tuple(LanguageChoice(rank, language) for rank, language in pairs)


def test_a_sound_profile_has_no_problem():
    assert wrong() == []


def test_nothing_chosen_yet_is_not_wrong():
    nothing = {"specialities": (), "specialite_abandonnee": None, "options": (), "languages": ()}
    assert [wrong(track=track, **nothing) for track in Track] == [[], []]


@pytest.mark.parametrize("name", ["A", "é" * 200, "  Zoé  "])
def test_a_name_has_1_to_200_characters(name):
    assert wrong(display_name=name) == []


@pytest.mark.parametrize("name", ["", " \n\t ", "x" * 201])
def test_a_name_is_not_empty_nor_endless(name):
    assert wrong(display_name=name) == ["displayName"]


@pytest.mark.parametrize("zone", ["Europe/Paris", "Pacific/Noumea", "UTC", "Indian/Reunion"])
def test_a_time_zone_is_one_of_the_iana(zone):
    assert wrong(time_zone=zone) == []


@pytest.mark.parametrize(
    "zone",
    ["", "Paris", "europe/paris", "UTC+1", "../etc/passwd", "/etc/localtime", "localtime",
     "Factory", "posix/Europe/Paris", "Europe/Paris "],
)  # fmt: skip
def test_any_other_time_zone_is_refused(zone):
    assert wrong(time_zone=zone) == ["timeZone"]


@pytest.mark.parametrize("session", [2021, 2026, 2100])
def test_a_session_is_a_plausible_year(session):
    assert wrong(exam_session=session) == []


@pytest.mark.parametrize("session", [-1, 0, 2020, 2101, 2**31 - 1])
def test_any_other_session_is_refused(session):
    assert wrong(exam_session=session) == ["examSession"]


@pytest.mark.parametrize("path", list(ExamPath))
@pytest.mark.parametrize("profile", list(Profile))
def test_an_exam_path_is_one_of_the_profile(profile, path):
    libre = path.name.startswith("LIBRE_")
    expected = [] if libre == (profile is Profile.CANDIDAT_LIBRE) else ["examPath"]
    assert wrong(profile=profile, exam_path=path) == expected


@pytest.mark.parametrize(
    ("track", "chosen", "expected"),
    [
        (PREMIERE, (MATHS, PC, NSI), []),
        (PREMIERE, (MATHS, PC), ["specialities"]),
        (PREMIERE, (MATHS, PC, NSI, SVT), ["specialities"] * 2),
        (PREMIERE, (MATHS, PC, PC), ["specialities"]),
        (TERMINALE, (MATHS, PC), []),
        (TERMINALE, (MATHS,), ["specialities"]),
        (TERMINALE, (MATHS, PC, NSI), ["specialities"]),
        (TERMINALE, (MATHS, MATHS), ["specialities"]),
        (TERMINALE, (MATHS, Subject.PHILOSOPHIE), ["specialities"]),
        (TERMINALE, (MATHS, Subject.STMG_MSGN), ["specialities"]),
    ],
)
def test_specialities_are_three_in_premiere_and_two_in_terminale(track, chosen, expected):
    changes = {"specialite_abandonnee": None, "options": ()}
    assert wrong(track=track, specialities=chosen, **changes) == expected


@pytest.mark.parametrize("voie", TECHNOLOGICAL)
@pytest.mark.parametrize("track", list(Track))
def test_a_series_has_its_own_specialities_and_no_others(voie, track):
    own = speciality_subjects(voie) if track is PREMIERE else series_subjects(voie)
    changes = {"voie": voie, "track": track, "specialite_abandonnee": None, "options": ()}
    assert wrong(specialities=own, **changes) == []
    assert wrong(specialities=own[::-1], **changes) == []
    assert wrong(specialities=own[1:], **changes) == ["specialities"]
    assert wrong(specialities=(*own[1:], SES), **changes) == ["specialities"] * 2


@pytest.mark.parametrize("voie", [Voie.ST2S, Voie.STD2A])
def test_a_series_gives_up_its_speciality_of_premiere(voie):
    given_up, own = SERIES_PREMIERE[voie], series_subjects(voie)
    changes = {"voie": voie, "options": (), "specialities": own}
    assert wrong(specialite_abandonnee=given_up, **changes) == []
    assert wrong(specialite_abandonnee=own[0], **changes) == ["specialiteAbandonnee"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"specialite_abandonnee": None}, []),
        ({"specialite_abandonnee": PC}, ["specialiteAbandonnee"]),
        ({"specialite_abandonnee": Subject.EPS}, ["specialiteAbandonnee"]),
        ({"track": PREMIERE, "specialities": (MATHS, PC, NSI)}, ["specialiteAbandonnee"]),
        (
            {"track": PREMIERE, "specialities": (MATHS, PC, NSI), "specialite_abandonnee": NSI},
            ["specialiteAbandonnee"],
        ),
        (
            {"specialities": (MATHS, PC, NSI), "specialite_abandonnee": NSI},
            ["specialities", "specialiteAbandonnee"],
        ),
        (
            {"voie": Voie.STMG, "options": (), "specialities": series_subjects(Voie.STMG),
             "specialite_abandonnee": Subject.STMG_MSGN},
            ["specialiteAbandonnee"],
        ),
    ],
)  # fmt: skip
def test_what_is_given_up_was_followed_and_is_not_kept(changes, expected):
    assert wrong(**changes) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"options": (OptionCode.MATHS_COMPLEMENTAIRES,)}, ["options"]),
        ({"specialities": (PC, NSI)}, ["options"]),
        ({"options": (OptionCode.DGEMC,)}, []),
        ({"options": (OptionCode.DGEMC, OptionCode.DGEMC)}, ["options"]),
        ({"voie": Voie.STMG, "specialities": (), "specialite_abandonnee": None}, ["options"]),
    ],
)
def test_options_go_with_the_voie_and_the_specialities(changes, expected):
    assert wrong(**changes) == expected


@pytest.mark.parametrize(
    ("languages", "options", "expected"),
    [
        (((LVA, ANGLAIS),), (), []),
        (((LVB, ESPAGNOL), (LVA, ANGLAIS)), (), []),
        (((LVA, ANGLAIS), (LVB, ANGLAIS)), (), ["languages.1.language"]),
        (((LVA, ANGLAIS), (LVA, ESPAGNOL)), (), ["languages.1.rank"]),
        (((LVA, ANGLAIS), (LVA, ANGLAIS)), (), ["languages.1.language", "languages.1.rank"]),
        (((LVB, ANGLAIS),), (), ["languages.0.rank"]),
        (((LVC, ANGLAIS),), (OptionCode.LVC,), ["languages.0.rank"]),
        (((LVC, ANGLAIS),), (), ["languages.0.rank"] * 2),
        (((LVA, ANGLAIS), (LVC, ALLEMAND)), (), ["languages.1.rank"]),
        (((LVA, ANGLAIS), (LVC, ALLEMAND)), (OptionCode.LVC,), []),
        (((LVA, ANGLAIS), (LVB, ESPAGNOL)), (OptionCode.LVC,), ["options"]),
        ((), (OptionCode.LVC,), []),
    ],
)
def test_languages_are_distinct_and_ranked(languages, options, expected):
    assert wrong(languages=spoken(*languages), options=options) == expected


def test_everything_that_is_wrong_is_said_at_once():
    assert wrong(
        display_name="",
        exam_path=ExamPath.LIBRE_UN_AN,
        exam_session=1789,
        specialities=(MATHS, MATHS, Subject.EPS),
        specialite_abandonnee=MATHS,
        options=(OptionCode.DGEMC, OptionCode.DGEMC),
        languages=spoken((LVB, ANGLAIS), (LVB, ANGLAIS)),
        time_zone="Nowhere",
    ) == [
        "displayName",
        "examPath",
        "examSession",
        "specialities",
        "specialities",
        "options",
        "specialities",
        "specialiteAbandonnee",
        "languages.0.rank",
        "languages.1.language",
        "languages.1.rank",
        "languages.1.rank",
        "timeZone",
    ]


# ------------------------------------------------------------------ the regulation


@st.composite
def profiles(draw):
    """Profiles of every kind, many of them sound."""
    track, voie, profile = (draw(st.sampled_from(enum)) for enum in (Track, Voie, Profile))
    offered = speciality_subjects(voie)
    number = 3 if track is PREMIERE else 2
    chosen = draw(
        st.one_of(
            st.permutations(offered).map(lambda all_: tuple(all_[:number])),
            st.lists(st.sampled_from(Subject), max_size=4).map(tuple),
        )
    )
    ranks = draw(st.integers(0, 3))
    return replace(
        SOUND,
        track=track,
        voie=voie,
        profile=profile,
        exam_path=draw(st.sampled_from(EXAM_PATHS[profile])),
        exam_session=draw(st.sampled_from(known_sessions())),
        specialities=chosen,
        specialite_abandonnee=draw(st.one_of(st.none(), st.sampled_from(offered))),
        options=tuple(draw(st.lists(st.sampled_from(OptionCode), max_size=3))),
        languages=spoken(*zip(LanguageRank, draw(st.permutations(Language))[:ranks], strict=False)),
    )


@given(profiles().filter(lambda profile: not [*problems(profile)]))
def test_the_regulation_knows_the_epreuves_of_every_sound_profile(profile):
    assert reglement(
        profile.exam_path,
        profile.voie,
        profile.exam_session,
        profile.specialities,
        profile.specialite_abandonnee,
        profile.options,
    )


@given(profiles())
def test_a_profile_comes_out_of_its_row_as_it_went_in(profile):
    assert StudentProfile.of(Student(**profile.columns())) == profile
