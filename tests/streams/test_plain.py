"""What an event answers by itself is what the executor would have answered."""

from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import uuid4

import orjson
import pytest
from graphql import ExecutionResult, get_operation_ast, parse
from graphql.execution import Executor

from gateway.answers import written
from gateway.documents import CONTRACT
from gateway.streams.plain import plain
from models.event import Event
from models.vocabulary import EventKind
from resolvers.live import Update

PLAIN = [
    "{ dashboardUpdates(studentId: 1) { event { seq } } }",
    "{ dashboardUpdates(studentId: 1) { event { id seq kind at } } }",
    "{ dashboardUpdates(studentId: 1) { __typename event { __typename seq number: seq } } }",
    "{ now: dashboardUpdates(studentId: 1) { what: event { at } } }",
    "{ cohortUpdates { event { kind } } }",
]
NOT_PLAIN = [
    "{ dashboardUpdates(studentId: 1) { event { seq } student { id } } }",
    "{ dashboardUpdates(studentId: 1) { event { seq payload } } }",
    "{ dashboardUpdates(studentId: 1) { event { seq actor { __typename } } } }",
    "{ dashboardUpdates(studentId: 1) { event { seq @skip(if: true) at } } }",
    "{ dashboardUpdates(studentId: 1) { ... { event { seq } } } }",
    "{ dashboardUpdates(studentId: 1) { event { seq } event { at } } }",
    "{ dashboardUpdates(studentId: 1) { event { ...E } } } fragment E on Event { seq }",
    "{ jobUpdates(id: 1) { id } }",
]


def update(**changed: object) -> Update:
    event = {
        "id": uuid4(),
        "student_id": uuid4(),
        "seq": 7,
        "kind": EventKind.TASK_CREATED,
        "at": datetime(2026, 11, 23, 12, 30, 0, 123456, tzinfo=UTC),
    }
    return Update(SimpleNamespace(model=Event, **{**event, **changed}))


def read(text: str):
    document = parse("subscription " + text)
    return document, plain(get_operation_ast(document))


@pytest.mark.parametrize("text", PLAIN)
def test_it_answers_as_the_executor_does(text):
    document, render = read(text)
    found = update()
    # as each event of a subscription is
    executor = Executor.build(CONTRACT, document, root_value=found, context_value=None)
    assert isinstance(executor, Executor)
    answer = executor.execute_operation()
    assert isinstance(answer, ExecutionResult)
    assert not answer.errors, answer.errors
    assert render(found) == written(answer, executed=True).decode()


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_all_else_is_left_to_the_executor(text):
    assert read(text)[1] is None


def test_a_value_that_should_not_be_missing_is_left_to_the_executor():
    _, render = read(PLAIN[0])
    assert render(update(seq=None)) is None


def test_each_event_is_rendered_once_for_all_who_ask_the_same():
    _, render = read(PLAIN[1])
    first, second = update(seq=1), update(seq=2)
    assert render(first) is render(first)
    assert orjson.loads(render(second))["data"]["dashboardUpdates"]["event"]["seq"] == 2
