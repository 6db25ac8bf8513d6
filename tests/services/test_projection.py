"""The projection reckons as the regulation does, in decimals, and says what it does not know."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles_at_large import every, pupil

from models.curriculum import Dispense, ExamPath, OptionCode, Profile, Subject, Track
from services.planner.plan import plan
from services.planner.rules import official_rules
from services.projection import (
    BacOutcome,
    MarkOrigin,
    project,
)

TODAY = date(2026, 11, 23)
PREMIERE, TERMINALE = Track.PREMIERE, Track.TERMINALE
ANY = st.deferred(lambda: st.sampled_from(every(2026, 2027, 2028)))

# domain.md § 6: the official way to reckon, on four pupils
SCHOLAR = pupil(specialities=(Subject.MATHS, Subject.SES), specialite_abandonnee=Subject.HLP)
EXPERT = replace(SCHOLAR, options=(OptionCode.MATHS_EXPERTES,))
SCHOLAR_MARKS = {
    "EA-FrancaisEcrit": 11, "EA-FrancaisOral": 14, "EA-Maths": 9, "E2-Philosophie": 10,
    "E3-Specialite1": 13, "E4-Specialite2": 12, "E5-GrandOral": 15,
    "CC1-HistoireGeo": 13.2, "CCT-HistoireGeo": 12.8, "CC1-LVA": 15, "CCT-LVA": 14.5,
    "CC1-LVB": 12, "CCT-LVB": 11.6, "CC1-EnsScientifique": 13, "CCT-EnsScientifique": 12.4,
    "CC1-EMC": 15, "CCT-EMC": 14, "CCT-EPS": 16, "CC1-SpecialitePremiere": 12.5,
    "OPTT-MathsExpertes": 8,
}  # fmt: skip
LIBRE = replace(SCHOLAR, profile=Profile.CANDIDAT_LIBRE, exam_path=ExamPath.LIBRE_FIN_DE_CYCLE)
LIBRE_MARKS = {
    "EA-FrancaisEcrit": 8, "EA-FrancaisOral": 10, "EA-Maths": 7, "E2-Philosophie": 9,
    "E3-Specialite1": 10, "E4-Specialite2": 9, "E5-GrandOral": 12, "EPC-HistoireGeo": 11,
    "EPC-LVA": 13, "EPC-LVB": 9, "EPC-EnsScientifique": 8, "EPC-EMC": 12,
    "EP1-SpecialitePremiere": 10, "EPT-EPS": 14,
}  # fmt: skip


def rows(profile, marks=None):
    """The plan as rows, with the marks that were recorded."""
    return [
        SimpleNamespace(
            code=one.code, subject=one.subject, kind=one.kind, weight=float(one.weight),
            format=one.format, window_end=one.window_end, scheduled_at=one.scheduled_at,
            provisional=one.provisional, mark_20=(marks or {}).get(one.code),
        )
        for one in plan(profile, official_rules(), TODAY)
    ]  # fmt: skip


def projected(profile, marks=None, evaluations=None, mastery=None, today=TODAY):
    return project(rows(profile, marks), evaluations or {}, mastery or {}, today)


@pytest.mark.parametrize(
    ("profile", "marks", "points", "denominator", "mean"),
    [
        (SCHOLAR, SCHOLAR_MARKS, 1281.5, 100, 12.815),
        (EXPERT, SCHOLAR_MARKS, 1297.5, 102, 12.7206),
        (replace(SCHOLAR, dispenses=(Dispense.EPS,)), SCHOLAR_MARKS, 1185.5, 94, 12.6117),
        (LIBRE, LIBRE_MARKS, 1010, 100, 10.10),
    ],
    ids=["scolarise", "with an option", "without EPS", "libre"],
)  # fmt: skip
def test_the_four_pupils_of_the_regulation_come_to_their_means(
    profile, marks, points, denominator, mean
):
    found = projected(profile, marks)
    assert (found.points, found.denominator, found.mean_20) == (points, denominator, mean)
    assert found.known_weight == 1.0


# ------------------------------------------------------------------ what is known


def test_without_anything_known_there_is_no_mean():
    found = projected(SCHOLAR)
    assert (found.mean_20, found.mention, found.outcome) == (None, None, None)
    assert (found.known_weight, found.points, found.estimates) == (0.0, 0.0, ())


def test_the_mean_is_over_what_is_known_and_its_share_is_said():
    found = projected(SCHOLAR, {"EA-FrancaisEcrit": 11, "EA-FrancaisOral": 14, "EA-Maths": 9})
    assert (found.mean_20, found.known_weight) == (11.9167, 0.12)
    assert {one.origin for one in found.estimates} == {MarkOrigin.RECORDED}
    assert "à partir de 12 % des coefficients" in found.reserve


@pytest.mark.parametrize("mark", [6, 9, 18])
def test_of_less_than_half_of_the_weights_neither_honour_nor_outcome_is_said(mark):
    found = projected(SCHOLAR, {"E3-Specialite1": mark, "E4-Specialite2": mark})
    assert (found.mention, found.outcome, found.second_groupe) == (None, None, None)
    assert "la moitié" in found.reserve
    half = {"E5-GrandOral": 20, "E2-Philosophie": 20, "EA-Maths": 20}
    assert projected(SCHOLAR, half | {"E3-Specialite1": mark, "E4-Specialite2": mark}).outcome


def test_nothing_is_reached_that_could_still_be_missed():
    assert [one.points_missing for one in projected(SCHOLAR).thresholds] == [
        1000, 1200, 1400, 1600, 1800,
    ]  # fmt: skip
    found = projected(SCHOLAR, {"EA-Maths": 18})
    assert found.mean_20 == 18
    assert found.thresholds[0].points_missing == 1000 - 36


def test_without_a_plan_there_are_no_thresholds():
    assert project([], {}, {}, TODAY).thresholds == ()


LANGUAGES = {(Subject.LANGUES_VIVANTES, TERMINALE): Decimal(6)}


def test_one_estimate_for_several_languages_is_said_to_be_one():
    found = projected(SCHOLAR, evaluations=LANGUAGES)
    assert [one.epreuve.code for one in found.estimates] == ["CCT-LVA", "CCT-LVB"]
    assert "langues vivantes A, B et C : une même estimation" in found.reserve
    told = projected(SCHOLAR, {"CCT-LVA": 12}, evaluations=LANGUAGES)
    assert "une même estimation" not in told.reserve


def test_a_recorded_mark_comes_before_evaluations_and_these_before_mastery():
    known = {"evaluations": {(Subject.MATHS, TERMINALE): Decimal(12),
                             (Subject.SES, TERMINALE): Decimal(11)},
             "mastery": {(Subject.SES, TERMINALE): Decimal(5),
                         (Subject.PHILOSOPHIE, TERMINALE): Decimal(9)}}  # fmt: skip
    found = projected(SCHOLAR, {"E3-Specialite1": 15}, **known)
    assert [(one.epreuve.code, one.mark_20, one.origin) for one in found.estimates] == [
        ("E2-Philosophie", 9, MarkOrigin.MASTERY),
        ("E3-Specialite1", 15, MarkOrigin.RECORDED),
        ("E4-Specialite2", 11, MarkOrigin.EVALUATIONS),
    ]


def test_what_is_known_of_one_year_says_nothing_of_the_other():
    of_premiere = {(Subject.HISTOIRE_GEO, PREMIERE): Decimal(14)}
    found = projected(SCHOLAR, evaluations=of_premiere)
    assert [one.epreuve.code for one in found.estimates] == ["CC1-HistoireGeo"]
    cycle = projected(LIBRE, evaluations=of_premiere)
    assert [one.epreuve.code for one in cycle.estimates] == ["EPC-HistoireGeo"]


# ------------------------------------------------------------------ what follows


def with_mean(mean):
    return projected(SCHOLAR, dict.fromkeys(SCHOLAR_MARKS, mean))


@pytest.mark.parametrize(
    ("mean", "mention", "outcome"),
    [
        (0, None, BacOutcome.AJOURNE),
        (7.99, None, BacOutcome.AJOURNE),
        (8, None, BacOutcome.SECOND_GROUPE),
        (9.99, None, BacOutcome.SECOND_GROUPE),
        (10, None, BacOutcome.PREMIER_GROUPE),
        (11.99, None, BacOutcome.PREMIER_GROUPE),
        (12, "Assez bien", BacOutcome.PREMIER_GROUPE),
        (14, "Bien", BacOutcome.PREMIER_GROUPE),
        (16, "Très bien", BacOutcome.PREMIER_GROUPE),
        (18, "Très bien avec les félicitations du jury", BacOutcome.PREMIER_GROUPE),
        (20, "Très bien avec les félicitations du jury", BacOutcome.PREMIER_GROUPE),
    ],
)
def test_mentions_and_outcome_begin_at_their_thresholds(mean, mention, outcome):
    found = with_mean(mean)
    assert (found.mean_20, found.mention, found.outcome) == (mean, mention, outcome)


def test_a_mean_that_only_rounds_up_to_a_threshold_does_not_reach_it():
    marks = dict.fromkeys(SCHOLAR_MARKS, 12) | {"CC1-EMC": 11.9}
    found = projected(SCHOLAR, marks)
    assert (found.mean_20, found.mention) == (11.999, None)


@pytest.mark.parametrize(
    ("mark", "mean", "outcome", "mention"),
    [(9.999, 9.9999, BacOutcome.SECOND_GROUPE, None),
     (11.999, 11.9999, BacOutcome.PREMIER_GROUPE, None)],
)  # fmt: skip
def test_the_mean_is_not_shown_at_a_level_that_it_does_not_reach(mark, mean, outcome, mention):
    found = projected(SCHOLAR, dict.fromkeys(SCHOLAR_MARKS, round(mark)) | {"CC1-EMC": mark})
    assert (found.mean_20, found.outcome, found.mention) == (mean, outcome, mention)


def test_without_eps_the_points_missing_are_those_reckoned_by_hand():
    found = projected(replace(SCHOLAR, dispenses=(Dispense.EPS,)), SCHOLAR_MARKS)
    assert [one.points_missing for one in found.thresholds] == [0, 0, 130.5, 318.5, 506.5]


def test_the_points_missing_for_each_threshold_are_told():
    missing = {one.label: one.points_missing for one in with_mean(11).thresholds}
    assert missing == {
        "Admission": 0,
        "Assez bien": 100,
        "Bien": 300,
        "Très bien": 500,
        "Très bien avec les félicitations du jury": 700,
    }


def test_the_second_group_names_the_two_written_epreuves_that_bring_most():
    found = with_mean(9).second_groupe
    assert (found.points_missing, found.oral_count) == (100, 2)
    assert [one.code for one in found.orals] == ["E3-Specialite1", "E4-Specialite2"]
    assert "maths choisies une seule fois" in found.rule


def test_mathematics_are_an_oral_once():
    marks = dict.fromkeys(SCHOLAR_MARKS, 7) | {
        "E3-Specialite1": 2, "EA-Maths": 0, "E4-Specialite2": 20, "EA-FrancaisEcrit": 20,
        "E2-Philosophie": 20,
    }  # fmt: skip
    second = projected(SCHOLAR, marks).second_groupe
    assert [one.code for one in second.orals] == ["E3-Specialite1", "E2-Philosophie"]


def test_an_oral_replaces_all_the_sittings_of_an_epreuve():
    both = replace(SCHOLAR, specialities=(Subject.PHYSIQUE_CHIMIE, Subject.NSI))
    marks = dict.fromkeys(SCHOLAR_MARKS, 9.5) | {
        "E3-Specialite1": 7, "E3-Specialite1-PRATIQUE": 19, "E4-Specialite2": 8.5,
        "E4-Specialite2-PRATIQUE": 9, "E2-Philosophie": 1.5,
    }  # fmt: skip
    # 16 · (20 - 8.625) = 182 before 16 · (20 - 9.4) = 169.6 before 8 · 18.5 = 148
    second = projected(both, marks).second_groupe
    assert [one.code for one in second.orals] == ["E4-Specialite2", "E3-Specialite1"]


@pytest.mark.parametrize("mean", [7.9, 10])
def test_there_is_a_second_group_from_8_to_below_10_only(mean):
    assert with_mean(mean).second_groupe is None


def test_the_weakest_are_those_to_come_where_there_is_most_to_gain():
    known = {(Subject.MATHS, TERMINALE): Decimal(18), (Subject.SES, TERMINALE): Decimal(8),
             (Subject.PHILOSOPHIE, TERMINALE): Decimal(5)}  # fmt: skip
    found = projected(SCHOLAR, {"EA-FrancaisEcrit": 0}, evaluations=known)
    # 16 · 12 ; 8 · 15 ; 8 · (20 - the mean) ; 6 · (20 - the mean) ; 16 · 2
    assert [one.code for one in found.weakest] == [
        "E4-Specialite2", "E2-Philosophie", "E5-GrandOral", "CCT-EPS", "E3-Specialite1",
    ]  # fmt: skip


def test_where_a_point_is_worth_most_is_told_for_what_is_to_come():
    found = projected(SCHOLAR, {"EA-FrancaisEcrit": 0, "E4-Specialite2": 0},
                      {(Subject.MATHS, TERMINALE): Decimal(18)})  # fmt: skip
    assert [(one.epreuve.code, one.worth) for one in found.worth_most] == [
        ("E3-Specialite1", 0.16), ("E2-Philosophie", 0.08), ("E5-GrandOral", 0.08),
        ("CCT-EPS", 0.06), ("CCT-EnsScientifique", 0.03),
    ]  # fmt: skip
    assert found.worth_most[0].room == 0.32


def test_what_is_over_or_has_its_mark_is_no_longer_among_the_weakest():
    found = projected(SCHOLAR, {"E3-Specialite1": 0}, today=date(2027, 6, 20))
    codes = {one.code for one in found.weakest}
    assert codes == {"E5-GrandOral"}
    assert not projected(SCHOLAR, today=date(2027, 7, 20)).weakest


def test_a_point_is_worth_its_weight_in_the_whole():
    found = projected(replace(SCHOLAR, dispenses=(Dispense.EPS,)), {"E3-Specialite1": 10})
    assert [one.worth for one in found.estimates] == [0.1702]  # 16 / 94


def test_the_jury_alone_decides_and_the_projection_says_so():
    assert "seul le jury décide" in with_mean(16).reserve


# ------------------------------------------------------------------ properties

marks20 = st.integers(0, 200).map(lambda tenths: tenths / 10)


@given(ANY, st.data())
def test_the_mean_lies_between_the_least_and_the_best_mark(profile, data):
    codes = [one.code for one in plan(profile, official_rules(), TODAY) if one.weight]
    given_some = data.draw(st.dictionaries(st.sampled_from(codes), marks20, min_size=1))
    found = projected(profile, given_some)
    low, high = min(given_some.values()), max(given_some.values())
    assert low - 1e-4 <= found.mean_20 <= high + 1e-4
    assert 0 < found.known_weight <= 1
    assert len(found.weakest) <= 5


@given(ANY, st.data())
def test_a_better_mark_never_lowers_the_mean(profile, data):
    codes = [one.code for one in plan(profile, official_rules(), TODAY) if one.weight]
    given_some = data.draw(st.dictionaries(st.sampled_from(codes), marks20, min_size=1))
    code = data.draw(st.sampled_from(sorted(given_some)))
    better = {**given_some, code: data.draw(st.floats(given_some[code], 20))}
    assert projected(profile, given_some).mean_20 <= projected(profile, better).mean_20
