"""Bodies that say nothing of their size: refused on the way, and never held whole."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from served import Served

from gateway import protocol
from gateway.bodies import MAX_BODY

pytestmark = pytest.mark.anyio

HEAD = (
    b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
PART = 65_536
CHUNK = b"%x\r\n%b\r\n" % (PART, b" " * PART)
ENOUGH = 8_000_000  # bytes, what a body within the bounds may take in memory with all around it

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def line_to(gateway: Served) -> AsyncIterator[Line]:
    host, _, port = gateway.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def pour(writer: asyncio.StreamWriter) -> None:
    """Send without end, until the connection is closed."""
    writer.write(HEAD)
    try:
        async with asyncio.timeout(30):
            while True:
                writer.write(CHUNK)
                await writer.drain()
    except ConnectionError:
        pass


async def test_it_is_refused_before_it_is_whole(listening: Served) -> None:
    async with line_to(listening) as (reader, writer):
        writer.write(HEAD)
        for _ in range(MAX_BODY // PART + 1):
            writer.write(CHUNK)
            await writer.drain()
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_body_within_the_bounds_is_not_refused(listening: Served) -> None:
    async with line_to(listening) as (reader, writer):
        writer.write(HEAD)
        for _ in range(MAX_BODY // PART):
            writer.write(CHUNK)
            await writer.drain()
        body = b'{"query": "{ __typename }"}'
        writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_whoever_goes_on_is_cut_off(
    listening: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "PATIENCE", 0.3)
    async with line_to(listening) as (reader, writer):
        answer = asyncio.ensure_future(reader.readuntil(b"\r\n\r\n"))
        await pour(writer)
        assert (await answer).startswith(b"HTTP/1.1 413 ")


async def test_nothing_is_held_of_what_comes_after_the_refusal(
    listening: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "PATIENCE", 0.5)
    async with line_to(listening) as (_, writer):
        tracemalloc.start()
        try:
            await pour(writer)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < ENOUGH
