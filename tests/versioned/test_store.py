"""What is kept in the process stays within its room, whatever is asked."""

import gc
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from os import urandom
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from graphql import parse

from gateway.versioned.answers import key_of
from gateway.versioned.cards import Card
from gateway.versioned.store import CARD, OVERHEAD, Kept, Question, Store
from gateway.versioned.versions import Wanted
from models.vocabulary import Role
from services.access import Viewer

NODE = parse("query ($id: ID) { node(id: $id) { id } }").definitions[0]
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
ME = Viewer("someone", Role.STUDENT)


def moment(number: int) -> datetime:
    """One of its own."""
    return NOW + timedelta(seconds=number)


def card(number: int) -> Card:
    return Card(urandom(12), moment(number), moment(-number), urandom(300))


def answer(size: int) -> Kept:
    return Kept(b"", NOW, LATER, b"x" * size, "a tag", 1)


def asked(store: Store, key: str, size: int) -> Question:
    question = Question((), key.encode())
    store.add(key, question)
    store.keep(question, answer(size), {})
    return question


def test_those_asked_longest_ago_make_room() -> None:
    store = Store(room=3 * (OVERHEAD + 500))
    for key in "abc":
        asked(store, key, 500)
    store.get("a")
    asked(store, "d", 500)
    assert [key for key in "abcd" if store.get(key)] == ["a", "c", "d"]
    assert store.evicted == 1


def test_the_size_is_that_of_what_is_kept_and_nothing_else() -> None:
    store = Store(room=10 * OVERHEAD)
    first = asked(store, "a", 700)
    store.keep(first, answer(200), {uuid4(): Card(b"1", NOW, LATER, b"x" * 50)})
    store.add("b", None)
    assert store.size == 2 * OVERHEAD + 250 + CARD


@pytest.mark.parametrize("cards", [0, 1, 10, 50])
def test_what_is_kept_takes_no_more_memory_than_is_counted(cards: int) -> None:
    """With all that is around it: keys, instants, dictionaries."""
    store, many = Store(room=10**12), 200
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(many):
            viewer = Viewer(
                f"{number:036}", Role.COACH, f"A name of somebody {number}", "dashboard"
            )
            question = Question((Wanted(viewer.role, viewer.id, None),), urandom(16))
            store.add((f"{number:064}", None, viewer, b'{"first":50,"n":%d}' % number), question)
            made = {UUID(bytes=urandom(16)): card(number) for _ in range(cards)}
            stamps = urandom(28 * cards)
            body = urandom(2_000)
            store.keep(
                question, Kept(stamps, moment(number), moment(-number), body, "t" * 34, 1), made
            )
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0.5 * store.size < taken < store.size


def test_an_answer_that_no_room_can_hold_is_given_and_not_kept() -> None:
    store = Store(room=5 * OVERHEAD)
    large = asked(store, "a", 6 * OVERHEAD)
    assert large.kept is not None
    assert (len(store), store.size) == (0, 0)
    store.keep(large, answer(100), {})  # by who was still on the way
    assert store.size == 0


def test_questions_that_are_not_kept_are_forgotten_too() -> None:
    store = Store(room=5 * OVERHEAD)
    for number in range(50):
        store.add(number, None)
    assert len(store) == 5


def test_a_key_is_short_however_long_the_variables_are() -> None:
    prepared: Any = SimpleNamespace(id="a" * 64, name=None, node=NODE)
    keys = [key_of(prepared, {"id": "x" * size}, ME) for size in (100_000, 100_001)]
    assert keys[0] != keys[1]
    assert all(len(key[-1]) < OVERHEAD / 2 for key in keys if isinstance(key, tuple))


def test_a_key_is_short_however_long_the_name_is() -> None:
    long: Any = SimpleNamespace(id="a" * 64, name="N" * 90_000, node=NODE)
    key: Any = key_of(long, {}, ME)
    assert len(key[1]) < OVERHEAD / 2


def test_variables_that_are_not_declared_make_no_question_of_their_own() -> None:
    prepared: Any = SimpleNamespace(id="a" * 64, name=None, node=NODE)
    assert key_of(prepared, {"id": "1", "junk": "x"}, ME) == key_of(prepared, {"id": "1"}, ME)


def test_where_the_journals_stand_takes_room_too() -> None:
    store = Store(room=10 * OVERHEAD)
    question = Question((), b"a")
    store.add("a", question)
    store.keep(question, replace(answer(0), stamps=b"1" * 400), {})
    assert store.size == OVERHEAD + 400


def test_a_question_is_another_for_each_who_asks_it() -> None:
    prepared: Any = SimpleNamespace(id="a" * 64, name=None, node=NODE)
    people = [
        ME,
        Viewer("someone else", Role.STUDENT),
        Viewer("someone", Role.PARENT),
        Viewer("someone", Role.STUDENT, "A name"),
        Viewer("someone", Role.STUDENT, None, "parent-app"),
    ]
    assert len({key_of(prepared, {}, each) for each in people}) == len(people)
