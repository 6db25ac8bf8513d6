"""Mastery follows the evidence as its docstring says."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.mastery import HALF_LIFE, REMEMBERED, shown, updated

scores = st.floats(0, 1)
counts = st.integers(0, 1000)
known = st.tuples(st.none(), st.just(0)) | st.tuples(scores, counts)


def after(evidence: list[float]) -> float:
    """The mastery after measures, from nothing."""
    score: float | None = None
    count = 0
    for each in evidence:
        score, count = updated(score, count, each)
    assert score is not None
    return score


@given(st.none() | scores, scores)
def test_the_first_measure_is_the_mastery(before, score):
    assert updated(before, 0, score) == (score, 1)


@given(known, scores)
def test_each_measure_is_counted(before, score):
    assert updated(*before, score)[1] == before[1] + 1


@given(scores, counts, scores)
def test_mastery_lies_between_what_was_known_and_the_measure(before, count, score):
    found, _ = updated(before, count, score)
    assert min(before, score) <= found <= max(before, score)
    assert 0.0 <= found <= 1.0


@given(known, scores, scores)
def test_a_better_measure_never_gives_less(before, one, other):
    low, high = sorted((one, other))
    assert updated(*before, low) <= updated(*before, high)


@given(scores, scores, counts, scores)
def test_a_better_past_never_gives_less(one, other, count, score):
    low, high = sorted((one, other))
    assert updated(low, count, score) <= updated(high, count, score)


@given(scores, st.integers(1, 1000))
def test_a_measure_that_says_the_same_changes_nothing(score, count):
    assert updated(score, count, score)[0] == score


@given(st.lists(scores, min_size=1, max_size=REMEMBERED))
def test_the_first_six_weigh_the_same(evidence):
    assert after(evidence) == pytest.approx(sum(evidence) / len(evidence))


@given(scores, st.integers(REMEMBERED - 1, 1000), scores)
def test_from_then_on_a_measure_weighs_a_sixth(before, count, score):
    assert updated(before, count, score)[0] == pytest.approx(before + (score - before) / 6)


@given(st.lists(scores, min_size=1, max_size=30), st.data())
def test_a_measure_raised_anywhere_never_lowers_the_mastery(evidence, data):
    place = data.draw(st.integers(0, len(evidence) - 1))
    better = data.draw(st.floats(evidence[place], 1))
    raised = [*evidence[:place], better, *evidence[place + 1 :]]
    assert after(evidence) <= after(raised)


@given(st.lists(scores, min_size=1, max_size=12))
def test_a_pupil_who_now_knows_is_soon_known_to(evidence):
    """However bad the past, thirty full measures leave less than one part in a hundred of it."""
    assert after([*evidence, *[1.0] * 30]) > 0.99


difficulties = st.floats(0, 1)
ages = st.integers(0, 4000).map(lambda days: timedelta(days=days))


@given(scores, counts, scores, difficulties, ages)
def test_with_any_difficulty_and_age_it_lies_between_what_was_known_and_what_is_shown(
    before, count, score, difficulty, age
):
    found, _ = updated(before, count, score, difficulty=difficulty, age=age)
    seen = shown(score, difficulty)
    assert 0.0 <= found <= 1.0
    assert count == 0 or min(before, seen) <= found <= max(before, seen)


@given(known, scores, scores, difficulties, ages)
def test_a_better_measure_never_gives_less_however_hard_and_late(
    before, one, other, difficulty, age
):
    low, high = sorted((one, other))
    lower = updated(*before, low, difficulty=difficulty, age=age)
    assert lower <= updated(*before, high, difficulty=difficulty, age=age)


@given(known, scores, difficulties, difficulties, ages)
def test_the_same_score_on_something_harder_never_gives_less(before, score, one, other, age):
    easy, hard = sorted((one, other))
    lower = updated(*before, score, difficulty=easy, age=age)
    assert lower <= updated(*before, score, difficulty=hard, age=age)


@given(scores)
def test_a_measure_of_usual_difficulty_shows_its_score(score):
    assert shown(score) == score


@given(difficulties)
def test_nothing_and_everything_show_themselves_however_hard(difficulty):
    assert (shown(0.0, difficulty), shown(1.0, difficulty)) == (0.0, 1.0)


def test_the_hardest_shows_the_square_root_and_the_easiest_the_square():
    assert (shown(0.25, 1.0), shown(0.5, 0.0)) == (0.5, 0.25)


def test_after_a_half_life_what_was_known_weighs_half():
    assert updated(0.0, 2, 1.0, age=HALF_LIFE)[0] == pytest.approx(1 / 2)
    assert updated(0.0, 5, 1.0, age=2 * HALF_LIFE)[0] == pytest.approx(4 / 9)


@given(scores, counts, scores, ages, ages)
def test_the_longer_ago_the_more_the_new_measure_decides(before, count, score, one, other):
    soon, late = sorted((one, other))
    near = updated(before, count, score, age=soon)[0]
    far = updated(before, count, score, age=late)[0]
    assert abs(far - score) <= abs(near - score) + 1e-12


@given(scores, counts, scores, st.timedeltas(min_value=timedelta(days=-9), max_value=timedelta(0)))
def test_a_measure_from_before_the_last_one_counts_as_of_the_same_day(before, count, score, age):
    assert updated(before, count, score, age=age) == updated(before, count, score)
