"""Where an answer cannot come in parts, `@defer` says nothing, or is refused by name."""

from typing import Any

import httpx2
import pytest
from conftest import Ask
from graphql import build_client_schema, get_introspection_query
from in_parts import TAKES_PARTS
from over_http import client_of

from gateway.app import create_app
from gateway.documents import Documents, Operation
from gateway.refusals import Rejected
from gateway.settings import Settings
from services.access import Viewer

pytestmark = pytest.mark.anyio

QUERY = '{ viewer { role ... @defer(label: "rest") { student { displayName } } } }'
PLAIN = "{ viewer { role ... { student { displayName } } } }"
NOBODY = '"00000000-0000-7000-8000-000000000000"'
HEADERS = {"Accept": TAKES_PARTS}


def refused(text: str) -> list[str]:
    with pytest.raises(Rejected) as rejected:
        Documents(open_schema=True).prepared(Operation(text, {}, None))
    return [error.message for error in rejected.value.errors]


async def test_introspection_shows_the_directive(http: httpx2.AsyncClient) -> None:
    body = {"query": get_introspection_query()}
    shown = build_client_schema((await http.post("/graphql", json=body)).json()["data"])
    defer = shown.get_directive("defer")
    assert defer is not None
    assert {place.name for place in defer.locations} == {"FRAGMENT_SPREAD", "INLINE_FRAGMENT"}
    assert {name: str(each.type) for name, each in defer.args.items()} == {
        "if": "Boolean!",
        "label": "String",
    }
    assert shown.get_directive("stream") is None


async def test_a_change_is_answered_whole(http: httpx2.AsyncClient) -> None:
    inner = "... @defer { errors { message } }"
    query = f"mutation {{ deleteTask(input: {{id: {NOBODY}}}) {{ {inner} events {{ seq }} }} }}"
    answer = await http.post("/graphql", json={"query": query}, headers=HEADERS)
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json()["data"]["deleteTask"]["errors"]


async def test_the_root_of_a_change_cannot_be_deferred() -> None:
    query = f"mutation {{ ... @defer {{ deleteTask(input: {{id: {NOBODY}}}) {{ __typename }} }} }}"
    assert refused(query) == ["Defer directive cannot be used on root mutation type 'Mutation'."]


async def test_a_subscription_cannot_be_deferred() -> None:
    query = "subscription { cohortUpdates { ... @defer { event { seq } } } }"
    (message,) = refused(query)
    assert message.startswith("Defer directive not supported on subscription operations.")


async def test_a_label_stands_once_and_is_no_variable() -> None:
    twice = '{ viewer { ... @defer(label: "a") { id } ... @defer(label: "a") { role } } }'
    assert refused(twice) == ["Defer/Stream directive label argument must be unique."]
    varies = "query ($a: String) { viewer { ... @defer(label: $a) { id } } }"
    assert refused(varies) == ["Defer directive label argument must be a static string."]


def test_there_is_no_stream() -> None:
    assert refused("{ viewer { students { nodes @stream { id } } } }") == [
        "Unknown directive '@stream'."
    ]


async def test_a_batch_is_answered_whole(
    gateway_settings: Settings, student: Viewer, token_of: Any
) -> None:
    app = create_app(gateway_settings.model_copy(update={"batch": 2, "paths": "reference"}))
    async with (
        app.router.lifespan_context(app),
        client_of(app, Authorization=f"Bearer {token_of(student)}", **HEADERS) as client,
    ):
        answer = await client.post("/graphql", json=[{"query": QUERY}, {"query": PLAIN}])
    first, second = answer.json()
    assert first == second


async def test_a_whole_answer_is_kept_as_any_other(http: httpx2.AsyncClient) -> None:
    query = QUERY.replace("role", "kept: role")  # nobody has asked for it yet
    headers = {"Accept": "application/json", "X-Nexus-Cost": "1"}
    paths = []
    for _ in range(3):
        answer = await http.post("/graphql", json={"query": query}, headers=headers)
        paths.append(answer.json()["extensions"]["cost"]["path"])
    assert (paths[0], paths[-1]) == ("reference", "versioned")


@pytest.mark.parametrize(
    "query",
    [
        "query ($later: Boolean) { viewer { id ... @defer(if: $later) { role } } }",
        "query ($later: Boolean) { viewer { id } ... @defer(if: $later) { __typename } }",
    ],
)
async def test_a_condition_that_is_null_is_the_clients_fault_on_every_path(
    http: httpx2.AsyncClient, query: str
) -> None:
    body = {"query": query, "variables": {"later": None}}
    for accept in ["application/json"] * 3 + [TAKES_PARTS]:
        answer = await http.post("/graphql", json=body, headers={"Accept": accept})
        (error,) = answer.json()["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_on_an_event_stream_an_answer_is_whole(http: httpx2.AsyncClient) -> None:
    headers = {"Accept": "text/event-stream"}
    answer = await http.post("/graphql", json={"query": QUERY}, headers=headers)
    plain = await http.post("/graphql", json={"query": PLAIN}, headers=headers)
    assert answer.text == plain.text
    assert answer.text.startswith("event: next\n")


async def test_without_a_transport_an_answer_is_whole(ask: Ask, student: Viewer) -> None:
    """What WebSocket, event streams and their like run."""
    whole, plain = await ask(student, QUERY), await ask(student, PLAIN)
    assert (whole.data, whole.errors) == (plain.data, None)
