"""Mastery follows the evidence as its docstring says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.mastery import REMEMBERED, updated

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
