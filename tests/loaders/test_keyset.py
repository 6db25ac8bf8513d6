"""A cursor names a place in its own list, and nothing else is a cursor."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, date, datetime
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.keyset import DEFAULT_SIZE, MAX_SIZE, BadPage, Key, Order, Place, Scope
from models.epreuve import Epreuve
from models.event import Event
from models.student import Student
from models.task import Task

PARENT = UUID(int=1)
BY_TIME = Order("created_at", (Key(Task.created_at, descending=True), Key(Task.id)))
BY_WEIGHT = Order("weight", (Key(Task.weight), Key(Task.id)), clocked=True)
BY_DAY = Order("day", (Key(Epreuve.scheduled_at), Key(Epreuve.id)))
BY_NAME = Order("name", (Key(Student.display_name), Key(Student.id)))
BY_SEQ = Order("seq", (Key(Event.seq),))
ORDERS = (BY_TIME, BY_WEIGHT, BY_DAY, BY_NAME, BY_SEQ)

instants = st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
storable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
PLACES = {
    BY_TIME: st.builds(Place, st.tuples(instants, st.uuids())),
    BY_WEIGHT: st.builds(
        Place,
        st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.uuids()),
        instants,
    ),
    BY_DAY: st.builds(Place, st.tuples(st.dates(), st.uuids())),
    BY_NAME: st.builds(Place, st.tuples(storable, st.uuids())),
    BY_SEQ: st.builds(Place, st.tuples(st.integers(0, 2**31 - 1))),
}
placed = st.sampled_from(ORDERS).flatmap(lambda order: st.tuples(st.just(order), PLACES[order]))


def scope(order=BY_TIME, *, relation="tasks", parent=PARENT, **filters):
    return Scope.of(relation, parent, order, filters)


def cursor(*told):
    return urlsafe_b64encode(orjson.dumps(told)).rstrip(b"=").decode()


@given(placed)
def test_a_cursor_comes_back_as_the_place_it_was_made_from(ordered):
    order, place = ordered
    assert scope(order).place(scope(order).cursor(place), "after") == place


@given(placed)
def test_a_cursor_is_plain_text_that_fits_in_an_address(ordered):
    order, place = ordered
    found = scope(order).cursor(place)
    assert found.isascii()
    assert set(found) <= set("-_") | {c for c in found if c.isalnum()}


@pytest.mark.parametrize(
    "other",
    [
        scope(BY_NAME),
        scope(relation="agenda"),
        scope(parent=UUID(int=2)),
        scope(status=["Todo"]),
        scope(Order("due_at", BY_TIME.keys)),
    ],
    ids=["order", "relation", "parent", "filter", "order of the same keys"],
)
@given(PLACES[BY_TIME])
def test_a_cursor_is_refused_by_another_list(other, place):
    with pytest.raises(BadPage, match="`before` is a cursor of another list, order or filter"):
        other.place(scope().cursor(place), "before")


@given(PLACES[BY_TIME])
def test_a_cursor_is_refused_under_another_value_of_its_filter(place):
    found = scope(status=["Todo"], category=["REVISION"]).cursor(place)
    assert scope(category=["REVISION"], status=["Todo"]).place(found, "after") == place
    with pytest.raises(BadPage):
        scope(status=["Done"], category=["REVISION"]).place(found, "after")


@given(st.sampled_from(ORDERS), st.text(max_size=60) | st.binary(max_size=60).map(repr))
def test_any_other_text_is_no_cursor(order, text):
    with pytest.raises(BadPage):
        scope(order).place(text, "after")


encodable = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
forged = st.lists(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | encodable
    | st.sampled_from(["2026-11-23", "2026-11-23T12:00:00", "0001-01-01T00:00:00+14:00", "9" * 40])
    | st.lists(st.integers(0, 9), max_size=2)
    | st.uuids().map(str),
    max_size=4,
)


@given(st.sampled_from(ORDERS), forged)
def test_a_forged_cursor_is_refused_or_holds_values_of_the_right_kinds(order, values):
    mine = scope(order)
    try:
        place = mine.place(cursor(mine.digest, *values), "after")
    except BadPage:
        return
    kinds = tuple(key.expression.type.python_type for key in order.keys)
    assert tuple(type(value) for value in place.values) == kinds
    assert all(v.tzinfo is UTC for v in place.values if isinstance(v, datetime))
    assert (place.sorted_at is not None) is order.clocked


@pytest.mark.parametrize(
    "values",
    [
        (None, "Lina\x00", str(PARENT)),
        (None, 5, str(PARENT)),
        (None, None, str(PARENT)),
        (None, "Lina", "not a uuid"),
        (None, "Lina"),
        (None, "Lina", str(PARENT), "more"),
    ],
)
def test_a_place_that_cannot_be_in_the_list_is_refused(values):
    mine = scope(BY_NAME)
    with pytest.raises(BadPage):
        mine.place(cursor(mine.digest, *values), "after")


@pytest.mark.parametrize("seq", [True, False, 2**31, -(2**31) - 1, 1.5, "1"])
def test_a_number_that_the_column_cannot_hold_is_refused(seq):
    mine = scope(BY_SEQ)
    with pytest.raises(BadPage):
        mine.place(cursor(mine.digest, None, seq), "after")


def test_a_clocked_cursor_keeps_the_instant_it_was_sorted_at():
    at = datetime(2026, 11, 23, 12, 0, 0, 123_456, tzinfo=UTC)
    mine = scope(BY_WEIGHT)
    told = mine.cursor(Place((2.5, PARENT), at))
    assert mine.window(5, told, None, None).sorted_at == at
    assert mine.window(None, None, 5, told).sorted_at == at


def test_a_cursor_does_not_show_the_filter_it_is_bound_to():
    told = scope(search="Lina Marchand").cursor(Place((datetime(2026, 1, 1, tzinfo=UTC), PARENT)))
    assert b"Lina" not in urlsafe_b64decode(told + "=" * (-len(told) % 4))


@pytest.mark.parametrize(
    ("first", "last", "limit", "backward"),
    [
        (None, None, DEFAULT_SIZE, False),
        (0, None, 0, False),
        (1, None, 1, False),
        (MAX_SIZE, None, MAX_SIZE, False),
        (None, 0, 0, True),
        (None, MAX_SIZE, MAX_SIZE, True),
    ],
)
def test_a_window_is_as_large_as_asked(first, last, limit, backward):
    window = scope().window(first, None, last, None)
    assert (window.limit, window.backward) == (limit, backward)


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (-1, None, "`first` must be between 0 and 100"),
        (101, None, "`first` must be between 0 and 100"),
        (2**31 - 1, None, "`first` must be between 0 and 100"),
        (None, -1, "`last` must be between 0 and 100"),
        (None, 101, "`last` must be between 0 and 100"),
        (5, 5, "`first` and `last` exclude each other"),
        (0, 0, "`first` and `last` exclude each other"),
    ],
)
def test_a_window_of_no_sense_is_refused(first, last, said):
    with pytest.raises(BadPage, match=said):
        scope().window(first, None, last, None)


def test_a_day_is_read_as_a_day():
    mine = scope(BY_DAY)
    place = mine.place(cursor(mine.digest, None, "2027-06-15", str(PARENT)), "after")
    assert place.values == (date(2027, 6, 15), PARENT)
