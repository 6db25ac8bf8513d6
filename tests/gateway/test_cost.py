"""What an operation may cost: one table, a budget for each role, told to who asks."""

from typing import Any

import httpx2
import pytest
from conftest import DOCUMENTS
from graphql import GraphQLInterfaceType, GraphQLObjectType

from gateway.cost import BUDGETS, COSTS, lists_objects
from gateway.documents import CONTRACT, Operation
from models.vocabulary import Role

pytestmark = pytest.mark.anyio

SMALL = {"specialities", "options", "languages"}  # arrays of a row, never read by themselves
PAYLOADS = ("Payload", "Error")


def cost(text: str, **given: Any) -> int:
    return DOCUMENTS.prepared(Operation(text, given, None)).price.of(given)


def declared() -> dict[str, Any]:
    """Every field of the contract, by `Type.field`."""
    return {
        f"{kind.name}.{name}": (kind.name, name, field)
        for kind in CONTRACT.type_map.values()
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
        and not kind.name.startswith("__")
        for name, field in kind.fields.items()
    }


def test_the_table_names_fields_that_exist() -> None:
    assert [place for place in COSTS if place not in declared()] == []


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("{ __typename }", 0),
        ("{ __schema { types { name } } }", 0),
        ("{ viewer { id role } }", 1),
        ("{ viewer { students { totalCount } } }", 2),
        ("{ viewer { students { nodes { id } } } }", 2 + 20),
        ("{ viewer { students(first: 3) { nodes { id } } } }", 2 + 3),
        ("{ viewer { students(last: 3) { edges { node { id } } } } }", 2 + 3),
        ("{ viewer { students(first: 100000) { nodes { id } } } }", 2 + 100),
        ("{ viewer { students(first: -5) { nodes { id } } } }", 2),
        (
            "{ viewer { students(first: 3) { nodes { tasks(first: 5) { nodes { id } } } } } }",
            2 + 3 * (1 + 1 + 5),
        ),
        ("{ viewer { student { dashboard { kpis { streakDays } } } } }", 2 + 5 + 10),
        ("{ viewer { student { dashboard { tasks { id } upcoming { id } } } } }", 2 + 5 + 5 + 7),
        ('{ nodes(ids: ["a", "b"]) { id } }', 2),
        ("{ ...F } fragment F on Query { viewer { ... on Viewer { student { id } } } }", 2),
        ('mutation { deleteTask(input: {id: "a"}) { errors { message } } }', 50 + 10),
    ],
)
def test_an_operation_costs_what_it_may_read(text: str, points: int) -> None:
    assert cost(text) == points


def test_a_page_is_as_dear_as_its_variable_says() -> None:
    text = "query ($n: Int, $m: Int = 2) { viewer { students(first: $n) { nodes { %s } } } }"
    inner = "tasks(first: $m) { nodes { id } }"
    assert cost(text % inner, n=3, m=5) == 2 + 3 * (1 + 1 + 5)
    assert cost(text % inner, n=10**9, m=0) == 2 + 100 * (1 + 1)
    assert cost(text % inner, n=True, m="x") == 2 + 1 * (1 + 1 + 20)


def test_as_many_nodes_are_counted_as_are_named() -> None:
    text = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert cost(text, ids=["a"] * 7) == 7


def test_a_list_that_no_page_counts_is_in_the_table_or_stays_small() -> None:
    forgotten = [
        place
        for place, (owner, name, field) in declared().items()
        if lists_objects(owner, name, field)
        and "first" not in field.args
        and "ids" not in field.args
        and place not in COSTS
        and not owner.endswith(PAYLOADS)
        and name not in SMALL
    ]
    assert forgotten == USUAL


USUAL = [
    "Student.coaches",
    "Student.guardians",
    "Evaluation.copies",
    "EvaluationFeedback.items",
    "EvaluationFeedback.competences",
    "ReportKpis.bySubject",
]


def test_every_role_has_a_budget() -> None:
    assert set(BUDGETS) == set(Role)


async def test_what_it_cost_is_told_to_who_asks(
    coach_http: httpx2.AsyncClient,
) -> None:
    query = {"query": "{ viewer { students(first: 3) { nodes { tasks { totalCount } } } } }"}
    answer = await coach_http.post("/graphql", json=query, headers={"X-Nexus-Cost": "1"})
    budget = BUDGETS[Role.COACH]
    told = answer.json()["extensions"]["cost"]
    assert told["statements"] > 0
    assert {key: told[key] for key in ("estimated", "budget", "remaining")} == {
        "estimated": 8,
        "budget": budget,
        "remaining": budget - 8,
    }
    assert "extensions" not in (await coach_http.post("/graphql", json=query)).json()


async def test_what_is_too_dear_says_how_dear_it_is(http: httpx2.AsyncClient) -> None:
    tasks = "tasks(first: 100) { nodes { student { %s } } }"
    query = "{ viewer { student { %s } } }" % (tasks % (tasks % (tasks % "id")))
    (error,) = (await http.post("/graphql", json={"query": query})).json()["errors"]
    assert error["extensions"]["code"] == "QUERY_TOO_COSTLY"
    assert error["extensions"]["cost"] > error["extensions"]["budget"] == BUDGETS[Role.STUDENT]
