"""A stored plan is brought to the planned one, and what a person set stays."""

from dataclasses import fields, replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles_at_large import every, pupil

from models.curriculum import EpreuveKind, ExamPath, Profile, Subject, Voie
from models.vocabulary import EpreuveSource
from services.planner.changes import COLUMNS, Stored, changes
from services.planner.plan import plan
from services.planner.rules import official_rules

TODAY = date(2026, 11, 23)
DAY = date(2027, 6, 18)
ANY = st.deferred(lambda: st.sampled_from(every(2026, 2027, 2028)))
OWN = Stored(
    code="OWN-1", label="Concours blanc", subject=Subject.MATHS, kind=EpreuveKind.PONCTUELLE,
    weight=0.0, scheduled_at=None, provisional=True, window_start=None, window_end=None,
    format="écrit", duration_min=None, source=EpreuveSource.AGENT, reference=None, mark_20=None,
)  # fmt: skip


def planned(profile):
    return plan(profile, official_rules(), TODAY)


def stored(profile):
    """The plan of a profile as it is stored at once."""
    return {one.code: one for one in changes([], planned(profile)).added}


def after(rows, found):
    """The rows once the changes are made."""
    left = {code: one for code, one in rows.items() if one not in found.removed}
    for code, (_, facts) in found.changed.items():
        left[code] = replace(left[code], **facts)
    return left | {one.code: one for one in found.added}


@given(ANY)
def test_what_is_planned_again_changes_nothing(profile):
    assert not changes(stored(profile).values(), planned(profile))


@given(ANY, ANY)
def test_from_any_plan_to_any_other_the_changes_lead_there(one, other):
    rows = stored(one)
    found = changes(rows.values(), planned(other))
    assert after(rows, found) == stored(other)
    assert not changes(after(rows, found).values(), planned(other))


@given(ANY, ANY)
def test_what_is_told_as_changed_was_different(one, other):
    found = changes(stored(one).values(), planned(other))
    for before, facts in found.changed.values():
        assert facts
        assert before.keys() == facts.keys() <= set(COLUMNS)
        assert all(before[name] != facts[name] for name in facts)


@given(ANY, st.data())
def test_a_day_given_by_hand_survives(profile, data):
    rows = stored(profile)
    code = data.draw(st.sampled_from(sorted(rows)))
    rows[code] = replace(
        rows[code], scheduled_at=DAY, provisional=False, source=EpreuveSource.AGENT, mark_20=12.5
    )
    assert not changes(rows.values(), planned(profile))


def by_hand(row, mark=None):
    return replace(
        row, scheduled_at=DAY, provisional=False, source=EpreuveSource.AGENT, mark_20=mark
    )


def test_of_what_a_person_dated_everything_else_follows_the_regulation():
    profile = pupil()
    rows = stored(profile)
    rows["E5-GrandOral"] = replace(by_hand(rows["E5-GrandOral"]), weight=10.0, label="Oral")
    found = changes(rows.values(), planned(profile))
    assert found.changed == {
        "E5-GrandOral": (
            {"label": "Oral", "weight": 10.0},
            {"label": "Grand oral (épreuve orale terminale)", "weight": 8.0},
        )
    }


def test_a_day_taken_away_by_hand_is_given_by_the_regulation_again():
    rows = stored(pupil())
    rows["E5-GrandOral"] = replace(rows["E5-GrandOral"], scheduled_at=None)
    found = changes(rows.values(), planned(pupil()))
    assert found.changed == {
        "E5-GrandOral": ({"scheduled_at": None}, {"scheduled_at": date(2027, 6, 21)})
    }


def test_a_day_and_a_mark_move_along_where_the_specialities_change_places():
    rows = stored(pupil(specialities=(Subject.MATHS, Subject.PHYSIQUE_CHIMIE)))
    rows["E3-Specialite1"] = by_hand(rows["E3-Specialite1"], 14.0)
    swapped = pupil(specialities=(Subject.PHYSIQUE_CHIMIE, Subject.MATHS))
    there = after(rows, changes(rows.values(), planned(swapped)))
    assert (there["E4-Specialite2"].scheduled_at, there["E4-Specialite2"].mark_20) == (DAY, 14.0)
    assert there["E3-Specialite1"].subject is Subject.PHYSIQUE_CHIMIE
    assert not there["E3-Specialite1"].by_hand
    assert there["E3-Specialite1"].mark_20 is None


def test_a_day_and_a_mark_of_another_subject_are_not_taken_over():
    rows = stored(pupil())
    rows["E4-Specialite2"] = by_hand(rows["E4-Specialite2"], 9.0)
    found = changes(rows.values(), planned(pupil(specialities=(Subject.MATHS, Subject.NSI))))
    before, facts = found.changed["E4-Specialite2"]
    assert (before["mark_20"], facts["mark_20"]) == (9.0, None)
    assert (before["scheduled_at"], facts["scheduled_at"]) == (DAY, date(2027, 6, 17))
    assert facts["source"] is EpreuveSource.REGLEMENT


def test_a_day_given_before_the_speciality_was_chosen_stays():
    rows = stored(pupil(specialities=(), specialite_abandonnee=None))
    rows["E3-Specialite1"] = by_hand(rows["E3-Specialite1"])
    there = after(rows, changes(rows.values(), planned(pupil())))
    assert there["E3-Specialite1"].scheduled_at == DAY


def test_what_was_given_to_a_subject_goes_when_the_specialities_are_open_again():
    rows = stored(pupil(specialities=(Subject.MATHS, Subject.NSI)))
    rows["E3-Specialite1"] = by_hand(rows["E3-Specialite1"], 14.0)
    nothing = pupil(specialities=(), specialite_abandonnee=None)
    there = after(rows, changes(rows.values(), planned(nothing)))
    assert (there["E3-Specialite1"].mark_20, there["E3-Specialite1"].by_hand) == (None, False)


@pytest.mark.parametrize(
    "other",
    [
        {"specialities": (Subject.HLP, Subject.SES), "specialite_abandonnee": Subject.HGGSP},
        {"voie": Voie.STMG, "specialities": (), "specialite_abandonnee": None},
        {"specialities": (), "specialite_abandonnee": None},
    ],
)
def test_the_mark_of_the_anticipated_mathematics_stays_whatever_their_paper(other):
    rows = stored(pupil())
    rows["EA-Maths"] = replace(rows["EA-Maths"], mark_20=9.0)
    there = after(rows, changes(rows.values(), planned(pupil(**other))))
    assert there["EA-Maths"].mark_20 == 9


# ------------------------------------------------------------------ another session


def moved(code, session, mark=None, day=DAY, **changed):
    """An épreuve of Hugo's, of the session 2027, after the session became another."""
    rows = stored(pupil(**changed))
    rows[code] = replace(by_hand(rows[code], mark), scheduled_at=day)
    return after(rows, changes(rows.values(), planned(pupil(exam_session=session, **changed))))[
        code
    ]


@pytest.mark.parametrize("session", [2026, 2028, 2029])
def test_a_day_of_another_session_is_not_that_of_this_one(session):
    found = moved("E2-Philosophie", session, day=date(2027, 6, 15))
    assert found.scheduled_at.year == session
    assert not found.by_hand


def test_a_day_that_lies_in_the_new_window_stays():
    assert moved("E5-GrandOral", 2028, day=date(2028, 6, 21)).scheduled_at == date(2028, 6, 21)


@pytest.mark.parametrize(
    ("code", "session", "mark", "kept"),
    [
        ("E2-Philosophie", 2028, 9.9, False),
        ("E2-Philosophie", 2028, 10.0, True),
        ("E2-Philosophie", 2032, 10.0, True),
        ("E2-Philosophie", 2033, 10.0, False),
        ("EA-FrancaisEcrit", 2028, 7.0, True),
        ("EA-FrancaisEcrit", 2029, 7.0, False),
        ("CC1-LVA", 2028, 7.0, True),
        ("CC1-LVA", 2029, 17.0, False),
        ("CCT-LVA", 2028, 17.0, False),
        ("CCT-LVA", 2026, 17.0, True),
    ],
)
def test_a_later_session_keeps_the_marks_that_the_regulation_keeps(code, session, mark, kept):
    assert moved(code, session, mark).mark_20 == (mark if kept else None)


def test_an_epreuve_that_no_text_sets_stays():
    assert not changes([*stored(pupil()).values(), OWN], planned(pupil()))


@pytest.mark.parametrize("reference", ["Note de service", None])
def test_an_epreuve_of_the_regulation_that_is_no_longer_of_the_plan_goes(reference):
    gone = replace(OWN, reference=reference, source=EpreuveSource.REGLEMENT)
    found = changes([*stored(pupil()).values(), gone], planned(pupil()))
    assert (found.removed, found.added, found.changed) == ((gone,), (), {})


def test_another_exam_path_brings_other_epreuves():
    libre = pupil(profile=Profile.CANDIDAT_LIBRE, exam_path=ExamPath.LIBRE_FIN_DE_CYCLE)
    found = changes(stored(pupil()).values(), planned(libre))
    assert {one.code[:4] for one in found.removed} == {"CC1-", "CCT-", "E4-S"}
    assert {one.code[:4] for one in found.added} == {"EPC-", "EP1-", "EPT-"}


def test_nothing_of_a_stored_row_is_forgotten():
    assert tuple(field.name for field in fields(Stored)) == COLUMNS
