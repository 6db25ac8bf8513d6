"""HTTP and WebSocket as uvicorn speaks them, and two things more: bounds, and cutting off.

The head of a request is bounded in bytes, in lines and in time, before anything is made of it.
Closing a connection waits until what was written has been read, which a client that does not read
puts off for ever: it can be cut.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

LARGEST_HEAD = 65_536  # bytes of a request's address and headers together
MOST_HEADERS = 100
PATIENCE = 10.0  # seconds for a head to be whole, from the connection or its first byte on
LISTENS = 1.0  # seconds to whom was refused
CHUNKED = 8  # bytes that may stand around one of a body: chunks of a single byte take six
TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)
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


class TooMuch(Exception):
    """The head of a request, or what is between the parts of its body, is too large."""


class Http(HttpToolsProtocol):
    """Bounds the head; tells the application how to cut the connection, and when it is cut."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._line = Line()
        self._extensions: Any = {}  # of each request's scope
        self._late: asyncio.TimerHandle | None = None
        self._refused = False
        self._head = 0  # bytes of the address and the headers, trailers too
        self._around = 0  # bytes that came, and were not of a body
        self._within = 0  # bytes of the body
        self._working: RequestResponseCycle | None = None  # on which an answer is being made

    @property
    def _idle(self) -> bool:
        """Whether nobody works on an answer: a head is waited for, or the rest of one."""
        # uvicorn says that there always is one
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._extensions = {CUT: {"now": transport.abort}, LINE: self._line}
        self._await_head()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        super().data_received(data)
        if self._refused:
            return
        self._around += len(data)
        # the parser tells of a header when it is whole: what it holds till then is counted here
        if self._around > LARGEST_HEAD + CHUNKED * self._within:
            self._refuse()
        elif self._late is None and self._idle:
            self._await_head()

    def send_400_response(self, msg: str) -> None:
        """Called for what the parser does not take, an error of these callbacks included."""
        if self._beyond():
            self._refuse()
        else:
            super().send_400_response(msg)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head = self._around = self._within = 0
        self.scope["extensions"] = self._extensions

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._head += len(url)
        if self._head > LARGEST_HEAD:
            raise TooMuch

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._head += len(name) + len(value)
        if self._head > LARGEST_HEAD or len(self.headers) > MOST_HEADERS:
            raise TooMuch

    def _beyond(self) -> bool:
        return self._head > LARGEST_HEAD or len(self.headers or ()) > MOST_HEADERS

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._around -= len(body)
        self._within += len(body)
        super().on_body(body)

    def on_response_complete(self) -> None:
        self._stop_waiting()  # uvicorn's own patience counts, until something comes
        super().on_response_complete()

    def _await_head(self) -> None:
        self._late = self.loop.call_later(PATIENCE, self._give_up)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        self._late = None
        if self._idle:
            self.transport.abort()

    def _refuse(self) -> None:
        """Say so and read on for a while: a client that is cut off while it sends hears nothing."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._stop_waiting()
        if not self._idle:  # an answer is on its way, into which nothing may be written
            self.transport.abort()
            return
        self.transport.write(TOO_LARGE)
        self.transport.write_eof()
        self.loop.call_later(LISTENS, self.transport.abort)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._working = cycle
        super()._start_asgi_task(cycle, app)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # uvicorn tells the request that came last, behind which this one may stand
        if self._working is not None and not self._working.response_complete:
            self._working.disconnected = True
            self._working.message_event.set()
        self._stop_waiting()
        self._line.die()

    def handle_websocket_upgrade(self) -> None:
        self._stop_waiting()
        super().handle_websocket_upgrade()
        self._refused = True  # whatever would still come here: the socket is its own now
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
