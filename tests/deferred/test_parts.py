"""What is deferred follows, to a client that takes it; to all others the directive says nothing."""

from typing import Any

import httpx2
import pytest
from in_parts import TAKES_PARTS, merged, parts_of

from gateway.deferred import executing

pytestmark = pytest.mark.anyio

TASKS = """query Tasks($later: Boolean! = true) { viewer { role student { displayName
  ... @defer(if: $later, label: "tasks") { tasks(first: 2) { nodes { label
    ... @defer(if: $later, label: "status") { status } } } } } } }"""
PLAIN = (
    TASKS.replace('@defer(if: $later, label: "tasks")', "")
    .replace('@defer(if: $later, label: "status")', "")
    .replace("($later: Boolean! = true)", "")
)
# the profile may be null, what it holds may not
BUBBLES = """{ viewer { role ... @defer(label: "fails") { students(first: -1) { totalCount } }
  ... @defer(label: "comes") { id } } }"""
Answer = httpx2.Response


async def asked(
    http: httpx2.AsyncClient, query: str, accept: str = TAKES_PARTS, **variables: Any
) -> Answer:
    body = {"query": query, "variables": variables}
    return await http.post("/graphql", json=body, headers={"Accept": accept})


async def test_what_is_deferred_follows_in_the_order_of_its_nesting(
    http: httpx2.AsyncClient,
) -> None:
    answer = await asked(http, TASKS)
    assert answer.status_code == 200
    first, *rest = parts_of(answer.text)
    assert first["data"]["viewer"].keys() == {"role", "student"}
    assert first["data"]["viewer"]["student"].keys() == {"displayName"}
    assert first["pending"] == [{"id": "0", "path": ["viewer", "student"], "label": "tasks"}]
    announced = [each["label"] for part in rest for each in part.get("pending", ())]
    assert announced == ["status", "status"]
    come = [each["data"].keys() for part in rest for each in part.get("incremental", ())]
    assert come == [{"tasks"}, {"status"}, {"status"}]


async def test_the_parts_come_to_the_answer_of_the_document_without_the_directive(
    http: httpx2.AsyncClient,
) -> None:
    found = merged(parts_of((await asked(http, TASKS)).text))
    assert found.data == (await asked(http, PLAIN)).json()["data"]


async def test_an_answer_in_parts_is_not_packed_nor_kept_nor_held_back(
    http: httpx2.AsyncClient,
) -> None:
    headers = {"Accept": TAKES_PARTS, "Accept-Encoding": "br, gzip"}
    query = TASKS.replace("first: 2", "first: 30")
    answer = await http.post("/graphql", json={"query": query}, headers=headers)
    assert answer.headers["content-type"].startswith("multipart/mixed;")
    assert 'boundary="-"' in answer.headers["content-type"]
    assert "no-store" in answer.headers["cache-control"]
    assert "content-encoding" not in answer.headers
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "application/json",
        "application/graphql-response+json, application/json",
        "multipart/mixed;deferSpec=20220824, application/json",
        "multipart/mixed;q=0.5, application/json",
        "multipart/mixed;q=0, application/json",
    ],
)
async def test_who_does_not_take_parts_has_the_bytes_of_the_document_without_the_directive(
    http: httpx2.AsyncClient, accept: str
) -> None:
    whole, plain = await asked(http, TASKS, accept), await asked(http, PLAIN, accept)
    assert whole.content == plain.content
    assert whole.headers["content-type"] == plain.headers["content-type"]


@pytest.mark.parametrize(
    "accept",
    [
        TAKES_PARTS,
        "multipart/mixed",
        "application/json, multipart/mixed",
        "application/json;q=0.9, multipart/mixed",
        "application/graphql-response+json, text/event-stream, multipart/mixed",
        "multipart/*, application/json",
    ],
)
async def test_who_takes_parts_has_them_however_it_says_so(
    http: httpx2.AsyncClient, accept: str
) -> None:
    assert parts_of((await asked(http, TASKS, accept)).text)[0]["hasNext"]


async def test_a_get_is_answered_in_parts_too(http: httpx2.AsyncClient) -> None:
    headers = {"Accept": TAKES_PARTS}
    answer = await http.get("/graphql", params={"query": TASKS}, headers=headers)
    assert parts_of(answer.text)[0]["hasNext"]
    assert "etag" not in answer.headers


async def test_what_a_variable_does_not_defer_is_answered_at_once(
    http: httpx2.AsyncClient,
) -> None:
    whole = await asked(http, TASKS, later=False)
    assert whole.headers["content-type"].startswith("application/json")
    assert whole.content == (await asked(http, PLAIN)).content


async def test_what_a_variable_does_not_defer_is_kept_as_any_other(
    http: httpx2.AsyncClient,
) -> None:
    body = {"query": TASKS.replace("role", "kept: role"), "variables": {"later": False}}
    headers = {"Accept": TAKES_PARTS, "X-Nexus-Cost": "1"}
    answers = [await http.post("/graphql", json=body, headers=headers) for _ in range(3)]
    assert answers[-1].json()["extensions"]["cost"]["path"] == "versioned"


async def test_what_the_document_says_is_not_deferred_is_answered_at_once(
    http: httpx2.AsyncClient,
) -> None:
    whole = await asked(http, "{ viewer { role ... @defer(if: false) { id } } }")
    assert whole.json()["data"]["viewer"].keys() == {"role", "id"}


async def test_what_is_deferred_and_left_out_leaves_one_answer(http: httpx2.AsyncClient) -> None:
    query = "{ viewer { role ... @defer @include(if: false) { id } } }"
    whole = await asked(http, query)
    assert whole.headers["content-type"].startswith("application/json")
    assert whole.json()["data"]["viewer"].keys() == {"role"}


async def test_who_takes_nothing_else_has_one_answer_as_one_part(
    http: httpx2.AsyncClient,
) -> None:
    query = "{ viewer { role ... @defer @include(if: false) { id } } }"
    (only,) = parts_of((await asked(http, query, "multipart/mixed")).text)
    assert only == {"data": {"viewer": {"role": "STUDENT"}}, "hasNext": False}


async def test_a_fragment_is_deferred_where_it_is_spread(http: httpx2.AsyncClient) -> None:
    query = """{ viewer { role ...Mine @defer(label: "mine") } }
    fragment Mine on Viewer { displayName student { id } }"""
    first, last = parts_of((await asked(http, query)).text)
    assert first["data"] == {"viewer": {"role": "STUDENT"}}
    assert last["incremental"][0]["data"].keys() == {"displayName", "student"}


async def test_so_many_fragments_follow_and_the_others_stand_where_they_are(
    coach_http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = """{ viewer { students(first: 8) { nodes { displayName
      ... @defer { version ... @defer { id } } } } } }"""
    whole = await asked(coach_http, query, "application/json")
    monkeypatch.setattr(executing, "MOST_FRAGMENTS", 4)
    parts = parts_of((await asked(coach_http, query)).text)
    assert sum(len(part.get("pending", ())) for part in parts) == 4
    assert merged(parts).data == whole.json()["data"]


async def test_a_null_in_a_fragment_takes_the_fragment_and_nothing_before_it(
    http: httpx2.AsyncClient,
) -> None:
    found = merged(parts_of((await asked(http, BUBBLES)).text))
    assert found.data["viewer"].keys() == {"role", "id"}
    assert found.failed == [["viewer"]]
    assert [error["path"] for error in found.errors] == [["viewer", "students"]]


async def test_an_error_in_a_fragment_comes_with_it(http: httpx2.AsyncClient) -> None:
    query = '{ viewer { role } ... @defer { node(id: "nonsense") { id } kind: __typename } }'
    first, last = parts_of((await asked(http, query)).text)
    assert "errors" not in first
    (come,) = last["incremental"]
    assert come["data"] == {"node": None, "kind": "Query"}
    assert [error["path"] for error in come["errors"]] == [["node"]]


async def test_a_document_with_a_fault_is_refused_as_any_other(http: httpx2.AsyncClient) -> None:
    refused = await asked(http, "{ viewer { ... @defer { nothing } } }", "multipart/mixed")
    assert refused.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert refused.status_code == 400


async def test_variables_that_do_not_fit_are_told_before_any_part(
    http: httpx2.AsyncClient,
) -> None:
    refused = await asked(http, TASKS, later="often")
    assert refused.headers["content-type"].startswith("application/json")
    assert "data" not in refused.json()
