"""The mark that is expected of an épreuve is rounded, shared and dated as the regulation does."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest
from profiles_at_large import pupil

from models.curriculum import ExamPath, Subject, Track
from services.estimates import estimates, evaluation_means, mastery_marks, years_of
from services.planner.plan import plan
from services.planner.rules import official_rules

TODAY = date(2026, 11, 23)
PREMIERE, TERMINALE = Track.PREMIERE, Track.TERMINALE
SCHOLAR = pupil(specialities=(Subject.MATHS, Subject.SES), specialite_abandonnee=Subject.HLP)


def expected(profile, evaluations):
    """The expected marks by code."""
    rows = [
        SimpleNamespace(
            code=one.code,
            subject=one.subject,
            kind=one.kind,
            weight=float(one.weight),
            mark_20=None,
        )
        for one in plan(profile, official_rules(), TODAY)
    ]
    return {one.epreuve.code: float(one.mark) for one in estimates(rows, evaluations, {})}


@pytest.mark.parametrize(
    ("subject", "code", "known", "mark"),
    [
        (Subject.HISTOIRE_GEO, "CCT-HistoireGeo", "12.31", 12.4),
        (Subject.HISTOIRE_GEO, "CCT-HistoireGeo", "12.30", 12.3),
        (Subject.EPS, "CCT-EPS", "14.5", 15),
        (Subject.EPS, "CCT-EPS", "14.49", 14),
        (Subject.PHILOSOPHIE, "E2-Philosophie", "12.31", 12.31),
    ],
)
def test_an_expected_mark_is_rounded_as_the_mark_that_it_stands_for(subject, code, known, mark):
    assert expected(SCHOLAR, {(subject, TERMINALE): Decimal(known)}) == {code: mark}


SCIENCES = {(Subject.ENSEIGNEMENT_SCIENTIFIQUE, PREMIERE): Decimal(14),
            (Subject.MATHS_SPECIFIQUES, PREMIERE): Decimal(4)}  # fmt: skip
LETTERS = {"specialities": (Subject.HLP, Subject.SES), "specialite_abandonnee": Subject.LLCA}


@pytest.mark.parametrize(
    ("path", "code", "mark"),
    [
        (ExamPath.SCOLARISE, "CC1-EnsScientifique", 10),
        (ExamPath.LIBRE_DEUX_SERIES, "EP1-EnsScientifique", 10),
        (ExamPath.LIBRE_FIN_DE_CYCLE, "EPC-EnsScientifique", 12),
    ],
)
def test_mathematiques_specifiques_are_part_of_the_enseignement_scientifique(path, code, mark):
    assert expected(replace(SCHOLAR, exam_path=path, **LETTERS), SCIENCES)[code] == mark


def test_with_the_speciality_the_enseignement_scientifique_stands_alone():
    assert expected(SCHOLAR, SCIENCES)["CC1-EnsScientifique"] == 14


@pytest.mark.parametrize(
    ("code", "years"),
    [("CC1-LVA", (PREMIERE,)), ("EA-Maths", (PREMIERE,)), ("EP1-EMC", (PREMIERE,)),
     ("OPT1-LVC", (PREMIERE,)), ("CCT-LVA", (TERMINALE,)), ("EPT-EPS", (TERMINALE,)),
     ("E3-Specialite1-PRATIQUE", (TERMINALE,)), ("EPC-LVA", (PREMIERE, TERMINALE)),
     ("OPTC-LVC", (PREMIERE, TERMINALE))],
)  # fmt: skip
def test_an_epreuve_is_about_the_years_that_its_code_names(code, years):
    assert years_of(code) == years


def test_the_mean_of_evaluations_is_that_of_the_latest_six():
    marks = [(Subject.MATHS, TERMINALE, score) for score in (12, 13, 14, 15, 16, 17, 0, 0)]
    assert evaluation_means(marks) == {(Subject.MATHS, TERMINALE): Decimal("14.50")}


def test_mastery_is_worth_twenty_times_its_mean_over_the_competences():
    measured = [(Subject.MATHS, TERMINALE, 1.5, 2), (Subject.MATHS, TERMINALE, 0.3, 1)]
    assert mastery_marks(measured) == {(Subject.MATHS, TERMINALE): Decimal("12.00")}
    assert mastery_marks([]) == evaluation_means([]) == {}
