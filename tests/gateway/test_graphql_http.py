"""GraphQL over HTTP: what is a request, in which words it is answered, and what is refused."""

import httpx2
import orjson
import pytest

from gateway.bodies import MAX_BODY

pytestmark = pytest.mark.anyio

NEW, OLD = "application/graphql-response+json", "application/json"
ME = "{ viewer { id role } }"
WHAT_FAILS = [
    ("{ viewer { id }", "GRAPHQL_PARSE_FAILED"),
    ("", "GRAPHQL_PARSE_FAILED"),
    ("{ viewer { idd } }", "GRAPHQL_VALIDATION_FAILED"),
    ("mutation { leave }", "GRAPHQL_VALIDATION_FAILED"),
    ("query A { __typename } query B { __typename }", "OPERATION_RESOLUTION_FAILURE"),
    ("fragment F on Viewer { id }", "GRAPHQL_VALIDATION_FAILED"),
]


def codes(answer: httpx2.Response) -> list[str]:
    """The code of each error; every error has one, and none tells how the server is made."""
    told = answer.text
    assert "Traceback" not in told
    assert ".py" not in told
    return [error["extensions"]["code"] for error in answer.json()["errors"]]


async def test_a_post_is_answered(http: httpx2.AsyncClient, student) -> None:
    answer = await http.post("/graphql", json={"query": ME})
    assert (answer.status_code, answer.json()) == (
        200,
        {"data": {"viewer": {"id": student.id, "role": "STUDENT"}}},
    )


async def test_a_get_is_answered(http: httpx2.AsyncClient, student) -> None:
    answer = await http.get(
        "/graphql",
        params={
            "query": "query Mine($n: Int) { viewer { id students(first: $n) { totalCount } } }"
            " query Other { __typename }",
            "variables": '{"n": 1}',
            "operationName": "Mine",
            "extensions": "{}",
        },
    )
    assert answer.json() == {"data": {"viewer": {"id": student.id, "students": {"totalCount": 1}}}}


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, OLD),
        ("*/*", OLD),
        (OLD, OLD),
        (NEW, NEW),
        (f"{NEW}, {OLD};q=0.9", NEW),
        (f"text/event-stream, {OLD}", OLD),
        ("text/html", OLD),
    ],
)
async def test_the_answer_is_in_a_media_type_that_the_client_accepts(
    http: httpx2.AsyncClient, accept: str | None, media_type: str
) -> None:
    headers = {"Accept": accept} if accept else {}
    answer = await http.post("/graphql", json={"query": ME}, headers=headers)
    assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"


async def test_an_answer_belongs_to_its_viewer_alone(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/graphql", json={"query": ME})
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["vary"] == "Accept, Accept-Encoding, Authorization, Origin"


@pytest.mark.parametrize(("query", "code"), WHAT_FAILS)
async def test_a_document_that_cannot_run_is_refused_without_data(
    http: httpx2.AsyncClient, query: str, code: str
) -> None:
    answer = await http.post("/graphql", json={"query": query}, headers={"Accept": NEW})
    assert answer.status_code == 400
    assert codes(answer) == [code]
    assert "data" not in answer.json()


@pytest.mark.parametrize(("query", "code"), WHAT_FAILS)
async def test_clients_of_the_older_media_type_read_refusals_at_status_200(
    http: httpx2.AsyncClient, query: str, code: str
) -> None:
    answer = await http.post("/graphql", json={"query": query}, headers={"Accept": OLD})
    assert (answer.status_code, codes(answer)) == (200, [code])


@pytest.mark.parametrize("method", ["PATCH", "TRACE"])
async def test_other_methods_are_not_allowed(http: httpx2.AsyncClient, method: str) -> None:
    answer = await http.request(method, "/graphql", json={"query": ME})
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) >= {"GET", "POST"}


@pytest.mark.parametrize("kind", ["mutation", "subscription"])
async def test_get_runs_queries_only(http: httpx2.AsyncClient, kind: str) -> None:
    """The contract has neither yet; the day it has, GET must go on refusing them."""
    answer = await http.get(
        "/graphql", params={"query": f"{kind} {{ __typename }}"}, headers={"Accept": NEW}
    )
    assert answer.status_code in (400, 405)
    assert set(codes(answer)) <= {"GRAPHQL_VALIDATION_FAILED", "METHOD_NOT_ALLOWED", "BAD_REQUEST"}


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/jsonp",
        "",
    ],
)
async def test_a_body_of_another_content_type_is_refused(
    http: httpx2.AsyncClient, content_type: str
) -> None:
    """Forms and plain text are what a foreign page can send with a visitor's rights."""
    answer = await http.post(
        "/graphql", content=orjson.dumps({"query": ME}), headers={"Content-Type": content_type}
    )
    assert (answer.status_code, codes(answer)) == (415, ["BAD_REQUEST"])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'query': 1}",
        b"\xff\xfe",
        b'{"query": "\\ud800"}',
        b"[" * 5_000,
        b'{"a":' * 5_000,
        b"1",
        b'"x"',
        b"null",
        b"true",
        b"1e999",
        b"[]",
        b'[{"query": "{ __typename }"}]',
        b"{}",
        b'{"query": null}',
        b'{"query": 1}',
        b'{"query": ["{ __typename }"]}',
        b'{"query": "{ __typename }", "variables": []}',
        b'{"query": "{ __typename }", "variables": "{}"}',
        b'{"query": "{ __typename }", "operationName": 1}',
        b'{"query": "{ __typename }", "extensions": []}',
    ],
)
async def test_a_body_that_is_no_request_is_refused(http: httpx2.AsyncClient, body: bytes) -> None:
    answer = await http.post("/graphql", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, codes(answer)) == (400, ["BAD_REQUEST"])


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"query": ME, "variables": "{"},
        {"query": ME, "variables": "[]"},
        {"query": ME, "variables": "1"},
        {"query": ME, "extensions": "nothing"},
    ],
)
async def test_a_get_that_is_no_request_is_refused(
    http: httpx2.AsyncClient, params: dict[str, str]
) -> None:
    answer = await http.get("/graphql", params=params)
    assert (answer.status_code, codes(answer)) == (400, ["BAD_REQUEST"])


async def test_a_body_that_is_too_large_is_refused(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/graphql", json={"query": ME + " " * MAX_BODY})
    assert (answer.status_code, codes(answer)) == (413, ["TOO_LARGE"])


async def test_a_body_is_given_up_before_it_is_whole(http: httpx2.AsyncClient) -> None:
    sent = 0

    async def endless():
        nonlocal sent
        while True:
            sent += 1
            yield b" " * 100_000

    answer = await http.post(
        "/graphql", content=endless(), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413
    assert sent <= MAX_BODY // 100_000 + 2


async def test_null_is_no_variables_no_name_and_no_extensions(http: httpx2.AsyncClient) -> None:
    body = {"query": ME, "variables": None, "operationName": None, "extensions": None}
    assert (await http.post("/graphql", json=body)).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "{" * 4_000,
        "{a" * 2_400 + "}" * 2_400,
        "{ a(b: " + "[" * 2_400 + "]" * 2_400 + ") }",
        "query ($a: " + "[" * 2_400 + "Int" + "]" * 2_400 + ") { __typename }",
        "{" + " a" * 6_000 + "}",
        "{" + "... {" * 1_600 + "__typename" + "}" * 1_600 + "}",
        "{ viewer { id " + "@include(if: true) " * 2_000 + "} }",
    ],
    ids=["braces", "fields", "lists", "types", "tokens", "fragments", "directives"],
)
async def test_a_document_made_to_exhaust_the_parser_is_refused(
    http: httpx2.AsyncClient, query: str
) -> None:
    answer = await http.post("/graphql", json={"query": query}, headers={"Accept": NEW})
    assert answer.status_code == 400
    assert set(codes(answer)) <= {"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"}


NEST = "dashboard { tasks(first: 1) { student { ", " } } }"


@pytest.mark.parametrize("times", [1, 10, 15])
async def test_a_deep_document_is_answered(http: httpx2.AsyncClient, times: int) -> None:
    inner = NEST[0] * times + "id" + NEST[1] * times
    answer = await http.post(
        "/graphql", json={"query": f"{{ viewer {{ student {{ {inner} }} }} }}"}
    )
    assert list(answer.json()) == ["data"]


@pytest.mark.parametrize("times", [20, 64, 65, 100, 400])
async def test_a_document_that_is_too_deep_is_refused(http: httpx2.AsyncClient, times: int) -> None:
    """A valid one too: no JSON could hold the answer."""
    inner = NEST[0] * times + "id" + NEST[1] * times
    answer = await http.post(
        "/graphql", json={"query": f"{{ viewer {{ student {{ {inner} }} }} }}"}
    )
    assert len(set(codes(answer)) & {"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"}) == 1


@pytest.mark.parametrize("length", [6, 30, 150])
async def test_a_document_that_is_deep_by_its_fragments_is_refused(
    http: httpx2.AsyncClient, length: int
) -> None:
    inner = [
        f"fragment F{i} on Student {{ {NEST[0] * 4} ...F{i + 1} {NEST[1] * 4} }}"
        for i in range(length)
    ]
    last = f"fragment F{length} on Student {{ id }}"
    query = " ".join(["{ viewer { student { ...F0 } } }", *inner, last])
    answer = await http.post("/graphql", json={"query": query})
    assert codes(answer) in (["GRAPHQL_PARSE_FAILED"], ["GRAPHQL_VALIDATION_FAILED"])


async def test_a_circle_of_fragments_is_refused(http: httpx2.AsyncClient) -> None:
    query = "{ viewer { ...A } } fragment A on Viewer { ...B } fragment B on Viewer { ...A }"
    answer = await http.post("/graphql", json={"query": query}, headers={"Accept": NEW})
    assert set(codes(answer)) == {"GRAPHQL_VALIDATION_FAILED"}


async def test_an_introspection_that_walks_in_circles_is_refused(http: httpx2.AsyncClient) -> None:
    inner = "fields { type { " * 12 + "name" + " } }" * 12
    query = f"{{ __schema {{ types {{ {inner} }} }} }}"
    answer = await http.post("/graphql", json={"query": query}, headers={"Accept": NEW})
    assert set(codes(answer)) == {"GRAPHQL_VALIDATION_FAILED"}
