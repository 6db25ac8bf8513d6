"""Rows of method, `Accept`, `Content-Type` and body, each with the status it must have."""

import gzip
from dataclasses import dataclass

import httpx2
import pytest

pytestmark = pytest.mark.anyio

NEW, OLD = "application/graphql-response+json", "application/json"
STREAM, HTML = "text/event-stream", "text/html"
URQL = f"{NEW}, application/graphql+json, {OLD}, {STREAM}, multipart/mixed"
ME = '{"query": "{ viewer { role } }"}'
WRONG = '{"query": "{ nothing }"}'
BROKEN = '{"query": "{"}'
MISFIT = '{"query": "query ($n: Int!) { viewer { students(first: $n) { totalCount } } }"}'
CHANGE = '{"query": "mutation { deleteTask(input: {id: \\"x\\"}) { errors { message } } }"}'
FORM, PLAIN = "application/x-www-form-urlencoded", "text/plain"


@dataclass(frozen=True)
class Row:
    """A request, and what must come of it; `answered` is the media type, where there is data."""

    status: int
    body: str | bytes = ME
    accept: str | None = None
    content_type: str | None = OLD
    answered: str = OLD
    method: str = "POST"
    packed: str | None = None  # how the body says that it is
    data: bool | None = None  # whether there is any; by itself, where the question is ME


ROWS = [
    # what is liked best
    Row(200),
    Row(200, accept="*/*"),
    Row(200, accept=OLD),
    Row(200, accept=NEW, answered=NEW),
    Row(200, accept=URQL, answered=NEW),
    Row(200, accept=f"{STREAM}, {OLD}"),
    Row(200, accept=f"{NEW};q=0.1, {OLD};q=0.2"),
    Row(200, accept=f"{OLD};q=0, */*", answered=NEW),
    Row(200, accept=f"multipart/mixed;deferSpec=20220824, {NEW}", answered=NEW),
    Row(200, accept=f"{HTML}, {OLD};q=0.1"),
    Row(200, accept="application/*"),
    Row(200, accept="application/*;q=0.1, text/*"),
    Row(200, accept=f"*/*;q=0.1, {NEW}", answered=NEW),
    Row(200, accept=f"APPLICATION/JSON ; Q=1.0 , {HTML}"),
    Row(200, accept=f"{OLD};charset=utf-8;q=0.9"),
    # nothing that there is
    Row(406, accept=HTML),
    Row(406, accept="multipart/mixed"),
    Row(406, accept="*/*;q=0"),
    Row(406, accept=f"{OLD};charset=utf-16"),
    Row(406, accept="nonsense"),
    Row(406, accept="application/*;q=0, text/html"),
    Row(406, accept=HTML, body=CHANGE),
    # a stream of one answer, for who takes nothing else
    Row(200, accept=STREAM, answered=STREAM),
    Row(200, accept=f"*/*, {OLD};q=0, {NEW};q=0", answered=STREAM),
    # what is no JSON
    Row(415, content_type=PLAIN),
    Row(415, content_type=FORM, body="query=%7B__typename%7D"),
    Row(415, content_type="multipart/form-data; boundary=x"),
    Row(415, content_type="application/graphql", body="{ viewer { role } }"),
    Row(415, content_type="application/json; charset=utf-16"),
    Row(415, content_type="text/json"),
    Row(415, content_type=None),
    Row(415, content_type=NEW),
    Row(415, content_type="application/json; charset=iso-8859-1"),
    Row(415, content_type="application/json, text/plain"),
    Row(200, content_type="application/json;charset=UTF-8"),
    Row(200, content_type='Application/JSON; charset="utf-8"'),
    # what is packed, and what says so
    Row(200, body=gzip.compress(ME.encode()), packed="gzip", data=True),
    Row(400, body=ME, packed="gzip", data=False),
    Row(400, body=gzip.compress(ME.encode())),
    Row(415, body=ME, packed="zstd"),
    # what is no JSON text
    Row(400, body=""),
    Row(400, body=" " * 1_000),
    Row(400, body="{"),
    Row(400, body="\ufeff" + ME),
    Row(400, body=ME.encode("utf-16")),
    Row(400, body=b'{"query": "{ __typename } # \xff"}'),
    Row(400, body=b'{"query": "{ __typename } # \xed\xa0\x80"}'),
    Row(400, body='{"query": "{ __typename } # \\ud800"}'),
    Row(400, body='{"query": "{ __typename } # \x00"}'),
    Row(400, body=ME + ME),
    Row(400, body='{"query": "{ __typename }", "variables": {"n": NaN}}'),
    Row(400, body='{"query": "{ __typename }", "variables": {"n": 1e999}}'),
    Row(400, body='{"query": "{ __typename }", "variables": {"n": %s}}' % ("9" * 5_000)),
    Row(400, body='{"variables": ' + '{"a":' * 5_000 + "1" + "}" * 5_001),
    Row(400, body="[" * 100_000 + "]" * 100_000),
    Row(413, body=" " * 1_000_001),
    # what is JSON, and no request
    Row(400, body="null"),
    Row(400, body="true"),
    Row(400, body="1"),
    Row(400, body='"x"'),
    Row(400, body="[]"),
    Row(400, body=f"[{ME}]"),
    Row(400, body="{}"),
    Row(400, body='{"query": {}}'),
    Row(200, body='{"query": "{", "query": "{ __typename }"}', data=True),  # the last one counts
    Row(200, body='{"query": "{ __typename }", "n": %s}' % ("9" * 300), data=True),
    Row(200, body='{"query": "{ __typename \\u0000 }"}'),
    Row(400, body='{"query": "{ __typename }", "variables": []}'),
    Row(400, body='{"query": "{ __typename }", "extensions": "x"}', accept=NEW, answered=NEW),
    # a request whose operation cannot run
    Row(400, body=WRONG, accept=NEW, answered=NEW),
    Row(200, body=WRONG, accept=OLD),
    Row(400, body=BROKEN, accept=NEW, answered=NEW),
    Row(200, body=BROKEN, accept=OLD),
    Row(400, body=MISFIT, accept=NEW, answered=NEW),
    Row(200, body=MISFIT, accept=OLD),
    # other methods
    Row(404, method="DELETE"),  # of a stream that there is not
    Row(405, method="PATCH"),
    Row(405, method="TRACE"),
    Row(405, method="QUERY"),
]


@pytest.mark.parametrize("row", ROWS, ids=[f"{n:02}-{row.status}" for n, row in enumerate(ROWS)])
async def test_a_request_has_the_status_that_it_must_have(
    http: httpx2.AsyncClient, row: Row
) -> None:
    headers = {"Accept": row.accept or "", "Content-Type": row.content_type or ""}
    if row.packed:
        headers["Content-Encoding"] = row.packed
    answer = await http.request(row.method, "/graphql", content=row.body, headers=headers)
    assert answer.status_code == row.status
    assert answer.headers["content-type"] == f"{row.answered}; charset=utf-8"
    told = row.status == 200 and row.body == ME if row.data is None else row.data
    assert ('"data":' in answer.text) == told


def test_there_are_rows_enough_and_each_once() -> None:
    assert len(set(ROWS)) == len(ROWS) >= 40


async def test_nothing_is_changed_for_who_could_not_read_the_answer(
    http: httpx2.AsyncClient,
) -> None:
    body = {"query": 'mutation { createTask(input: {studentId: "x", label: "y"}) { __typename } }'}
    answer = await http.post("/graphql", json=body, headers={"Accept": HTML})
    assert answer.status_code == 406


GETS = [
    (200, {"query": "{ viewer { role } }"}),
    (200, {"query": "query A { __typename } query B { __typename }", "operationName": "B"}),
    (400, {"variables": "{}"}),
    (400, {"query": "{ __typename }", "variables": "[]"}),
    (400, {"query": "{ __typename }", "variables": "{"}),
    (400, [("query", "{ __typename }"), ("query", "{ viewer { role } }")]),
    (405, {"query": 'mutation { deleteTask(input: {id: "x"}) { errors { message } } }'}),
]


@pytest.mark.parametrize(("status", "params"), GETS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_get_runs_queries_only(
    http: httpx2.AsyncClient, method: str, status: int, params
) -> None:
    answer = await http.request(method, "/graphql", params=params)
    assert answer.status_code == status
    assert (answer.headers.get("allow") == "POST") == (status == 405)


async def test_other_methods_are_told_which_there_are(http: httpx2.AsyncClient) -> None:
    answer = await http.patch("/graphql")
    assert answer.headers["allow"] == "GET, HEAD, POST, PUT, DELETE, OPTIONS"
