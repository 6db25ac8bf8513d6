"""What is left of the last run of days with an act, on any day: the streak, but before it began."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.dashboard import streak_days, streak_left

TODAY = date(2026, 11, 23)

acts = st.sets(st.integers(-30, 5).map(lambda n: TODAY + timedelta(days=n)), min_size=1)


def last_run(active):
    """The day on which the last run ends, and how long it is."""
    last = max(active)
    return last, streak_days(active, last)


@given(acts, st.integers(0, 40))
def test_what_is_left_of_the_last_run_is_the_streak_on_each_of_its_days_and_after(active, later):
    end, length = last_run(active)
    today = end - timedelta(days=length - 1) + timedelta(days=later)
    assert streak_left(end, length, today) == streak_days(active, today)


@given(acts, st.integers(1, 40))
def test_before_the_last_run_began_nothing_is_left_of_it(active, earlier):
    end, length = last_run(active)
    assert streak_left(end, length, end - timedelta(days=length - 1 + earlier)) == 0


def test_without_an_act_there_is_no_streak():
    assert streak_left(None, 0, TODAY) == 0
