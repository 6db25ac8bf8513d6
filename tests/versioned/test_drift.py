"""How fast a priority moves: never back, and never faster than lists in its order count on."""

from math import inf, log

from hypothesis import given
from hypothesis import strategies as st

from models.priority import growth_by_due, growth_by_exam, priority

DAYS = st.floats(0, 400) | st.just(inf)
ROUNDING = 1e-12


@given(st.floats(0, 5), st.floats(0, 1), DAYS, DAYS, st.floats(1e-6, 1))
def test_a_priority_grows_in_a_day_no_faster_than_is_said_and_never_falls(
    weight: float, mastery: float, due: float, exam: float, passed: float
) -> None:
    def at(late: float) -> float:
        found: float = priority(
            weight=weight,
            mastery=mastery,
            days_to_due=max(due - late, 0.0),
            days_to_exam=max(exam - late, 0.0),
        )
        return found

    fastest: float = growth_by_due(max(due - 1, 0.0)) if due > 0 else 0.0
    fastest += growth_by_exam(max(exam - 1, 0.0))
    grown = log(at(passed) / at(0))
    assert -ROUNDING <= grown <= fastest * passed + ROUNDING
