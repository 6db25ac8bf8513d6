"""The milestones of a session: inscriptions, Grand oral, Parcoursup."""

from datetime import date

import pytest

from models.curriculum import ExamPath
from services.catalogue.milestones import MilestoneKind, milestones
from services.catalogue.sources import examination

INSCRIPTION, GRAND_ORAL, PARCOURSUP = MilestoneKind


def by_code(kind, session):
    return {one.code: one for one in milestones(kind, session)}


def test_every_milestone_of_the_data_is_found_under_its_kind_and_session():
    found = [
        one.code
        for kind in MilestoneKind
        for session in (2026, 2027, 2028)
        for one in milestones(kind, session)
    ]
    written = [one.code for records in examination().milestones.values() for one in records]
    assert sorted(found) == sorted(written)


@pytest.mark.parametrize("kind", MilestoneKind)
@pytest.mark.parametrize("session", [2026, 2027, 2028])
def test_milestones_come_earliest_first_and_end_after_they_start(kind, session):
    found = milestones(kind, session)
    assert [one.start for one in found] == sorted(one.start for one in found)
    assert all(one.start <= one.end for one in found)


def test_an_unknown_session_has_no_milestones():
    assert milestones(PARCOURSUP, 1999) == ()


def test_the_way_to_the_grand_oral_is_advice_until_its_day():
    found = by_code(GRAND_ORAL, 2027)
    assert list(found) == [f"GO-M{number}" for number in range(1, 9)]
    assert found["GO-M1"].recommended
    assert found["GO-M1"].provisional
    day = found["GO-M8"]
    assert (day.start, day.end) == (date(2027, 6, 21), date(2027, 7, 2))
    assert (day.provisional, day.recommended) == (False, False)
    assert "MENE2622686N" in day.reference


def test_parcoursup_is_official_for_the_past_and_projected_for_the_year_to_come():
    assert not any(one.provisional for one in milestones(PARCOURSUP, 2026))
    projected = milestones(PARCOURSUP, 2027)
    assert projected
    assert all(one.provisional and one.reference is None for one in projected)


def test_an_inscription_concerns_those_it_names():
    found = by_code(INSCRIPTION, 2027)
    assert found["INS-BAC-SCO"].exam_paths == {ExamPath.SCOLARISE}
    assert ExamPath.SCOLARISE not in found["INS-BAC-LIBRE"].exam_paths
    assert found["INS-AMENAGEMENT"].exam_paths == set(ExamPath)


def test_the_inscription_to_the_anticipated_exams_stands_under_the_session_of_award():
    assert list(by_code(INSCRIPTION, 2028)) == ["INS-EA-LIBRE"]
