"""The regulation gives every pupil the right épreuves, and refuses what no text allows."""

from datetime import date
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.curriculum import EpreuveKind, ExamPath, OptionCode, Subject, Voie
from services.catalogue.choices import Choice, series_subjects, speciality_subjects
from services.catalogue.regulation import (
    UnknownRegulation,
    known_sessions,
    reglement,
)

SCOLARISE = ExamPath.SCOLARISE
LIBRE = ExamPath.LIBRE_FIN_DE_CYCLE
GENERALE = Voie.GENERALE
MATHS, PC, SES, NSI = Subject.MATHS, Subject.PHYSIQUE_CHIMIE, Subject.SES, Subject.NSI


def by_code(*args, **kwargs):
    return {entry.code: entry for entry in reglement(*args, **kwargs)}


def total(entries):
    return sum(entry.weight for entry in entries)


@pytest.mark.parametrize(
    ("path", "voie", "session"), list(product(ExamPath, Voie, (2026, 2027, 2028)))
)
def test_every_session_voie_and_exam_path_has_its_regulation(path, voie, session):
    entries = reglement(path, voie, session)
    at_the_exam = [
        one for one in entries if one.kind in {EpreuveKind.ANTICIPEE, EpreuveKind.TERMINALE}
    ]
    assert (total(entries), total(at_the_exam)) == (100, 60)


def test_the_known_sessions_are_listed():
    assert known_sessions() == (2026, 2027, 2028)


def test_an_unknown_session_is_refused_in_words():
    with pytest.raises(UnknownRegulation) as refused:
        reglement(SCOLARISE, GENERALE, 1999)
    assert "session 1999" in str(refused.value)
    assert "2026, 2027, 2028" in str(refused.value)
    assert isinstance(refused.value, ValueError)
    assert refused.value.exam_session == 1999


@pytest.mark.parametrize(
    ("session", "voie", "weight"),
    [
        (2026, GENERALE, 10),
        (2027, GENERALE, 8),
        (2028, GENERALE, 8),
        (2026, Voie.STMG, 14),
        (2027, Voie.STL, 12),
        (2028, Voie.STHR, 12),
    ],
)
def test_the_grand_oral_weighs_what_its_session_and_voie_say(session, voie, weight):
    assert by_code(SCOLARISE, voie, session)["E5-GrandOral"].weight == weight


@pytest.mark.parametrize(("voie", "weight"), [(GENERALE, 8), (Voie.STI2D, 4)])
def test_philosophy_weighs_half_in_the_technological_series(voie, weight):
    assert by_code(SCOLARISE, voie, 2027)["E2-Philosophie"].weight == weight


# ------------------------------------------------------------------ specialities


def test_without_a_choice_the_specialities_stay_open():
    entries = by_code(SCOLARISE, GENERALE, 2027)
    for code, label in (
        ("E3-Specialite1", "Épreuve de spécialité 1"),
        ("E4-Specialite2", "Épreuve de spécialité 2"),
    ):
        entry = entries[code]
        assert (entry.label, entry.subject, entry.parts) == (label, None, ())
        assert entry.format == "selon la spécialité choisie"
    assert entries["CC1-SpecialitePremiere"].subject is None


def test_two_specialities_are_e3_and_e4_in_the_order_given():
    entries = by_code(SCOLARISE, GENERALE, 2027, [PC, MATHS], SES)
    assert (entries["E3-Specialite1"].subject, entries["E4-Specialite2"].subject) == (PC, MATHS)
    assert entries["E4-Specialite2"].label == "Mathématiques"


def test_of_three_specialities_the_two_not_given_up_are_examined():
    entries = by_code(SCOLARISE, GENERALE, 2028, [SES, MATHS, PC], SES)
    assert (entries["E3-Specialite1"].subject, entries["E4-Specialite2"].subject) == (MATHS, PC)
    assert entries["CC1-SpecialitePremiere"].subject is SES


def test_three_specialities_leave_e3_and_e4_open_until_one_is_given_up():
    entries = by_code(SCOLARISE, GENERALE, 2028, [SES, MATHS, PC])
    assert entries["E3-Specialite1"].subject is None
    assert entries["E4-Specialite2"].subject is None


def test_one_speciality_leaves_e4_open():
    entries = by_code(SCOLARISE, GENERALE, 2027, [MATHS])
    assert entries["E3-Specialite1"].subject is MATHS
    assert entries["E4-Specialite2"].subject is None


def test_physics_is_written_and_practical_at_school():
    entry = by_code(SCOLARISE, GENERALE, 2027, [PC, MATHS])["E3-Specialite1"]
    assert [(part.code, part.share, part.duration_min) for part in entry.parts] == [
        ("ECRIT", 0.8, 210),
        ("PRATIQUE", 0.2, 60),
    ]
    assert entry.duration_min == 270
    assert entry.format == " ; ".join(part.format for part in entry.parts)
    assert entry.parts[1].window_start == date(2027, 6, 1)
    assert (entry.window_start, entry.window_end) == (date(2027, 6, 16), date(2027, 6, 17))


@pytest.mark.parametrize("path", [path for path in ExamPath if path.name.startswith("LIBRE")])
@pytest.mark.parametrize("subject", [PC, Subject.SVT, NSI, Subject.SI])
def test_a_candidat_libre_is_excused_from_the_practical_part(path, subject):
    entry = by_code(path, GENERALE, 2027, [subject, MATHS])["E3-Specialite1"]
    assert [(part.code, part.share) for part in entry.parts] == [("ECRIT", 1.0)]
    assert "dispense de partie pratique" in entry.format
    assert entry.duration_min == 210


@pytest.mark.parametrize("path", [path for path in ExamPath if path.name.startswith("SCOLARISE")])
def test_who_is_at_school_in_terminale_sits_the_practical_part(path):
    assert len(by_code(path, GENERALE, 2027, [NSI, MATHS])["E3-Specialite1"].parts) == 2


def test_a_candidat_libre_sits_the_oral_of_llcer_like_all_others():
    entry = by_code(LIBRE, GENERALE, 2027, [Subject.LLCER, MATHS])["E3-Specialite1"]
    assert [(part.code, part.share) for part in entry.parts] == [("ECRIT", 0.5), ("ORAL", 0.5)]


@pytest.mark.parametrize("voie", [voie for voie in Voie if voie is not GENERALE])
def test_a_series_imposes_its_specialities_whether_given_or_not(voie):
    entries = by_code(SCOLARISE, voie, 2027)
    subjects = (entries["E3-Specialite1"].subject, entries["E4-Specialite2"].subject)
    assert subjects == series_subjects(voie)
    assert entries["E3-Specialite1"].parts
    backwards = by_code(SCOLARISE, voie, 2027, list(reversed(subjects)))
    assert backwards == entries


def test_an_epreuve_without_a_written_part_is_dated_by_its_own_part():
    entry = by_code(SCOLARISE, Voie.STD2A, 2027)["E4-Specialite2"]
    assert (entry.window_start, entry.provisional) == (date(2027, 5, 3), True)


def test_a_part_whose_share_no_text_gives_has_none():
    entry = by_code(SCOLARISE, Voie.STI2D, 2027)["E4-Specialite2"]
    assert [part.share for part in entry.parts] == [None, None]


def test_the_speciality_given_up_is_a_mean_at_school():
    entry = by_code(SCOLARISE, GENERALE, 2027, [MATHS, PC], NSI)["CC1-SpecialitePremiere"]
    assert entry.label.endswith(" : Numérique et sciences informatiques")
    assert (entry.subject, entry.weight, entry.duration_min) == (NSI, 8, None)
    assert entry.format.startswith("moyenne annuelle")


@pytest.mark.parametrize(
    ("subject", "format", "minutes"),
    [
        (NSI, "écrit : QCM de 42 questions, sans calculatrice", 120),
        (Subject.LLCER, "oral à partir d’un dossier", 20),
        (Subject.LLCA, "oral ; préparation : 30 min", 15),
    ],
)
def test_the_speciality_given_up_is_a_one_off_exam_for_a_candidat_libre(subject, format, minutes):
    entry = by_code(LIBRE, GENERALE, 2027, [MATHS, PC], subject)["EP1-SpecialitePremiere"]
    assert (entry.subject, entry.duration_min) == (subject, minutes)
    assert entry.format.startswith(format)
    assert "présentée de façon anticipée" in entry.format


def test_the_speciality_given_up_in_a_series_is_the_series_own():
    entry = by_code(LIBRE, Voie.STMG, 2027)["EP1-SpecialitePremiere"]
    assert entry.label.endswith(" : Sciences de gestion et numérique")
    assert entry.format.startswith("oral ; ")
    assert entry.duration_min == 20


def test_biologie_ecologie_given_up_has_no_known_one_off_format():
    given_up = Subject.BIOLOGIE_ECOLOGIE
    entry = by_code(LIBRE, GENERALE, 2027, [MATHS, PC], given_up)["EP1-SpecialitePremiere"]
    assert entry.format.startswith("selon la spécialité choisie")
    assert entry.duration_min is None


@pytest.mark.parametrize(
    ("voie", "specialities", "given_up", "subject"),
    [
        (GENERALE, [], None, None),
        (GENERALE, [PC, SES], None, None),
        (GENERALE, [PC, MATHS], None, MATHS),
        (GENERALE, [MATHS, PC], SES, MATHS),
        (GENERALE, [PC, SES], MATHS, MATHS),
        (GENERALE, [PC, SES], NSI, Subject.MATHS_SPECIFIQUES),
        (Voie.ST2S, [], None, Subject.MATHS_TECHNO),
    ],
)
def test_anticipated_maths_are_those_followed_in_premiere(voie, specialities, given_up, subject):
    entry = by_code(SCOLARISE, voie, 2027, specialities, given_up)["EA-Maths"]
    assert entry.subject is subject


# ------------------------------------------------------------------ dates and references


def test_only_an_official_date_is_not_provisional():
    entries = by_code(LIBRE, GENERALE, 2027, [NSI, MATHS])
    assert not entries["E2-Philosophie"].provisional
    assert entries["E2-Philosophie"].window_start == date(2027, 6, 14)
    assert not entries["EA-FrancaisEcrit"].provisional  # past, and official
    assert entries["EA-FrancaisOral"].provisional  # past, but only indicative
    assert entries["EPC-HistoireGeo"].provisional
    at_school = by_code(SCOLARISE, GENERALE, 2027, [NSI, MATHS])
    assert [part.provisional for part in at_school["E3-Specialite1"].parts] == [False, True]
    assert at_school["CCT-EPS"].provisional  # set by the lycée


def test_dates_projected_for_2028_are_provisional():
    entries = by_code(SCOLARISE, GENERALE, 2028)
    assert entries["E5-GrandOral"].provisional
    assert not entries["EA-Maths"].provisional


def test_a_reference_names_the_text_and_the_calendar_once_it_is_published():
    entries = by_code(SCOLARISE, GENERALE, 2027)
    assert "MENE2622694N" in entries["E5-GrandOral"].reference
    assert "MENE2622686N" in entries["E5-GrandOral"].reference
    assert "MENE2622686N" not in by_code(SCOLARISE, GENERALE, 2028)["E5-GrandOral"].reference


# ------------------------------------------------------------------ property


@st.composite
def valid_choices(draw):
    voie = draw(st.sampled_from(Voie))
    specialities = st.lists(st.sampled_from(speciality_subjects(voie)), max_size=3, unique=True)
    options = st.lists(st.sampled_from(OptionCode), max_size=4, unique=True)
    given_up = st.none() | st.sampled_from(speciality_subjects(voie))
    choice = Choice(voie, tuple(draw(specialities)), draw(given_up), tuple(draw(options)))
    assume(not choice.violations())
    return choice


@given(
    choice=valid_choices(),
    path=st.sampled_from(ExamPath),
    session=st.sampled_from(known_sessions()),
)
def test_any_valid_choice_gives_a_whole_plan(choice, path, session):
    entries = reglement(
        path, choice.voie, session, choice.specialities, choice.abandonnee, choice.options
    )
    assert total(one for one in entries if one.kind is not EpreuveKind.OPTION) == 100
    assert len({one.code for one in entries}) == len(entries)
    for entry in entries:
        assert entry.window_start <= entry.window_end
        assert entry.label
        assert entry.format
        assert "voir " not in entry.format
        assert entry.reference
        shares = [part.share for part in entry.parts if part.share is not None]
        assert not shares or sum(shares) == pytest.approx(1)
