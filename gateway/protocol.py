"""HTTP and WebSocket as uvicorn speaks them, and one thing more: cutting off who takes nothing.

Closing a connection waits until what was written has been read, which a client that does not read
puts off for ever.
"""

from collections.abc import Callable
from typing import Any

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

CUT = "nexus.cut"  # an extension of ASGI's scope


class Http(HttpToolsProtocol):
    """Tells the application how to cut the connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        extensions: Any = {CUT: {"now": self.transport.abort}}
        self.scope["extensions"] = extensions

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


def cut(scope: Scope) -> bool:
    """Drop the connection of a request, with all that waits to be read; False where none can."""
    extension: dict[str, Callable[[], None]] | None = scope.get("extensions", {}).get(CUT)
    if extension is None:
        return False
    extension["now"]()
    return True
