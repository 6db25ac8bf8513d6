"""A WebSocket client that does as little as it may, so that thousands fit into one process.

It knows what a server of ours sends: whole text frames, unmasked, a ping now and then, and the end.
"""

import asyncio
import os
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import orjson

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
WHOLE = MASKED = 0x80  # of the first byte, and of the second
NO_MASK = bytes(4)  # a mask of zeros masks nothing

Hear = Callable[[Any], None]


class Closed(ConnectionError):
    """The server hung up; the message says how."""


class Wire(asyncio.Protocol):
    """One socket: `hear` is called with each message, parsed."""

    def __init__(self, host: str, hear: Hear) -> None:
        self._host = host
        self._hear = hear
        self._received = b""
        self._upgraded = False
        self._closing = b""
        self._transport: asyncio.Transport
        loop = asyncio.get_running_loop()
        self.open: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[str] = loop.create_future()

    def send(self, message: dict[str, Any]) -> None:
        """Send a message."""
        self._frame(TEXT, orjson.dumps(message))

    def abort(self) -> None:
        self._transport.abort()

    # -- what the loop calls -----------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        key = b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /graphql HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self._received = data = self._received + data if self._received else data
        if not self._upgraded:
            head, found, rest = data.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.open.set_exception(Closed(head.split(b"\r\n")[0].decode()))
                self.abort()
                return
            self._upgraded, data = True, rest
            self.open.set_result(None)
        self._received = data[self._take(data) :]

    def connection_lost(self, error: Exception | None) -> None:
        said = self._closing[2:].decode(errors="replace") or str(error or "without a word")
        code = int.from_bytes(self._closing[:2], "big")
        if not self.open.done():
            self.open.set_exception(Closed(f"{code} {said}"))
        if not self.ended.done():
            self.ended.set_result(f"{code} {said}")

    # -- frames ------------------------------------------------------------------------------

    def _take(self, data: bytes) -> int:
        """Read the whole frames; where the next one begins."""
        at, end = 0, len(data)
        while end - at >= 2:
            size, body = data[at + 1], at + 2
            if size == 126:
                body += 2
                size = int.from_bytes(data[at + 2 : body], "big")
            elif size == 127:
                body += 8
                size = int.from_bytes(data[at + 2 : body], "big")
            if body > end or body + size > end:
                break
            self._obey(data[at] & 0x0F, data[body : body + size])
            at = body + size
        return at

    def _obey(self, kind: int, body: bytes) -> None:
        if kind == TEXT:
            message = orjson.loads(body)
            if message["type"] == "ping":
                self.send({"type": "pong"})
            else:
                self._hear(message)
        elif kind == PING:
            self._frame(PONG, body)
        elif kind == CLOSE:
            self._closing = body
            self._frame(CLOSE, body[:2])
            self.abort()

    def _frame(self, kind: int, body: bytes) -> None:
        size = len(body)
        if size < 126:
            head = bytes((WHOLE | kind, MASKED | size))
        else:
            head = bytes((WHOLE | kind, MASKED | 126)) + size.to_bytes(2, "big")
        self._transport.write(head + NO_MASK + body)


async def dial(host: str, port: int, token: str, hear: Hear) -> Wire:
    """A socket that has been acknowledged; Closed where it is not."""
    loop = asyncio.get_running_loop()
    acknowledged: asyncio.Future[None] = loop.create_future()

    def first(message: Any) -> None:
        if message["type"] == "connection_ack":
            wire._hear = hear
            acknowledged.set_result(None)

    _, wire = await loop.create_connection(lambda: Wire(f"{host}:{port}", first), host, port)
    await wire.open
    wire.send({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}})
    await asyncio.wait((acknowledged, wire.ended), return_when=asyncio.FIRST_COMPLETED)
    if not acknowledged.done():
        raise Closed(wire.ended.result())
    return wire
