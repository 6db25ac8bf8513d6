"""Arguments that cannot be meant: a typed refusal for each, never a fault, never a row."""

import json
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio

FEW = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
UNTOLD = ("Traceback", "asyncpg", "site-packages", ".py", "SELECT")


async def refusals(
    client: httpx2.AsyncClient, query: str, variables: dict[str, Any] | None = None
) -> set[str]:
    """The codes of the answer's errors; the answer tells nothing of the server's making."""
    answer = await client.post("/graphql", json={"query": query, "variables": variables})
    assert answer.status_code == 200
    for word in UNTOLD:
        assert word not in answer.text
    return {error["extensions"]["code"] for error in answer.json().get("errors", ())}


BAD = {"BAD_USER_INPUT"}
INVALID = {"GRAPHQL_VALIDATION_FAILED"}
IDS = ["student(id: $id) { id }", "node(id: $id) { id }", "nodes(ids: [$id]) { id }"]
NOT_UUIDS = [
    "",
    "1",
    "lina",
    "01a03291-a180-7627-bb5a-24488e0346c",
    "01a03291a1807627bb5a24488e0346cc",
    "{01a03291-a180-7627-bb5a-24488e0346cc}",
    "urn:uuid:01a03291-a180-7627-bb5a-24488e0346cc",
    "٠1a03291-a180-7627-bb5a-24488e0346cc",
    "' OR 1=1 --",
    "\x00",
    "a" * 100_000,
]


@pytest.mark.parametrize("field", [*IDS, "job(id: $id) { id }"])
@pytest.mark.parametrize("id", NOT_UUIDS, ids=range(len(NOT_UUIDS)))
async def test_what_is_not_a_uuid_is_refused(http: httpx2.AsyncClient, field: str, id: str) -> None:
    query = f"query ($id: ID!) {{ {field} }}"
    assert await refusals(http, query, {"id": id}) == BAD


async def test_an_id_in_capitals_is_the_same_id(http: httpx2.AsyncClient, people) -> None:
    query = "query ($id: ID!) { student(id: $id) { id } }"
    id = str(people.students[0].id)
    answer = await http.post("/graphql", json={"query": query, "variables": {"id": id.upper()}})
    assert answer.json() == {"data": {"student": {"id": id}}}


async def test_more_ids_than_allowed_are_refused(http: httpx2.AsyncClient, people) -> None:
    ids = [str(people.students[0].id)] * 101
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert await refusals(http, query, {"ids": ids}) == BAD


@pytest.mark.parametrize(
    "arguments",
    [
        "first: -1",
        "last: -1",
        "first: 101",
        "last: 2147483647",
        "first: 1, last: 1",
        'after: ""',
        'before: "?"',
        'after: "bm90IGEgY3Vyc29y"',
    ],
)
@pytest.mark.parametrize(
    "page", ["tasks", "agenda", "evaluations", "reports", "favorites", "events"]
)
async def test_a_page_that_cannot_be_meant_is_refused(
    http: httpx2.AsyncClient, page: str, arguments: str
) -> None:
    query = f"{{ viewer {{ student {{ {page}({arguments}) {{ totalCount }} }} }} }}"
    assert await refusals(http, query) == BAD


@pytest.mark.parametrize("size", ["first: -1", "first: 101"])
@pytest.mark.parametrize("field", ["upcoming", "tasks"])
async def test_a_dashboard_of_impossible_size_is_refused(
    http: httpx2.AsyncClient, field: str, size: str
) -> None:
    query = f"{{ viewer {{ student {{ dashboard {{ {field}({size}) {{ id }} }} }} }} }}"
    assert await refusals(http, query) == BAD


@pytest.mark.parametrize("days", [-1, 0, 1001, 2**31 - 1])
async def test_a_trend_of_impossible_length_is_refused(http: httpx2.AsyncClient, days: int) -> None:
    query = f"{{ viewer {{ student {{ progression {{ trend(days: {days}) {{ day }} }} }} }} }}"
    assert await refusals(http, query) == BAD


AGENDA = """query ($from: DateTime, $to: DateTime) {
  viewer { student { agenda(from: $from, to: $to) { totalCount nodes { id } } } }
}"""
NOT_INSTANTS = [
    "",
    "tomorrow",
    "2026-11-23",
    "2026-11-23T12:00:00",
    "2026-02-30T00:00:00Z",
    "2026-11-23T25:00:00Z",
    "2026-11-23T12:00:00+25:00",
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z",
    "1899-12-31T23:59:59Z",
    "2200-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31T23:59:59Z",
    "10000-01-01T00:00:00Z",
    "-0001-01-01T00:00:00Z",
    "\x00",
    0,
    2**53,
    1e300,
    True,
    [],
    {},
]


@pytest.mark.parametrize("moment", NOT_INSTANTS, ids=range(len(NOT_INSTANTS)))
@pytest.mark.parametrize("bound", ["from", "to"])
async def test_what_is_not_an_instant_of_our_times_is_refused(
    http: httpx2.AsyncClient, bound: str, moment: Any
) -> None:
    assert await refusals(http, AGENDA, {bound: moment}) == BAD


@pytest.mark.parametrize("moment", NOT_INSTANTS[:-2], ids=range(len(NOT_INSTANTS) - 2))
async def test_an_instant_in_the_document_is_held_to_the_same(
    http: httpx2.AsyncClient, moment: Any
) -> None:
    literal = json.dumps(moment)
    query = f"{{ viewer {{ student {{ agenda(from: {literal}) {{ totalCount }} }} }} }}"
    assert await refusals(http, query) == INVALID


async def test_an_agenda_that_ends_before_it_begins_is_empty(http: httpx2.AsyncClient) -> None:
    bounds = {"from": "2026-12-01T00:00:00Z", "to": "2026-11-01T00:00:00+01:00"}
    answer = await http.post("/graphql", json={"query": AGENDA, "variables": bounds})
    agenda = {"totalCount": 0, "nodes": []}
    assert answer.json() == {"data": {"viewer": {"student": {"agenda": agenda}}}}


SEARCH = "query ($text: String) { viewer { students(search: $text) { totalCount } } }"


async def test_a_nul_in_a_variable_is_refused(http: httpx2.AsyncClient) -> None:
    assert await refusals(http, SEARCH, {"text": "Li\x00na"}) == BAD


async def test_a_nul_in_a_literal_is_refused(http: httpx2.AsyncClient) -> None:
    query = r'{ viewer { students(search: "Li\u0000na") { totalCount } } }'
    assert await refusals(http, query) == BAD


@pytest.mark.parametrize("escape", [r"\ud800", r"\udfff", r"\ud800\ud800", r"\u{110000}"])
async def test_half_of_a_surrogate_pair_in_a_literal_is_refused(
    http: httpx2.AsyncClient, escape: str
) -> None:
    query = f'{{ viewer {{ students(search: "{escape}") {{ totalCount }} }} }}'
    assert await refusals(http, query) == {"GRAPHQL_PARSE_FAILED"}


@FEW
@example(text="%")
@example(text="\\")
@example(text="_")
@example(text="'; DROP TABLE students; --")
@example(text="\U0010ffff")
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
async def test_any_text_can_be_searched(http: httpx2.AsyncClient, text: str) -> None:
    assert await refusals(http, SEARCH, {"text": text}) == set()


@pytest.mark.parametrize("wildcard", ["%", "_", "\\", "%%", "L%a"])
async def test_a_wildcard_is_only_a_character(
    coach_http: httpx2.AsyncClient, wildcard: str
) -> None:
    answer = await coach_http.post(
        "/graphql", json={"query": SEARCH, "variables": {"text": wildcard}}
    )
    assert answer.json() == {"data": {"viewer": {"students": {"totalCount": 0}}}}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ viewer { student { tasks(status: [DOING]) { totalCount } } } }", INVALID),
        ("{ viewer { student { tasks(orderBy: null) { totalCount } } } }", INVALID),
        ("{ viewer { student { events(afterSeq: 2147483648) { totalCount } } } }", INVALID),
        ("{ viewer { student { events(afterSeq: 1.5) { totalCount } } } }", INVALID),
        ("{ viewer { student { events(afterSeq: -2147483648) { totalCount } } } }", set()),
        ("{ viewer { student { tasks(status: []) { totalCount } } } }", set()),
        ("{ programme(subject: LATIN, track: PREMIERE) { code } }", INVALID),
        ("{ programme(subject: MATHS) { code } }", INVALID),
        ("{ programme(subject: EPS, track: PREMIERE) { code } }", set()),
    ],
)
async def test_a_value_outside_its_type_is_refused(
    http: httpx2.AsyncClient, query: str, expected: set[str]
) -> None:
    assert await refusals(http, query) == expected


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ("Int", 2**31),
        ("Int", -(2**63)),
        ("Int", 1e308),
        ("Int", 1.5),
        ("Int", "1"),
        ("Int", True),
        ("[TaskStatus!]", ["DOING"]),
        ("[TaskStatus!]", [None]),
        ("[TaskStatus!]", 1),
        ("String", 1),
        ("String", ["a"]),
    ],
)
async def test_a_variable_outside_its_type_is_refused(
    http: httpx2.AsyncClient, declared: str, value: Any
) -> None:
    argument = {"Int": "first", "[TaskStatus!]": "status", "String": "after"}[declared]
    query = (
        f"query ($value: {declared})"
        f" {{ viewer {{ student {{ tasks({argument}: $value) {{ totalCount }} }} }} }}"
    )
    assert await refusals(http, query, {"value": value}) == BAD


@pytest.mark.parametrize(
    "arguments",
    [
        "examPath: SCOLARISE, examSession: 1900",
        "examPath: SCOLARISE, examSession: 2147483647",
        "examPath: SCOLARISE, examSession: -1",
        "examPath: SCOLARISE, examSession: 2027, specialities: [MATHS, MATHS]",
        "examPath: SCOLARISE, examSession: 2027, specialities: [EPS, FRANCAIS]",
        "examPath: SCOLARISE, examSession: 2027, specialities: [MATHS, NSI, SES, SVT, HLP]",
        "examPath: SCOLARISE, examSession: 2027, specialities: [MATHS, NSI],"
        " specialiteAbandonnee: MATHS",
    ],
)
async def test_a_choice_that_no_regulation_knows_is_refused(
    http: httpx2.AsyncClient, arguments: str
) -> None:
    assert await refusals(http, f"{{ reglement({arguments}) {{ code }} }}") == BAD


async def test_an_operation_that_names_several_of_its_kinds_is_the_clients_fault(http):
    kinds = 'update: {id: "x"}, create: null, delete: null'
    query = f"mutation {{ bulkTasks(input: {{operations: [{{{kinds}}}]}}) {{ __typename }} }}"
    (error,) = (await http.post("/graphql", json={"query": query})).json()["errors"]
    assert error["extensions"]["code"] in {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}
    assert "exactly one key" in error["message"]
