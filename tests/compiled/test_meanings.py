"""What variables came to is remembered under all that they say, of few documents, within bounds."""

import pytest
from conftest import DOCUMENTS as PREPARED

from gateway.compiled import meanings
from gateway.compiled.meanings import Meanings
from gateway.documents import Operation

TEXT = """query Remembered($id: ID!, $first: Int) {
  student(id: $id) { tasks(first: $first) { totalCount } } }"""
PREPARED_ONE = PREPARED.prepared(Operation(TEXT, {}, None))


@pytest.fixture
def known() -> Meanings:
    made = Meanings()
    made.trust(PREPARED_ONE)
    return made


def test_the_same_variables_come_to_the_same_once(known: Meanings) -> None:
    asked = {"id": "a", "first": 1}
    assert known.of(PREPARED_ONE, asked) is known.of(PREPARED_ONE, dict(asked))


@pytest.mark.parametrize("unfit", [True, 1.5, "1"])
def test_what_python_takes_for_the_same_is_coerced_by_itself(
    known: Meanings, unfit: object
) -> None:
    assert known.of(PREPARED_ONE, {"id": "a", "first": 1}) is not None
    assert known.of(PREPARED_ONE, {"id": "a", "first": unfit}) is None


def test_what_is_left_out_is_not_what_is_null(known: Meanings) -> None:
    absent, null = [known.of(PREPARED_ONE, {"id": "a", **given}) for given in ({}, {"first": None})]
    assert absent is not None
    assert null is not None
    assert (absent.variables.coerced, null.variables.coerced) == (
        {"id": "a"},
        {"id": "a", "first": None},
    )


def test_of_what_nobody_trusts_nothing_is_remembered() -> None:
    anew = Meanings()
    assert anew.of(PREPARED_ONE, {"id": "a"}) is not anew.of(PREPARED_ONE, {"id": "a"})


def test_those_asked_longest_ago_are_forgotten(
    known: Meanings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meanings, "MOST", 2)
    first = known.of(PREPARED_ONE, {"id": "0"})
    for number in ("1", "2"):
        known.of(PREPARED_ONE, {"id": number})
    assert known.of(PREPARED_ONE, {"id": "0"}) is not first
    assert len(known._known[PREPARED_ONE]) == 2


def test_long_variables_are_read_each_time(known: Meanings) -> None:
    long = {"id": "a" * 300}
    assert known.of(PREPARED_ONE, long) is not known.of(PREPARED_ONE, long)
