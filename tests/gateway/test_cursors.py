"""A cursor belongs to one list, one order, one filter: any other text is refused."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import httpx2
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio

MANY = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
PAGES = ["tasks", "agenda", "evaluations", "reports", "favorites", "events"]
TASKS = "tasks(orderBy: PRIORITY%s)"
LISTS = [
    "tasks(orderBy: PRIORITY%s)",
    "tasks(orderBy: DUE_AT%s)",
    "tasks(orderBy: CREATED_AT%s)",
    "tasks(status: [TODO]%s)",
    'agenda(from: "2026-01-01T00:00:00Z"%s)',
    'agenda(to: "2027-01-01T00:00:00Z"%s)',
    "agenda(status: [PROPOSE, CONFIRME]%s)",
    "evaluations(status: [CORRIGE]%s)",
    "reports(kind: WEEK%s)",
    "events(kinds: [TASK_CREATED, TASK_COMPLETED]%s)",
    "events(afterSeq: 0%s)",
]


async def page(client: httpx2.AsyncClient, field: str, variables: Any = None) -> dict[str, Any]:
    """The answer for a list of the first pupil whom the client sees."""
    query = (
        "query ($cursor: String) { viewer { students(first: 1) { nodes { page: %s"
        " { nodes { id } pageInfo { endCursor hasNextPage } } } } } }"
    )
    asked = {"query": query % field, "variables": variables}
    if "$cursor" not in field:
        asked["query"] = asked["query"].replace("query ($cursor: String) ", "")
    found: dict[str, Any] = (await client.post("/graphql", json=asked)).json()
    return found


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["data"]["viewer"]["students"]["nodes"][0]["page"]
    return found


def code(answer: dict[str, Any]) -> str:
    (error,) = answer["errors"]
    assert answer["data"] is None
    return str(error["extensions"]["code"])


async def cursor_of(client: httpx2.AsyncClient, field: str) -> str:
    cursor = shown(await page(client, field % ", first: 2"))["pageInfo"]["endCursor"]
    assert cursor
    return str(cursor)


@pytest.mark.parametrize("field", LISTS)
async def test_a_cursor_goes_on_where_its_page_ended(http: httpx2.AsyncClient, field: str) -> None:
    whole = shown(await page(http, field % ", first: 6"))["nodes"]
    cursor = await cursor_of(http, field)
    rest = shown(await page(http, field % ", first: 4, after: $cursor", {"cursor": cursor}))
    assert rest["nodes"] == whole[2:6]


@pytest.mark.parametrize("field", LISTS)
async def test_a_cursor_of_another_list_order_or_filter_is_refused(
    http: httpx2.AsyncClient, field: str
) -> None:
    for other in LISTS:
        if other != field:
            cursor = await cursor_of(http, other)
            answer = await page(http, field % ", after: $cursor", {"cursor": cursor})
            assert code(answer) == "BAD_USER_INPUT"


@pytest.mark.parametrize("bound", ["after", "before"])
async def test_a_cursor_of_another_pupil_is_refused(
    http: httpx2.AsyncClient, coach_http: httpx2.AsyncClient, people, bound: str
) -> None:
    query = "query ($id: ID!) { student(id: $id) { tasks(first: 1) { edges { cursor } } } }"
    variables = {"id": str(people.students[1].id)}
    found = await coach_http.post("/graphql", json={"query": query, "variables": variables})
    (edge,) = found.json()["data"]["student"]["tasks"]["edges"]
    answer = await page(http, f"tasks({bound}: $cursor)", {"cursor": edge["cursor"]})
    assert code(answer) == "BAD_USER_INPUT"


@MANY
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
async def test_any_text_is_a_cursor_or_refused(http: httpx2.AsyncClient, text: str) -> None:
    for field in PAGES:
        answer = await page(http, f"{field}(after: $cursor)", {"cursor": text})
        assert code(answer) == "BAD_USER_INPUT"


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.uuids().map(str),
    st.datetimes().map(lambda moment: f"{moment.isoformat()}+14:00"),
    st.datetimes().map(lambda moment: f"{moment.isoformat()}-14:00"),
    st.dates().map(str),
    st.lists(st.booleans(), max_size=2),
    st.dictionaries(st.text("ab"), st.none(), max_size=2),
)


@MANY
@given(
    field=st.sampled_from(LISTS),
    bound=st.sampled_from(["after", "before"]),
    place=st.integers(1, 3),
    value=VALUES,
)
async def test_a_cursor_that_somebody_rewrote_never_fails_the_server(
    http: httpx2.AsyncClient, field: str, bound: str, place: int, value: Any
) -> None:
    """The mark of the list can be copied; the place behind it is anybody's guess."""
    true = await cursor_of(http, field)
    forged = orjson.loads(urlsafe_b64decode(true + "=" * (-len(true) % 4)))
    forged[place % len(forged)] = value
    cursor = urlsafe_b64encode(orjson.dumps(forged)).decode().rstrip("=")
    answer = await page(http, field % f", {bound}: $cursor", {"cursor": cursor})
    assert "errors" not in answer or code(answer) == "BAD_USER_INPUT"
