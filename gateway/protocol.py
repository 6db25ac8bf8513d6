"""HTTP and WebSocket as uvicorn speaks them, and one thing more: cutting off who takes nothing.

Closing a connection waits until what was written has been read, which a client that does not read
puts off for ever.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

CUT, LINE = "nexus.cut", "nexus.line"  # extensions of ASGI's scope


class Line:
    """A connection, and who is to be told when its client is gone."""

    __slots__ = ("_gone", "_told")

    def __init__(self) -> None:
        self._told: list[Callable[[], None]] = []
        self._gone = False

    def tell(self, told: Callable[[], None]) -> None:
        """Call this when the client goes, or soon where it is gone already."""
        self._told.append(told)
        if self._gone:
            asyncio.get_running_loop().call_soon(self.die)

    def forget(self, told: Callable[[], None]) -> None:
        if told in self._told:
            self._told.remove(told)

    def die(self) -> None:
        self._gone = True
        waiting, self._told = self._told, []
        for told in waiting:
            told()


class Http(HttpToolsProtocol):
    """Tells the application how to cut the connection, and when it is cut."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._line = Line()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        extensions: Any = {CUT: {"now": self.transport.abort}, LINE: self._line}
        self.scope["extensions"] = extensions

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._line.die()

    def handle_websocket_upgrade(self) -> None:
        super().handle_websocket_upgrade()
        del self.parser  # it knows us too: together they would wait for the garbage collector


class WebSocket(WebSocketsSansIOProtocol):
    """The same for sockets; and one that is open keeps nothing of what was said to open it."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:  # it may be opened
            extensions: Any = self.scope["extensions"]
            extensions[CUT] = {"now": self.transport.abort}

    def start_keepalive(self) -> None:
        """Called once, when the socket is open."""
        super().start_keepalive()
        self.request.headers.clear()
        self.response.headers.clear()
        self.scope["headers"] = []


def line(scope: Scope) -> Line | None:
    """The connection of a request; None where the server tells nothing of it."""
    found: Line | None = scope.get("extensions", {}).get(LINE)
    return found


def cut(scope: Scope) -> bool:
    """Drop the connection of a request, with all that waits to be read; False where none can."""
    extension: dict[str, Callable[[], None]] | None = scope.get("extensions", {}).get(CUT)
    if extension is None:
        return False
    extension["now"]()
    return True
