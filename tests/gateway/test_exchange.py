"""Answers in one piece: what a client gets is the same, whoever stands between it and us."""

import asyncio
import json
from urllib.parse import urlsplit

import httpx2
import pytest
from served import Served

pytestmark = pytest.mark.anyio

BODY = json.dumps({"query": "{ __typename }"}).encode()
HEAD = (
    b"POST /graphql HTTP/1.1\r\nHost: here\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n"
)
ANSWER = b'{"data":{"__typename":"Query"}}'


async def said(url: str, sent: list[bytes], *, answers: int) -> list[tuple[bytes, bytes]]:
    """The head and the body of each answer on one connection."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    for each in sent:
        writer.write(each)
        await writer.drain()
    found = []
    for _ in range(answers):
        head = await reader.readuntil(b"\r\n\r\n")
        (length,) = [
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        ]
        found.append((head, await reader.readexactly(length)))
    writer.close()
    return found


async def test_a_kept_connection_is_answered_again_and_again(listening: Served) -> None:
    request = HEAD % len(BODY) + b"\r\n" + BODY
    found = await said(listening.url, [request] * 3, answers=3)
    assert [body for _, body in found] == [ANSWER] * 3


async def test_requests_sent_at_once_are_answered_in_order(listening: Served) -> None:
    other = BODY.replace(b"__typename }", b"a: __typename }")
    both = [HEAD % len(body) + b"\r\n" + body for body in (BODY, other, BODY)]
    found = await said(listening.url, [b"".join(both)], answers=3)
    aliased = ANSWER.replace(b"__typename", b"a")
    assert [body for _, body in found] == [ANSWER, aliased, ANSWER]


async def test_a_body_that_comes_later_is_waited_for(listening: Served) -> None:
    request = [HEAD % len(BODY) + b"\r\n", BODY[:5], BODY[5:]]
    assert (await said(listening.url, request, answers=1))[0][1] == ANSWER


async def test_who_wants_the_connection_closed_is_told_that_it_is(listening: Served) -> None:
    request = HEAD % len(BODY) + b"Connection: close\r\n\r\n" + BODY
    ((head, body),) = await said(listening.url, [request], answers=1)
    assert b"connection: close" in head.lower()
    assert body == ANSWER


async def test_who_waits_to_be_asked_for_the_body_is_asked(listening: Served) -> None:
    parts = urlsplit(listening.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(HEAD % len(BODY) + b"Expect: 100-continue\r\n\r\n")
    assert b"100 Continue" in await reader.readuntil(b"\r\n\r\n")
    writer.write(BODY)
    assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
    assert await reader.readexactly(len(ANSWER)) == ANSWER
    writer.close()


async def test_head_has_the_length_and_no_body(listening: Served) -> None:
    async with httpx2.AsyncClient(base_url=listening.url) as client:
        for _ in range(2):
            answer = await client.head("/graphql", params={"query": "{ __typename }"})
            assert (answer.headers["content-length"], answer.content) == (str(len(ANSWER)), b"")


async def test_a_page_is_told_that_it_may_read_the_answer(listening: Served) -> None:
    origin = "http://localhost:3000"
    async with httpx2.AsyncClient(base_url=listening.url, headers={"Origin": origin}) as client:
        for _ in range(2):
            answer = await client.post("/graphql", json={"query": "{ __typename }"})
            assert answer.headers["access-control-allow-origin"] == origin
            assert answer.content == ANSWER
