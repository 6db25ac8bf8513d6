"""The programme knows every chapter, and which subjects a pupil follows."""

import pytest

from models.curriculum import OptionCode, Subject, Track, Voie
from services.catalogue.programme import (
    Chapter,
    Competence,
    chapter,
    chapters_by_code,
    competence,
    competences_by_code,
    programme,
    subject_label,
    subjects_of,
)
from services.catalogue.sources import programmes

GENERALE, STMG = Voie.GENERALE, Voie.STMG
PREMIERE, TERMINALE = Track.PREMIERE, Track.TERMINALE


def codes(chapters):
    return [one.code for one in chapters]


def test_every_chapter_of_the_data_is_reachable_by_its_code():
    expected = {one.code for one in programmes().chapters()}
    assert set(chapters_by_code()) == expected
    assert all(chapter(code) is chapters_by_code()[code] for code in expected)


def test_every_chapter_stands_in_the_programme_of_its_subject_and_track():
    for one in chapters_by_code().values():
        assert one in programme(one.subject, one.track)


def test_every_chapter_trains_known_competences():
    for one in chapters_by_code().values():
        assert one.competences
        assert all(competence(skill.code) == skill for skill in one.competences)


def test_a_chapter_says_what_it_is():
    assert chapter("NSI-1-HISTOIRE") == Chapter(
        code="NSI-1-HISTOIRE",
        label="Histoire de l’informatique",
        subject=Subject.NSI,
        track=PREMIERE,
        competences=(competence("NSI-C-MOBILISER"),),
        prerequisites=(),
    )
    assert competence("MATHS-C-CALCULER") == Competence("MATHS-C-CALCULER", "Calculer")


@pytest.mark.parametrize("code", ["", "MATHS", "maths-t-suites", "MATHS-T-SUITES\x00"])
def test_an_unknown_code_is_none(code):
    assert chapter(code) is None
    assert competence(code) is None


def test_prerequisites_are_known_chapters():
    for one in chapters_by_code().values():
        assert set(one.prerequisites) <= set(chapters_by_code())


@pytest.mark.parametrize("subject", Subject)
@pytest.mark.parametrize("track", Track)
@pytest.mark.parametrize("voie", [None, GENERALE, STMG])
def test_a_programme_has_no_chapter_twice_and_none_of_another(subject, track, voie):
    chapters = programme(subject, track, voie)
    assert len(set(codes(chapters))) == len(chapters)
    assert all((one.subject, one.track) == (subject, track) for one in chapters)


def test_without_a_voie_the_branches_follow_one_another():
    both = programme(Subject.PHILOSOPHIE, TERMINALE)
    general = programme(Subject.PHILOSOPHIE, TERMINALE, GENERALE)
    technological = programme(Subject.PHILOSOPHIE, TERMINALE, Voie.ST2S)
    assert both == general + technological
    assert (len(general), len(technological)) == (17, 7)


@pytest.mark.parametrize("subject", [Subject.EMC, Subject.LANGUES_VIVANTES, Subject.EPS])
def test_a_programme_common_to_both_branches_is_found_from_both(subject):
    shared = programme(subject, TERMINALE)
    assert shared
    assert shared == programme(subject, TERMINALE, GENERALE) == programme(subject, TERMINALE, STMG)


def test_the_chapters_of_stmg_belong_to_the_speciality_that_examines_them():
    assert codes(programme(Subject.STMG_DROIT_ECONOMIE, TERMINALE)) == [
        "STMG-TT-DROIT",
        "STMG-TT-ECONOMIE",
    ]
    assert "STMG-TT-GF" in codes(programme(Subject.STMG_MSGN, TERMINALE))


def test_a_subject_not_taught_that_year_has_no_chapters():
    assert programme(Subject.PHILOSOPHIE, PREMIERE) == ()
    assert programme(Subject.MATHS_TECHNO, TERMINALE, GENERALE) == ()


def test_catalogues_cannot_be_written_to():
    with pytest.raises(TypeError):
        chapters_by_code()["X"] = None
    with pytest.raises(TypeError):
        competences_by_code()["X"] = None


# ------------------------------------------------------------------ the subjects of a pupil

COMMON = (Subject.HISTOIRE_GEO, Subject.EMC, Subject.LANGUES_VIVANTES, Subject.EPS)


def test_a_pupil_of_premiere_follows_french_and_three_specialities():
    specialities = (Subject.MATHS, Subject.SES, Subject.HGGSP)
    assert subjects_of(PREMIERE, GENERALE, specialities) == (
        Subject.FRANCAIS,
        *COMMON,
        Subject.ENSEIGNEMENT_SCIENTIFIQUE,
        *specialities,
    )


def test_a_pupil_of_premiere_without_the_speciality_has_mathematiques_specifiques():
    specialities = (Subject.SES, Subject.HGGSP, Subject.HLP)
    assert Subject.MATHS_SPECIFIQUES in subjects_of(PREMIERE, GENERALE, specialities)
    assert Subject.MATHS_SPECIFIQUES not in subjects_of(TERMINALE, GENERALE, specialities[:2])
    assert Subject.MATHS_SPECIFIQUES not in subjects_of(PREMIERE, GENERALE)


def test_a_pupil_of_terminale_follows_philosophy_and_prepares_the_grand_oral():
    followed = subjects_of(TERMINALE, GENERALE, (Subject.MATHS, Subject.SES))
    assert followed == (
        Subject.PHILOSOPHIE,
        *COMMON,
        Subject.ENSEIGNEMENT_SCIENTIFIQUE,
        Subject.MATHS,
        Subject.SES,
        Subject.GRAND_ORAL,
    )


def test_a_pupil_of_a_series_follows_its_mathematics_and_its_specialities():
    followed = subjects_of(TERMINALE, Voie.STI2D)
    assert Subject.MATHS_TECHNO in followed
    assert Subject.ENSEIGNEMENT_SCIENTIFIQUE not in followed
    assert {Subject.STI2D_PCM, Subject.STI2D_2I2D} <= set(followed)


def test_options_count_in_the_years_that_offer_them():
    options = (OptionCode.MATHS_EXPERTES, OptionCode.LCA_LATIN, OptionCode.EPS)
    specialities = (Subject.MATHS, Subject.SES)
    assert Subject.MATHS_EXPERTES in subjects_of(TERMINALE, GENERALE, specialities, options)
    assert Subject.MATHS_EXPERTES not in subjects_of(PREMIERE, GENERALE, specialities, options)


def test_no_subject_is_followed_twice():
    followed = subjects_of(TERMINALE, GENERALE, (Subject.MATHS,), (OptionCode.EPS, OptionCode.LVC))
    assert len(set(followed)) == len(followed)


def test_a_label_is_french_with_its_accents():
    assert subject_label(Subject.HISTOIRE_GEO) == "Histoire-géographie"
