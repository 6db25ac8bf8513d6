"""`graphql-transport-ws` at `WS /graphql`: who is let in, and what is due on all sockets."""

import asyncio
import logging
from collections.abc import Awaitable
from functools import partial

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.auth import Authenticator
from gateway.origins import foreign
from gateway.protocol import cut
from gateway.settings import Settings
from gateway.strangers import Strangers, address_of
from gateway.streams import protocol
from gateway.streams.connection import Connection
from gateway.streams.draining import Draining
from gateway.streams.operating import Operating
from gateway.streams.protocol import Close, Code

log = logging.getLogger("nexus")

PATH = "/graphql"
LOOK_EVERY = 0.25  # seconds between two looks at what is due


class WebSockets:
    """The sockets of one process. `run()` must be running."""

    def __init__(
        self,
        settings: Settings,
        authenticator: Authenticator,
        strangers: Strangers,
        operating: Operating,
        draining: Draining,
    ) -> None:
        self._settings = settings
        self._authenticator = authenticator
        self._strangers = strangers
        self._operating = operating
        self._draining = draining
        self._now = asyncio.get_running_loop().time
        self._pings: set[asyncio.Task[None]] = set()
        self.open: set[Connection] = set()

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Talk with one client until its socket is closed."""
        await receive()
        if foreign(HTTPConnection(scope), self._settings):
            await send({"type": "websocket.close"})  # 403, for it was not accepted
            return
        if protocol.SUBPROTOCOL not in scope["subprotocols"]:
            await send({"type": "websocket.accept"})
            close = Close(Code.NO_SUBPROTOCOL, "Subprotocol not acceptable")
            await send(protocol.closing(close))
            return
        await send({"type": "websocket.accept", "subprotocol": protocol.SUBPROTOCOL})
        connection = Connection(
            self._authenticator,
            self._strangers,
            self._operating,
            address=address_of(scope),
            send=send,
            hang_up=partial(cut, scope),
            now=self._now,
        )
        self.open.add(connection)
        try:
            with self._draining.stream(connection.come_back):
                await connection.run(receive)
        finally:
            self.open.discard(connection)

    async def run(self) -> None:
        """See to what is due, for as long as the process lives: one timer for all sockets."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            now = self._now()
            for connection in tuple(self.open):
                if ping := connection.check(now):
                    self._pings.add(ping)
                    ping.add_done_callback(self._pings.discard)


class Upgrades:
    """`WS /graphql`, before the rest of the application: what is passed through on the way in is
    kept for as long as a socket lives."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "websocket" and scope["path"] == PATH:
            sockets: WebSockets = scope["app"].state.sockets
            return sockets.serve(scope, receive, send)
        return self._app(scope, receive, send)
