"""Server-sent events: how they are written, and the life of a stream of them.

Lines end in LF alone: the reader of urql knows no other end. A stream that ends without `complete`
is to be opened again; the comment before its end says why.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import ExitStack, aclosing
from typing import Any

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.negotiation import EVENT_STREAM
from gateway.protocol import cut
from gateway.streams.draining import Draining

HEARTBEAT = 10.0  # seconds between two comments that keep proxies and clients from giving up
PATIENCE = 5.0  # seconds that a reader may take nothing
RETRY_MS = 1_000, 3_000  # spread, for many are sent away at once

CONTENT_TYPE = f"{EVENT_STREAM}; charset=utf-8"
HEADERS = {
    "Cache-Control": "no-store, no-transform",
    "Vary": "Accept, Authorization",
    "X-Accel-Buffering": "no",
}

EXPIRED = "the token has expired: come back with a fresh one and the last id"
WITHDRAWN = "the token's key was withdrawn: come back with a fresh one and the last id"
STOPPING = "this server stops: come back with the last id"


class Over(Exception):
    """The stream ends here, and loses nothing to who comes back; the message says why."""


class Untaken(Exception):
    """The reader takes nothing of what it is sent."""


# -- how they are written ------------------------------------------------------------------------


def event(name: str, data: str = "", id: int | None = None) -> bytes:
    """One event. `data` is there even if empty, or a browser would not dispatch it."""
    numbered = "" if id is None else f"id: {id}\n"
    filled = f"data: {data}" if data else "data:"
    return f"event: {name}\n{numbered}{filled}\n\n".encode()


def comment(text: str = "") -> bytes:
    """What clients pass over and people read."""
    return f": {text}\n\n".encode() if text else b":\n\n"


def opening(begins: int | None = None) -> bytes:
    """What a stream starts with: proxies pass the headers on, and a client knows where it is."""
    least, most = RETRY_MS
    told = f":\n\nretry: {least + secrets.randbelow(most - least)}\n\n"
    if begins is not None:
        told += f"id: {begins}\n\n"
    return told.encode()


def once(body: str) -> Response:
    """A whole answer, to those who take no other form of it."""
    return Response(event("next", body) + event("complete"), 200, HEADERS, CONTENT_TYPE)


def over_at_once(reason: Over) -> Response:
    """A stream that ends before it has begun, to be opened again."""
    return Response(opening() + comment(str(reason)), 200, HEADERS, CONTENT_TYPE)


# -- the life of a stream ------------------------------------------------------------------------


class Stream(StreamingResponse):
    """Frames as they come, until they end, the reader leaves, the token expires, the server stops.

    `until` is in seconds since the epoch; `vouched` tells whether who reads is still trusted;
    `held` is given back at the end, whichever it is.
    """

    def __init__(
        self,
        frames: AsyncGenerator[bytes],
        *,
        begins: int | None = None,
        until: float,
        vouched: Callable[[], bool],
        draining: Draining,
        held: ExitStack,
    ) -> None:
        super().__init__(frames, headers=HEADERS, media_type=CONTENT_TYPE)
        self._frames = frames
        self._opening = opening(begins)
        self._until = until
        self._vouched = vouched
        self._draining = draining
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        reader = _Reader(send)
        told: asyncio.Future[None] = loop.create_future()

        def end(reason: str) -> None:
            if not told.done():
                told.set_exception(Over(reason))

        with self._held, self._draining.stream(lambda: end(STOPPING)):
            lapse = loop.call_later(self._until - time.time(), end, EXPIRED)
            try:
                await reader.begin(self.status_code, self.raw_headers)
                await self._go_on(reader, told, _left(receive))
            except Untaken:
                if cut(scope):
                    await _left(receive)
            finally:
                lapse.cancel()

    async def _go_on(self, reader: "_Reader", *ends: Awaitable[None]) -> None:
        try:
            await _first(self._write(reader), _beat(reader, self._vouched), *ends)
        except Over as over:
            await reader.take(comment(str(over)))
        await reader.end()

    async def _write(self, reader: "_Reader") -> None:
        async with aclosing(self._frames):
            await reader.take(self._opening)
            async for frame in self._frames:
                await reader.take(frame)


class _Reader:
    """Who is at the other end: given one frame after the other, and given up if it takes none."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._turn = asyncio.Lock()

    async def begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def take(self, frame: bytes, *, more: bool = True) -> None:
        """Write a whole frame or nothing of it; Untaken where the last ones are still there."""
        async with self._turn:
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._send(
                        {"type": "http.response.body", "body": frame, "more_body": more}
                    )
            except TimeoutError:
                raise Untaken from None

    async def end(self) -> None:
        await self.take(b"", more=False)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _beat(reader: _Reader, vouched: Callable[[], bool]) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT)
        if not vouched():
            raise Over(WITHDRAWN)
        await reader.take(comment())


async def _first(*endings: Awaitable[Any]) -> None:
    """Wait until one of these ends, stop the others, and raise what it raised."""
    tasks = [asyncio.ensure_future(each) for each in endings]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    ended = [task.exception() for task in done]  # of each, or asyncio would complain
    for error in ended:
        if error is not None:
            raise error
