"""Free hours are the offered ones less the taken ones, minute by minute."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from models.vocabulary import SessionKind
from services.slots import SHORTEST, Hours, free, holds

START = datetime(2026, 11, 25, 8, tzinfo=UTC)
STEP = timedelta(minutes=5)  # shorter than the shortest slot, so that scraps come up
LENGTH = 60
VISIO, PRESENTIEL, STAGE = SessionKind

kinds = st.frozensets(st.sampled_from(SessionKind), min_size=1)
asked = st.none() | st.sampled_from(SessionKind)


def at(step: int) -> datetime:
    return START + step * STEP


def steps(start: datetime, end: datetime) -> set[int]:
    return set(range((start - START) // STEP, (end - START) // STEP))


@st.composite
def intervals(draw):
    start, end = sorted(draw(st.tuples(st.integers(0, LENGTH - 1), st.integers(1, LENGTH))))
    return at(start), at(max(end, start + 1))


@st.composite
def diaries(draw):
    """Hours as the database keeps them: in any order, some touching, none overlapping."""
    cuts = sorted(draw(st.sets(st.integers(0, LENGTH), min_size=2, max_size=10)))
    pieces = [Hours(at(a), at(b), draw(kinds)) for a, b in pairwise(cuts) if draw(st.booleans())]
    return draw(st.permutations(pieces))


def offered_steps(diary, kind) -> set[int]:
    return {
        step
        for hours in diary
        if kind is None or kind in hours.kinds
        for step in steps(hours.start, hours.end)
    }


@given(diaries(), st.lists(intervals(), max_size=6), intervals(), asked)
def test_what_is_free_is_offered_and_not_taken(diary, taken, window, kind):
    open_steps = offered_steps(diary, kind) & steps(*window)
    open_steps -= {step for interval in taken for step in steps(*interval)}
    for left in free(diary, taken, start=window[0], end=window[1], kind=kind):
        assert steps(left.start, left.end) <= open_steps


@given(diaries(), st.lists(intervals(), max_size=6), intervals(), st.sampled_from(SessionKind))
def test_nothing_free_is_left_out_but_scraps(diary, taken, window, kind):
    open_steps = offered_steps(diary, kind) & steps(*window)
    open_steps -= {step for interval in taken for step in steps(*interval)}
    for left in free(diary, taken, start=window[0], end=window[1], kind=kind):
        open_steps -= steps(left.start, left.end)
    for step in open_steps:
        run = {step}
        while more := {s + d for s in run for d in (-1, 1)} & open_steps - run:
            run |= more
        assert len(run) * STEP < SHORTEST


@given(diaries(), st.lists(intervals(), max_size=6), intervals(), asked)
def test_what_is_free_comes_in_order_without_touching_its_like(diary, taken, window, kind):
    found = free(diary, taken, start=window[0], end=window[1], kind=kind)
    for one, next_ in pairwise(found):
        assert one.end <= next_.start
        assert one.end < next_.start or one.kinds != next_.kinds


@given(diaries(), st.lists(intervals(), max_size=6), intervals(), asked)
def test_every_kind_shown_is_offered_all_through(diary, taken, window, kind):
    for left in free(diary, taken, start=window[0], end=window[1], kind=kind):
        assert left.kinds
        assert kind is None or kind in left.kinds
        for shown in left.kinds:
            assert steps(left.start, left.end) <= offered_steps(diary, shown)


@given(diaries(), st.lists(intervals(), max_size=6), st.sampled_from(SessionKind), st.data())
def test_every_part_of_what_is_free_can_be_booked(diary, taken, kind, data):
    for left in free(diary, taken, start=at(0), end=at(LENGTH), kind=kind):
        first, last = min(steps(left.start, left.end)), max(steps(left.start, left.end))
        start = data.draw(st.integers(first, last - 2))
        end = data.draw(st.integers(start + 3, last + 1))
        assert holds(diary, taken, (at(start), at(end)), kind)


@given(diaries(), st.lists(intervals(), max_size=6), intervals(), st.sampled_from(SessionKind))
def test_a_slot_that_holds_is_offered_whole_and_not_taken(diary, taken, slot, kind):
    if holds(diary, taken, slot, kind):
        assert steps(*slot) <= offered_steps(diary, kind)
        assert not any(steps(*slot) & steps(*interval) for interval in taken)


def test_hours_that_touch_are_one_where_they_offer_the_same():
    diary = [Hours(at(0), at(6), frozenset({VISIO})), Hours(at(6), at(12), frozenset({VISIO}))]
    assert free(diary, (), start=at(0), end=at(12)) == [Hours(at(0), at(12), frozenset({VISIO}))]


def test_a_kind_that_both_offer_joins_hours_that_differ():
    diary = [
        Hours(at(0), at(6), frozenset({VISIO, STAGE})),
        Hours(at(6), at(12), frozenset({VISIO, PRESENTIEL})),
    ]
    assert len(free(diary, (), start=at(0), end=at(12))) == 2
    (joined,) = free(diary, (), start=at(0), end=at(12), kind=VISIO)
    assert joined == Hours(at(0), at(12), frozenset({VISIO}))


def test_a_session_leaves_what_is_before_and_what_is_after():
    diary = [Hours(at(0), at(12), frozenset({VISIO}))]
    left = free(diary, [(at(4), at(8))], start=at(0), end=at(12))
    assert [(hours.start, hours.end) for hours in left] == [(at(0), at(4)), (at(8), at(12))]
