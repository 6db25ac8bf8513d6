"""The head of a request: bounded in bytes, in lines and in time, before anybody is known."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest
from served import Served

from gateway import protocol
from gateway.protocol import LARGEST_HEAD, MOST_HEADERS

pytestmark = pytest.mark.anyio

HEAD = b"GET /health HTTP/1.1\r\nHost: x\r\n"
CHUNKS = b"POST /graphql HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
KIB = b"a" * 1024
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def line_to(gateway: Served) -> AsyncIterator[Line]:
    host, _, port = gateway.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()


async def answered(gateway: Served, parts: Iterable[bytes]) -> bytes:
    """What is answered, up to the end of the connection, to what is sent bit by bit."""
    async with line_to(gateway) as (reader, writer):
        for part in parts:
            writer.write(part)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), 30)


@pytest.mark.parametrize(
    "parts",
    [
        [HEAD, *[b"X: " + KIB * 8 + b"\r\n"] * 9],
        [HEAD, b"X: ", *[KIB] * 65],
        [b"GET /graphql?query=", *[KIB] * 65],
        [HEAD, b"X: 1\r\n" * (MOST_HEADERS + 1)],
        [b"X" * (LARGEST_HEAD + 1)],
    ],
    ids=["headers", "one header", "address", "lines", "method"],
)
async def test_a_head_that_is_too_large_is_refused_while_it_comes(
    listening: Served, parts: list[bytes]
) -> None:
    assert (await answered(listening, parts)).split()[1] in (b"431", b"400")


async def test_a_connection_whose_head_was_too_large_is_closed(listening: Served) -> None:
    found = await answered(listening, [HEAD, b"X: ", *[KIB] * 65])
    assert found == protocol.TOO_LARGE


async def test_what_follows_the_chunks_of_a_body_is_bounded(listening: Served) -> None:
    parts = [CHUNKS, b"2\r\n{}\r\n", b"0\r\n", b"X: ", *[KIB] * 65]
    async with line_to(listening) as (reader, writer):
        for part in parts:
            writer.write(part)
        assert not writer.is_closing()
        found = await asyncio.wait_for(reader.read(), 30)
    assert found == b"" or found.endswith(protocol.TOO_LARGE)


async def test_a_body_in_chunks_of_a_byte_is_read(listening: Served) -> None:
    body = b'{"query":"{__typename}"}' + b" " * 20_000
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    json = b"Content-Type: application/json\r\nConnection: close\r\n"
    start = CHUNKS.replace(b"Host: x\r\n", b"Host: x\r\n" + json)
    found = await answered(listening, [start, chunks, b"0\r\n\r\n"])
    assert found.endswith(b'{"data":{"__typename":"Query"}}')


@pytest.mark.parametrize("begun", [b"", HEAD, b"\r\n", HEAD + b"\r\n" + b"G"])
async def test_who_does_not_finish_a_head_is_cut_off(
    listening: Served, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(protocol, "PATIENCE", 0.05)
    found = await answered(listening, [begun])
    assert found == b"" or found.startswith(b"HTTP/1.1 200")


async def test_who_follows_something_is_not_cut_off_for_its_silence(
    listening: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "PATIENCE", 0.05)
    async with line_to(listening) as (reader, writer):
        upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        protocols = b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n"
        key = b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        start = HEAD.replace(b"/health", b"/graphql") + upgrade + protocols + key
        writer.write(start)
        assert (await reader.readline()).split()[1] == b"101"
        await reader.readuntil(b"\r\n\r\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.5)
