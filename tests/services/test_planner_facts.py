"""A plan says what the texts say: weights, sittings, days, dispensations, options."""

from datetime import date
from decimal import Decimal

import pytest
from profiles_at_large import pupil

from models.curriculum import (
    Dispense,
    ExamPath,
    OptionCode,
    Profile,
    Subject,
    Track,
    Voie,
)
from services.catalogue.choices import IncompatibleChoice, series_subjects
from services.catalogue.dispensations import neutralisation, reserves, violations
from services.catalogue.sources import examination
from services.planner.plan import PUBLISHED, UNSHARED, plan, total_weight
from services.planner.rules import official_rules

TODAY = date(2026, 11, 23)
RULES = official_rules()
LIBRE = {"profile": Profile.CANDIDAT_LIBRE, "exam_path": ExamPath.LIBRE_FIN_DE_CYCLE}


def planned(**changes):
    return plan(pupil(**changes), RULES, TODAY)


def by_code(**changes):
    return {one.code: one for one in planned(**changes)}


def paths():
    for profile, known in (
        (Profile.SCOLARISE, "SCOLARISE"),
        (Profile.CANDIDAT_LIBRE, "LIBRE"),
    ):
        yield from ((profile, path) for path in ExamPath if path.name.startswith(known))


@pytest.mark.parametrize(("profile", "path"), list(paths()))
@pytest.mark.parametrize("session", [2026, 2027, 2028])
@pytest.mark.parametrize("voie", Voie)
def test_every_path_of_every_session_and_voie_has_the_weights_of_the_data(
    profile, path, session, voie
):
    general = voie is Voie.GENERALE
    chosen = (Subject.MATHS, Subject.SES) if general else series_subjects(voie)
    found = planned(
        profile=profile, exam_path=path, exam_session=session, voie=voie,
        specialities=chosen, specialite_abandonnee=None,
    )  # fmt: skip
    weights = {}
    for one in found:
        code = "-".join(one.code.split("-")[:2])
        weights[code] = weights.get(code, 0) + one.weight
    branch = "generale" if general else "technologique"
    (data,) = [
        one
        for one in examination().plans
        if (one.session, one.voie) == (session, branch)
        and one.profile.replace("_1re", "").upper() == path.name
    ]
    assert weights == {item.code: item.weight for item in data.items}


@pytest.mark.parametrize(
    ("session", "voie", "weight"),
    [(2026, Voie.GENERALE, 10), (2027, Voie.GENERALE, 8), (2028, Voie.GENERALE, 8),
     (2026, Voie.STMG, 14), (2027, Voie.STMG, 12), (2028, Voie.ST2S, 12)],
)  # fmt: skip
def test_the_grand_oral_gave_two_points_to_the_anticipated_mathematics(session, voie, weight):
    chosen = () if voie is not Voie.GENERALE else (Subject.MATHS, Subject.SES)
    found = by_code(
        exam_session=session, voie=voie, specialities=chosen, specialite_abandonnee=None
    )
    assert found["E5-GrandOral"].weight == weight
    assert ("EA-Maths" in found) is (session >= 2027)


@pytest.mark.parametrize(
    ("subject", "part", "weights", "minutes", "window"),
    [
        (Subject.PHYSIQUE_CHIMIE, "PRATIQUE", ("12.8", "3.2"), (210, 60), "2027-06-01"),
        (Subject.SVT, "PRATIQUE", (12, 4), (210, 60), "2027-06-01"),
        (Subject.NSI, "PRATIQUE", (12, 4), (210, 60), "2027-05-03"),
        (Subject.SI, "PRATIQUE", (12, 4), (210, 60), "2027-05-03"),
        (Subject.LLCER, "ORAL", (8, 8), (210, 20), "2027-05-24"),
        (Subject.ARTS, "ORAL", (8, 8), (210, 30), "2027-05-24"),
    ],
)
def test_a_speciality_is_one_entry_for_each_of_its_sittings(
    subject, part, weights, minutes, window
):
    found = by_code(specialities=(subject, Subject.SES), specialite_abandonnee=Subject.HLP)
    written, other = found["E3-Specialite1"], found[f"E3-Specialite1-{part}"]
    assert (written.weight, other.weight) == tuple(map(Decimal, weights))
    assert (written.duration_min, other.duration_min) == minutes
    assert (written.scheduled_at, other.scheduled_at) == (
        date(2027, 6, 16),
        date.fromisoformat(window),
    )
    assert written.subject is other.subject is subject
    assert [code for code in found if code.startswith("E4-")] == ["E4-Specialite2"]


@pytest.mark.parametrize("subject", [Subject.PHYSIQUE_CHIMIE, Subject.SVT, Subject.NSI, Subject.SI])
def test_a_candidat_libre_is_excused_from_the_practical_part(subject):
    found = by_code(specialities=(subject, Subject.SES), specialite_abandonnee=None, **LIBRE)
    assert [code for code in found if code.startswith("E3-")] == ["E3-Specialite1"]
    assert found["E3-Specialite1"].weight == 16


def test_parts_of_one_window_are_one_sitting():
    found = by_code(voie=Voie.ST2S, specialities=(), specialite_abandonnee=None)
    assert (found["E3-Specialite1"].weight, found["E3-Specialite1"].duration_min) == (16, 240)
    assert not [code for code in found if code.startswith("E3-Specialite1-")]


def test_where_no_text_shares_the_mark_out_the_first_sitting_carries_it_and_that_is_said():
    found = by_code(voie=Voie.STI2D, specialities=(), specialite_abandonnee=None)
    written, practical = found["E4-Specialite2"], found["E4-Specialite2-PRATIQUE"]
    assert (written.weight, practical.weight) == (16, 0)
    assert UNSHARED in practical.format
    assert "partage non confirmé ; à confirmer" in written.format


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "sujet de l’enseignement de spécialité"),
        ({"specialities": (Subject.SES, Subject.HLP), "specialite_abandonnee": Subject.HGGSP},
         "sujet des mathématiques spécifiques"),
        ({"voie": Voie.STL, "specialities": (), "specialite_abandonnee": None},
         "sujet de la voie technologique"),
    ],
)  # fmt: skip
def test_the_anticipated_mathematics_say_which_paper(changes, text):
    assert text in by_code(**changes)["EA-Maths"].format


@pytest.mark.parametrize(
    ("subjects", "days"),
    [
        ((Subject.MATHS, Subject.PHYSIQUE_CHIMIE), (16, 17)),
        ((Subject.PHYSIQUE_CHIMIE, Subject.MATHS), (16, 17)),
        ((Subject.SES, Subject.HGGSP), (16, 17)),
        ((Subject.LLCA, Subject.SES), (18, 16)),
        ((Subject.MATHS, Subject.BIOLOGIE_ECOLOGIE), (16, 18)),
    ],
)
def test_each_speciality_has_a_day_of_its_own_within_its_window(subjects, days):
    found = by_code(specialities=subjects, specialite_abandonnee=None)
    written = (found["E3-Specialite1"], found["E4-Specialite2"])
    assert tuple(one.scheduled_at for one in written) == tuple(date(2027, 6, day) for day in days)
    for one, subject in zip(written, subjects, strict=True):
        last = 17 if subject in {Subject.MATHS, Subject.PHYSIQUE_CHIMIE} else 18
        assert one.window_end == date(2027, 6, last)


def test_a_published_period_is_told_from_a_guess():
    found = by_code(specialities=(Subject.NSI, Subject.MATHS))
    texts = {code: PUBLISHED in one.format for code, one in found.items()}
    assert texts["E5-GrandOral"]
    assert not texts["E3-Specialite1-PRATIQUE"]  # no text dates it yet
    assert not texts["E2-Philosophie"]  # its day is certain
    later = by_code(exam_session=2030)
    assert not any(PUBLISHED in one.format for one in later.values())


def test_the_official_days_of_2027_are_those_that_were_published():
    certain = {one.code: one.scheduled_at for one in planned() if not one.provisional}
    assert certain == {
        "EA-FrancaisEcrit": date(2026, 6, 11),
        "EA-Maths": date(2026, 6, 12),
        "E2-Philosophie": date(2027, 6, 14),
    }
    assert "MENE2622686N" in by_code()["E2-Philosophie"].reference


@pytest.mark.parametrize(
    ("dispense", "changes"),
    [
        (Dispense.EPS, {}),
        (Dispense.EPS, LIBRE),
        (Dispense.LVB, {}),
        (Dispense.LVB, LIBRE),
        (Dispense.GENERALE_VERS_TECHNO, {"voie": Voie.STMG, "specialities": (),
                                         "specialite_abandonnee": None}),
        (Dispense.TECHNO_VERS_GENERALE, {}),
        (Dispense.CHANGEMENT_DE_SERIE, {"voie": Voie.STL, "specialities": (),
                                        "specialite_abandonnee": None}),
        (Dispense.VOIE_PROFESSIONNELLE,
         {"exam_path": ExamPath.SCOLARISE_EX_LIBRE_SANS_PONCTUELLES}),
        (Dispense.MATHS_ANTICIPEES, {}),
        (Dispense.SYSTEME_ETRANGER, {}),
    ],
)  # fmt: skip
def test_a_dispensation_leaves_the_denominator_that_the_data_names(dispense, changes):
    profile = pupil(dispenses=(dispense,), **changes)
    assert not [
        *violations(profile.dispenses, profile.exam_path, profile.voie, profile.exam_session)
    ]
    due = neutralisation(dispense).denominateur
    assert total_weight(plan(profile, RULES, TODAY)) == due


@pytest.mark.parametrize(
    ("dispense", "path", "voie", "known"),
    [
        (Dispense.GENERALE_VERS_TECHNO, ExamPath.LIBRE_DEUX_SERIES, Voie.STMG, False),
        (Dispense.GENERALE_VERS_TECHNO, ExamPath.LIBRE_EX_SCOLARISE, Voie.STMG, True),
        (
            Dispense.GENERALE_VERS_TECHNO,
            ExamPath.SCOLARISE_EX_LIBRE_SANS_PONCTUELLES,
            Voie.STMG,
            False,
        ),
        (Dispense.TECHNO_VERS_GENERALE, ExamPath.LIBRE_UN_AN, Voie.GENERALE, False),
        (Dispense.CHANGEMENT_DE_SERIE, ExamPath.LIBRE_FIN_DE_CYCLE, Voie.STL, False),
        (Dispense.SYSTEME_ETRANGER, ExamPath.SCOLARISE_EX_LIBRE_PONCTUELLES, Voie.GENERALE, False),
        (
            Dispense.SYSTEME_ETRANGER,
            ExamPath.SCOLARISE_EX_LIBRE_SANS_PONCTUELLES,
            Voie.GENERALE,
            True,
        ),
        (Dispense.LVB, ExamPath.LIBRE_UN_AN, Voie.STHR, True),
    ],
)
def test_a_case_is_refused_where_no_text_says_what_it_leaves(dispense, path, voie, known):
    assert (not [*violations((dispense,), path, voie, 2027)]) is known


def test_who_never_followed_premiere_here_followed_no_option_there():
    found = planned(options=(OptionCode.LCA_LATIN,), dispenses=(Dispense.SYSTEME_ETRANGER,))
    assert sum(one.weight for one in found) == 92 + 2


def test_what_is_left_to_be_checked_of_a_case_is_said():
    (text,) = reserves([Dispense.EPS, Dispense.MATHS_ANTICIPEES])
    assert "98 déduit, à vérifier" in text


def test_the_options_of_the_memento_total_110():
    both = (OptionCode.LCA_LATIN, OptionCode.ARTS_PLASTIQUES, OptionCode.MATHS_EXPERTES)
    assert sum(one.weight for one in planned(options=both)) == 110


def test_a_pupil_of_premiere_has_its_specialities_still_open():
    found = by_code(
        track=Track.PREMIERE,
        exam_session=2028,
        specialities=(Subject.MATHS, Subject.SES, Subject.NSI),
        specialite_abandonnee=None,
    )
    assert found["E3-Specialite1"].subject is None
    assert found["E3-Specialite1"].weight == 16


def test_what_the_regulation_does_not_allow_is_not_planned():
    with pytest.raises(IncompatibleChoice):
        planned(specialities=(Subject.MATHS, Subject.MATHS))
