"""A plan is the regulation's, whatever the profile: by the thousand."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st
from profiles_at_large import every

from models.curriculum import (
    Dispense,
    EpreuveKind,
    ExamPath,
    OptionCode,
    Voie,
)
from services.catalogue.choices import option
from services.catalogue.sources import examination
from services.planner.plan import A_SCHOOL_YEAR, plan, total_weight
from services.planner.rules import official_rules
from services.profiles import problems

TODAY = date(2026, 11, 23)
KNOWN = st.deferred(lambda: st.sampled_from(every(2026, 2027, 2028)))
ANY_SESSION = st.deferred(lambda: st.sampled_from(every(2021, 2025, 2027, 2029, 2040, 2100)))
UNKNOWN = st.deferred(lambda: st.sampled_from(every(2021, 2025, 2029, 2031, 2100)))
RULES = official_rules()
thousand = settings(max_examples=1000)


def removed(profile):
    """The coefficients of the regulation that the dispensations of a profile take away."""
    whole = plan(replace(profile, dispenses=()), RULES, TODAY)
    left = {one.code for one in plan(profile, RULES, TODAY)}
    gone = (one for one in whole if one.code not in left and one.kind is not EpreuveKind.OPTION)
    return sum((one.weight for one in gone), Decimal())


def test_the_profiles_are_thousands_sound_and_of_every_kind():
    found = every(2026, 2027, 2028)
    assert len(found) > 3000
    assert not [problem for one in found for problem in problems(one)]
    assert {(one.voie, one.exam_path) for one in found} == set(product(Voie, ExamPath))
    assert {code for one in found for code in one.options} == set(OptionCode)
    assert {one for each in found for one in each.dispenses} == set(Dispense)


@thousand
@given(KNOWN)
def test_without_options_the_weights_add_up_to_100_less_what_is_dispensed(profile):
    assert total_weight(plan(profile, RULES, TODAY)) == 100 - removed(profile)
    assert total_weight(plan(replace(profile, dispenses=()), RULES, TODAY)) == 100


@thousand
@given(KNOWN)
def test_an_option_adds_two_for_each_of_its_years_to_the_denominator(profile):
    found = plan(profile, RULES, TODAY)
    added = sum(one.weight for one in found if one.kind is EpreuveKind.OPTION)
    years = [len(option(code).levels) for code in profile.options]
    nowhere = profile.exam_path is ExamPath.SCOLARISE_EX_LIBRE_SANS_PONCTUELLES
    if nowhere or Dispense.SYSTEME_ETRANGER in profile.dispenses:
        years = [1] * len(years)  # no mark of première stands for it
    assert added == 2 * sum(years)
    assert sum(one.weight for one in found) == total_weight(found) + added


@thousand
@given(KNOWN)
def test_codes_are_unique_and_ascii(profile):
    codes = [one.code for one in plan(profile, RULES, TODAY)]
    assert len(set(codes)) == len(codes)
    assert all(code.isascii() for code in codes)


@thousand
@given(ANY_SESSION)
def test_a_day_lies_in_its_window_and_the_window_in_the_cycle(profile):
    for one in plan(profile, RULES, TODAY):
        assert one.window_start <= one.window_end
        if one.scheduled_at:
            assert one.window_start <= one.scheduled_at <= one.window_end
        assert profile.exam_session - 3 < one.window_start.year <= profile.exam_session
        assert one.window_end.year <= profile.exam_session


@thousand
@given(ANY_SESSION, st.dates(date(2024, 1, 1), date(2032, 1, 1)))
def test_the_day_of_planning_changes_nothing_but_what_is_over(profile, today):
    found = plan(profile, RULES, today)
    assert found == plan(profile, RULES, today)
    assert [replace(one, over=False) for one in found] == [
        replace(one, over=False) for one in plan(profile, RULES, TODAY)
    ]
    assert all(one.over is (one.window_end < today) for one in found)


@thousand
@given(KNOWN)
def test_only_one_official_day_is_certain_and_a_text_sets_it(profile):
    official = {
        (one.start, one.end)
        for one in examination().windows[profile.exam_session].values()
        if one.official
    }
    for one in plan(profile, RULES, TODAY):
        assert one.provisional or (one.window_start, one.window_end) in official
        if not one.provisional:
            assert one.scheduled_at == one.window_start == one.window_end
            assert one.reference


@thousand
@given(KNOWN)
def test_what_lasts_all_year_has_no_day(profile):
    for one in plan(profile, RULES, TODAY):
        assert (one.scheduled_at is None) is (one.window_end - one.window_start > A_SCHOOL_YEAR)


@given(UNKNOWN)
def test_a_session_without_regulation_is_a_projection_and_says_so(profile):
    model = 2028 if profile.exam_session > 2028 else 2026
    known = plan(replace(profile, exam_session=model), RULES, TODAY)
    found = plan(profile, RULES, TODAY)
    assert [(one.code, one.weight) for one in found] == [(one.code, one.weight) for one in known]
    assert all(one.provisional for one in found)
    assert all(one.reference.startswith(f"projection d’après la session {model}") for one in found)
    for one, other in zip(found, known, strict=True):
        if one.scheduled_at:
            assert one.scheduled_at.weekday() == other.scheduled_at.weekday()
            there = other.scheduled_at.replace(year=one.scheduled_at.year)
            assert abs(one.scheduled_at - there) <= timedelta(days=3)
