"""What a client accepts, decided from its headers alone."""

import httpx2
import pytest

from gateway.negotiation import (
    EVENT_STREAM,
    HTML,
    JSON,
    LEGACY,
    RESPONSE,
    best,
    encoding,
    is_json,
    negotiated,
    takes_parts,
)

URQL = (
    "application/graphql-response+json, application/graphql+json, application/json,"
    " text/event-stream, multipart/mixed"
)
APOLLO = "application/graphql-response+json,application/json;q=0.9"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, LEGACY),
        ("", LEGACY),
        ("*/*", LEGACY),
        ("application/*", LEGACY),
        (LEGACY, LEGACY),
        (RESPONSE, RESPONSE),
        (URQL, RESPONSE),
        (APOLLO, RESPONSE),
        (f"{LEGACY}, {RESPONSE}", LEGACY),
        (f"{LEGACY};q=0.5, {RESPONSE}", RESPONSE),
        (f"{LEGACY};q=0.5, {RESPONSE};q=0.4", LEGACY),
        (f"*/*, {RESPONSE}", RESPONSE),
        (f"*/*;q=0.1, {RESPONSE};q=0", LEGACY),
        (f"*/*, {LEGACY};q=0", RESPONSE),
        (f"application/*;q=0.9, {RESPONSE};q=0.8, */*", LEGACY),
        (f"{LEGACY};charset=utf-8", LEGACY),
        (f'{LEGACY}; charset="UTF-8"', LEGACY),
        (f"{LEGACY};charset=latin1", None),
        (f"{LEGACY};charset=latin1, {RESPONSE};q=0.1", RESPONSE),
        (f"{LEGACY};version=2", None),
        ("APPLICATION/JSON", LEGACY),
        (f"{LEGACY};q=2, {RESPONSE}", RESPONSE),
        (f"{LEGACY};q=1.0001, {RESPONSE}", RESPONSE),
        (f"{LEGACY};Q=0, {RESPONSE}", RESPONSE),
        (" , , application/json ;q=1.000", LEGACY),
        ("json", None),
        ("*/json", None),
        ("text/html", None),
        (EVENT_STREAM, None),
        ("multipart/mixed", None),
        (f"{LEGACY};q=0", None),
        ("*/*;q=0", None),
        ("," * 5_000 + LEGACY, None),
    ],
)
def test_a_query_is_answered_in_the_type_that_is_liked_best(
    accept: str | None, media_type: str | None
) -> None:
    assert negotiated(accept) == media_type


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, EVENT_STREAM),
        (URQL, EVENT_STREAM),
        (EVENT_STREAM, EVENT_STREAM),
        ("text/*", EVENT_STREAM),
        (f"{EVENT_STREAM};q=0, */*", None),
        (LEGACY, None),
        (APOLLO, None),
    ],
)
def test_a_subscription_is_answered_as_a_stream_or_not_at_all(
    accept: str | None, media_type: str | None
) -> None:
    assert negotiated(accept, subscribes=True) == media_type


@pytest.mark.parametrize(
    ("accept", "taken"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        (LEGACY, False),
        (APOLLO, False),
        (BROWSER, False),
        (URQL, True),
        ("multipart/mixed", True),
        ("multipart/*", True),
        (f"multipart/mixed;incrementalSpec=v0.2,{APOLLO}", True),
        (f'multipart/mixed; incrementalSpec="v0.2",{APOLLO}', True),
        (f"multipart/mixed;deferSpec=20220824,{APOLLO}", False),
        ("multipart/mixed;deferSpec=20220824, multipart/mixed;incrementalSpec=v0.2", True),
        ("multipart/mixed;incrementalSpec=v0.1", False),
        ("multipart/mixed;boundary=graphql;subscriptionSpec=1.0", False),
        (f"multipart/mixed;q=0, {LEGACY}", False),
        (f"multipart/mixed;q=0.5, {LEGACY}", False),
        (f"multipart/mixed;q=0.5, {LEGACY};q=0.5", True),
        (f"multipart/mixed, {LEGACY};q=0.9", True),
        ("multipart/mixed;q=0.5, */*", False),
        ("multipart/mixed, */*;q=0.1", True),
        ("multipart/*, multipart/mixed;q=0", False),
    ],
)
def test_parts_are_taken_by_who_names_them_and_likes_them_as_well(
    accept: str | None, *, taken: bool
) -> None:
    assert takes_parts(accept) is taken


@pytest.mark.parametrize(
    ("accept", "chosen"), [(BROWSER, HTML), ("*/*", LEGACY), (f"{HTML}, {LEGACY}", HTML)]
)
def test_a_browser_likes_pages_and_a_program_likes_json(accept: str, chosen: str) -> None:
    assert best(accept, (*JSON, HTML)) == chosen


@pytest.mark.parametrize(
    ("content_type", "read"),
    [
        ("application/json", True),
        ("Application/JSON; Charset=UTF-8", True),
        ('application/json; charset="utf8"', True),
        ("application/json;", True),
        ("application/json; boundary=x", True),
        ("application/json; charset=utf-16", False),
        ("application/json; charset=latin1", False),
        ("application/json; charset", False),
        ("application/graphql-response+json", False),
        ("application/jsonp", False),
        ("text/plain", False),
        ("", False),
        (None, False),
    ],
)
def test_a_body_is_json_in_utf_8(content_type: str | None, *, read: bool) -> None:
    assert is_json(content_type) is read


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, None),
        ("", None),
        ("identity", None),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, br;q=0.5", "gzip"),
        ("*", "br"),
        ("*, br;q=0", "gzip"),
        ("gzip;q=0.5, identity", None),
        ("gzip;q=0", None),
        ("GZIP", "gzip"),
        ("gzip;q=high", None),
        ("zstd", None),
    ],
)
def test_an_answer_is_packed_as_the_client_likes(accept: str | None, chosen: str | None) -> None:
    assert encoding(accept) == chosen


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["text/html", "application/json"], 200),
        (["application/json", "text/html"], 200),
        (["text/html", "image/png"], 406),
    ],
)
async def test_a_list_may_go_on_in_further_lines(
    anonymous: httpx2.AsyncClient, lines: list[str], status: int
) -> None:
    headers = [("Accept", line) for line in lines]
    query = {"query": "{ __typename }"}
    answer = await anonymous.post("/graphql", json=query, headers=headers)
    assert answer.status_code == status
