"""What an operation may cost: one table, a budget for each role, told to who asks."""

from typing import Any

import httpx2
import pytest
from conftest import DOCUMENTS
from graphql import GraphQLInterfaceType, GraphQLObjectType, get_introspection_query

from gateway.cost import BUDGETS, COSTS, NOBODYS
from gateway.documents import CONTRACT, Operation
from gateway.pricing import MOST, lists_objects
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
        for name, field in kind.fields.items()
    }


def test_the_table_names_fields_that_exist() -> None:
    assert [place for place in COSTS if place not in declared()] == []


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("{ __typename }", 0),
        ("{ __schema { types { name } } }", 31),
        ('{ __type(name: "Task") { fields { args { name } } } }', 2),
        ("{ viewer { id role } }", 1),
        ("{ viewer { students { totalCount } } }", 2 + 10),
        ("{ viewer { students { nodes { id } } } }", 2 + 20),
        (
            "{ viewer { students { ...C nodes { id } } } } "
            "fragment C on StudentConnection { ... { totalCount } }",
            2 + 10 + 20,
        ),
        ("{ viewer { students(first: 3) { nodes { id } } } }", 2 + 3),
        ("{ viewer { students(last: 3) { edges { node { id } } } } }", 2 + 3),
        ("{ viewer { students(first: 100000) { nodes { id } } } }", 2 + 100),
        ("{ viewer { students(first: 3, last: 7) { nodes { id } } } }", 2 + 7),
        ("{ viewer { students(first: null, last: 30) { nodes { id } } } }", 2 + 30),
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
    assert cost(text % inner, n=3) == 2 + 3 * (1 + 1 + 2)
    assert cost(text % inner, n=3.0, m=None) == 2 + 3 * (1 + 1 + 20)


def test_a_variable_that_does_not_fit_costs_the_most() -> None:
    text = "query ($n: Int) { viewer { students(first: $n) { nodes { id } } } }"
    assert [cost(text, n=n) for n in (True, "x", 1e300, [])] == [102, 102, 102, 2]


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("query ($n: Int = 100) { viewer { students(first: $n) { nodes { id } } } }", {}),
        ("query ($n: Int) { viewer { students(first: $n) { nodes { id } } } }", {"n": 100.0}),
        ("query ($n: Int) { viewer { students(first: $n, last: 100) { nodes { id } } } }", {}),
        (
            "query ($n: Int) { viewer { students(first: $n, last: 100) { nodes { id } } } }",
            {"n": None},
        ),
        (
            "query ($n: Int, $m: Int) "
            "{ viewer { students(first: $n, last: $m) { nodes { id } } } }",
            {"n": 1, "m": 100},
        ),
    ],
)
def test_a_page_of_a_hundred_costs_the_same_however_it_is_asked_for(
    text: str, given: dict[str, Any]
) -> None:
    assert cost(text, **given) == 102


def twins(deep: int, many: int) -> str:
    """Fragments that show one field `many` times over, each in the one before it."""
    fragments = "fragment F0 on Student { id }"
    for place in range(deep):
        spread = f"tasks(first: $n) {{ nodes {{ student {{ ...F{place} }} }} }} " * many
        fragments += f" fragment F{place + 1} on Student {{ {spread} }}"
    return f"query ($n: Int, $i: ID!) {{ student(id: $i) {{ ...F{deep} }} }} {fragments}"


@pytest.mark.parametrize(("deep", "many"), [(16, 2), (9, 3), (6, 4)])
def test_pricing_takes_as_many_sums_as_the_document_has_places(deep: int, many: int) -> None:
    price = DOCUMENTS.prepared(Operation(twins(deep, many), {}, None)).price
    assert len(price.sums) <= (4 * many + 2) * deep


def test_what_would_be_dear_beyond_all_bounds_costs_the_most_there_is() -> None:
    assert cost(twins(16, 2), n=100, i="x") == MOST


def test_the_usual_question_about_the_schema_can_be_afforded_once_by_nobody() -> None:
    usual = cost(get_introspection_query())
    assert usual <= NOBODYS < 2 * usual


async def test_nobody_may_ask_about_the_schema_again_and_again(
    anonymous: httpx2.AsyncClient,
) -> None:
    types = "{ types { fields { args { type { name } } type { ofType { name } } } } }"
    query = "{" + " ".join(f"a{i}: __schema {types}" for i in range(49)) + "}"
    (error,) = (await anonymous.post("/graphql", json={"query": query})).json()["errors"]
    assert error["extensions"]["code"] == "QUERY_TOO_COSTLY"


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
        and not owner.startswith("__")
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
        "estimated": 38,
        "budget": budget,
        "remaining": budget - 38,
    }
    assert "extensions" not in (await coach_http.post("/graphql", json=query)).json()


async def test_what_is_too_dear_says_how_dear_it_is(http: httpx2.AsyncClient) -> None:
    tasks = "tasks(first: 100) { nodes { student { %s } } }"
    query = "{ viewer { student { %s } } }" % (tasks % (tasks % (tasks % "id")))
    (error,) = (await http.post("/graphql", json={"query": query})).json()["errors"]
    assert error["extensions"]["code"] == "QUERY_TOO_COSTLY"
    assert error["extensions"]["cost"] > error["extensions"]["budget"] == BUDGETS[Role.STUDENT]


async def test_the_statements_of_a_change_are_counted(http: httpx2.AsyncClient) -> None:
    stranger = "00000000-0000-0000-0000-000000000000"
    change = f'mutation {{ completeTask(input: {{id: "{stranger}"}}) {{ errors {{ message }} }} }}'
    answer = await http.post("/graphql", json={"query": change}, headers={"X-Nexus-Cost": "1"})
    told = answer.json()
    assert told["data"]["completeTask"]["errors"] != []
    assert told["extensions"]["cost"]["statements"] >= 2  # who is looking, and the task
