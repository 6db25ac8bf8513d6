"""Whatever valid document a client sends, and whoever it is, no answer is a fault of ours."""

from typing import Any

import pytest
from conftest import CLOCK, DOCUMENTS, reading
from graphql import ExecutionResult
from graphql.execution import Executor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_documents import Question, questions

from gateway.breadth import executed
from gateway.documents import CONTRACT, Operation
from models.vocabulary import Role
from services.access import Viewer

pytestmark = pytest.mark.anyio

MEANT = {"BAD_USER_INPUT"}
CURSORS = """{ viewer { students(first: 3) { edges { cursor node {
  tasks(first: 3) { edges { cursor } }
  byDate: tasks(first: 3, orderBy: DUE_AT) { edges { cursor } }
  agenda(first: 3) { edges { cursor } }
  evaluations(first: 3) { edges { cursor } }
  reports(first: 3) { edges { cursor } }
  favorites(first: 3) { edges { cursor } }
  events(first: 3) { edges { cursor } }
} } } } }"""
ROWS = """{ viewer { students(first: 2) { nodes { id
  tasks(first: 2) { nodes { id } } agenda(first: 2) { nodes { id } }
  evaluations(first: 2) { nodes { id grading { id } copies { id } } }
  reports(first: 2) { nodes { id } } favorites(first: 2) { nodes { id } }
  events(first: 2) { nodes { id } } epreuvePlan { items { id } }
} } } }"""


def collected(answer: Any, key: str) -> list[str]:
    """Every value under a key, however deep."""
    if isinstance(answer, dict):
        own = [answer[key]] if isinstance(answer.get(key), str) else []
        return own + [found for value in answer.values() for found in collected(value, key)]
    if isinstance(answer, list):
        return [found for value in answer for found in collected(value, key)]
    return []


@pytest.fixture(scope="session")
async def known(ask, admin) -> dict[str, list[str]]:
    """Ids and cursors that exist, for those random ones never would."""
    return {
        "ids": collected((await ask(admin, ROWS)).data, "id"),
        "cursors": collected((await ask(admin, CURSORS)).data, "cursor"),
    }


# an argument refused in a field that may not be null: graphql-core forgets the fields before it
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@settings(max_examples=200, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(question=questions(), role=st.sampled_from(Role), stranger=st.integers(0, 9))
async def test_no_document_makes_the_server_fail(
    ask, known, student, parent, coach, admin, question: Question, role: Role, stranger: int
) -> None:
    people = dict(zip(Role, (student, parent, coach, admin), strict=True))
    viewer = Viewer("nobody", role) if stranger == 0 else people[role]
    answer = await ask(viewer, question.text, **question.values(known))
    assert {error.extensions["code"] for error in answer.errors or ()} <= MEANT


# graphql-core forgets the fields before an error, as above
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@settings(max_examples=60, derandomize=True, suppress_health_check=list(HealthCheck))
@given(question=questions(), role=st.sampled_from(Role))
async def test_breadth_first_the_answer_is_graphql_cores(
    pool, known, student, parent, coach, admin, question: Question, role: Role
) -> None:
    viewer = dict(zip(Role, (student, parent, coach, admin), strict=True))[role]
    variables = question.values(known)
    prepared = DOCUMENTS.prepared(Operation(question.text, variables, None))
    one, other = (
        Executor.build(
            CONTRACT,
            prepared.document,
            context_value=reading(viewer, pool, CLOCK),
            raw_variable_values=variables,
        )
        for _ in range(2)
    )
    assert isinstance(one, Executor) == isinstance(other, Executor)
    if isinstance(one, Executor) and isinstance(other, Executor):
        plain: Any = one.execute_operation()
        expected = plain if isinstance(plain, ExecutionResult) else await plain
        assert told(await executed(prepared, other)) == told(expected)


def told(result: ExecutionResult) -> Any:
    """What a client sees of it; branches may fail in any order."""
    errors = [error.formatted for error in result.errors or ()]
    return result.data, sorted(errors, key=repr)
