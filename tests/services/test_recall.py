"""What is known better, or was shown oftener, is due later; FSRS says when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.mastery import updated
from services.recall import LONGEST, due_at

MEASURED = datetime(2026, 11, 1, 8, tzinfo=UTC)
scores = st.floats(0, 1)
counts = st.integers(1, 20)


@pytest.mark.parametrize(
    ("score", "count", "days"),
    [(1.0, 1, 8), (0.8, 2, 66), (0.7, 1, 2), (0.7, 3, 46), (0.5, 6, 25), (0.0, 6, 1), (1.0, 9, 90)],
)
def test_reviews_move_apart_as_a_competence_is_shown_again(score, count, days):
    assert due_at(score, count, MEASURED) - MEASURED == timedelta(days=days)


@given(scores, scores, counts, counts)
def test_what_is_known_better_or_shown_oftener_is_never_due_sooner(one, other, few, many):
    (low, high), (few, many) = sorted((one, other)), sorted((few, many))
    assert due_at(low, few, MEASURED) <= due_at(high, many, MEASURED)


@given(scores, counts)
def test_a_review_waits_from_a_day_to_a_trimestre(score, count):
    assert timedelta(days=1) <= due_at(score, count, MEASURED) - MEASURED <= LONGEST


@given(scores, scores, scores, counts)
def test_a_worse_measure_is_never_due_later(mastered, one, other, count):
    worse, better = sorted((one, other))
    after_worse, seen = updated(mastered, count, worse)
    after_better, _ = updated(mastered, count, better)
    assert due_at(after_worse, seen, MEASURED, worse) <= due_at(
        after_better, seen, MEASURED, better
    )


def test_what_failed_is_due_the_next_day_however_well_it_was_known():
    score, count = updated(0.79, 6, 0.0)
    assert due_at(score, count, MEASURED, 0.0) - MEASURED == timedelta(days=1)
