"""One socket: what its client says, the operations it runs, and how it ends."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from random import uniform
from typing import Any

from starlette.types import Receive, Send

from gateway.auth import Authenticator, Session, Stale, Unauthenticated
from gateway.strangers import Strangers, TooOften
from gateway.streams import protocol
from gateway.streams.admission import TooMany
from gateway.streams.operating import Gone, Operating
from gateway.streams.protocol import Close, Code

INIT_LIMIT = 10.0  # seconds until connection_init
PING_EVERY = 12.0  # seconds
# a socket that has said nothing for so long is dead; the kernel knows of most others before
SILENCE = 10 * PING_EVERY
SEND_LIMIT = 5.0  # seconds without a byte taken by a client that has some to read
CLOSE_LIMIT = 5.0  # seconds for such a client to be told why
PATIENCE = 2.0  # seconds for queries and mutations that are under way when a socket ends


class Connection:
    """A client's socket, from the upgrade on.

    One task reads, one runs each operation, and all of them write. What is due at a time is seen to
    by the sweeper of the process, which calls `check`: there are no timers here.
    """

    __slots__ = (
        "_acknowledged", "_address", "_authenticator", "_closed", "_ending", "_hang_up",
        "_heard_at", "_initialised", "_moved_at", "_next_ping", "_now", "_operating", "_operations",
        "_send", "_session", "_strangers", "_until", "_waiting",
    )  # fmt: skip

    def __init__(
        self,
        authenticator: Authenticator,
        strangers: Strangers,
        operating: Operating,
        *,
        address: str | None,
        send: Send,
        hang_up: Callable[[], object],
        now: Callable[[], float],
    ) -> None:
        self._authenticator = authenticator
        self._strangers = strangers
        self._address = address
        self._operating = operating
        self._send = send
        self._hang_up = hang_up
        self._now = now
        self._heard_at = self._moved_at = now()
        self._until = now() + INIT_LIMIT
        self._next_ping = float("inf")
        self._waiting = 0  # writes under way
        self._initialised = self._acknowledged = self._closed = False
        self._session: Session | None = None
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._ending: asyncio.Task[None] | None = None

    # -- reading -----------------------------------------------------------------------------

    async def run(self, receive: Receive) -> None:
        """Read until the socket is closed, by whichever side; then nothing is left of its work."""
        try:
            while (event := await receive())["type"] != "websocket.disconnect":
                if self._ending is None:
                    self._heard_at = self._now()
                    await self._hear(event)
        finally:
            try:
                await self._leave()
            finally:
                if self._session is not None:
                    self._operating.admission.connection.give(self._session.viewer.id)

    async def _hear(self, event: Any) -> None:
        try:
            message = protocol.read(event)
            payload: Any = message.get("payload")
            match message["type"]:
                case "connection_init":
                    await self._initialise(payload)
                case "ping":
                    if protocol.token_in(payload) is not None and self._session is not None:
                        await self._renew(self._session, payload)
                    await self.write(protocol.pong(payload))
                case "subscribe":
                    self._subscribe(message["id"], payload)
                case "complete":
                    if operation := self._operations.pop(message["id"], None):
                        operation.cancel()
        except Close as close:
            self.end(close)
        except Gone:
            pass  # the next event says so

    async def _initialise(self, payload: dict[str, Any] | None) -> None:
        if self._initialised:
            raise Close(Code.TOO_MANY_INITS, "Too many initialisation requests")
        self._initialised = True
        session = await self._authenticated(payload)
        try:
            self._operating.admission.connection.take(session.viewer.id)
        except TooMany as error:
            raise Close(Code.TRY_AGAIN, str(error)) from None
        self._session = session
        self._until = self._now() + session.expires_at - time.time()
        await self.write(protocol.ACKNOWLEDGED)
        self._acknowledged = True
        # spread, so that those who come back together are not asked together
        self._next_ping = self._now() + uniform(PING_EVERY / 2, PING_EVERY)  # noqa: S311

    async def _renew(self, held: Session, payload: dict[str, Any]) -> None:
        """Go on with a fresh token of the same person."""
        session = await self._authenticated(payload)
        if (session.viewer.id, session.viewer.role) != (held.viewer.id, held.viewer.role):
            raise Close(Code.FORBIDDEN, "Forbidden: the token is another person's")
        self._session = session
        self._until = self._now() + session.expires_at - time.time()

    async def _authenticated(self, payload: dict[str, Any] | None) -> Session:
        token = protocol.token_in(payload)
        if token is None:
            message = 'Unauthorized: connection_init needs {"authorization": "Bearer <token>"}'
            raise Close(Code.UNAUTHORIZED, message)
        stranger = None if self._authenticator.verified(token) else self._address
        try:
            self._strangers.came(stranger)
            session = await self._authenticator.session(token, datetime.now(UTC))
        except Stale as error:
            raise Close(Code.FORBIDDEN, f"Forbidden: {error}") from None
        except Unauthenticated as error:
            raise Close(Code.UNAUTHORIZED, f"Unauthorized: {error}") from None
        except TooOften as error:
            raise Close(Code.TRY_AGAIN, str(error)) from None
        self._strangers.known(stranger)
        if session.expires_at <= time.time():  # no leeway: it would end at once
            raise Close(Code.FORBIDDEN, "Forbidden: the token has ended")
        return session

    # -- operations --------------------------------------------------------------------------

    def _subscribe(self, id: str, payload: dict[str, Any]) -> None:
        if not self._acknowledged or self._session is None:
            raise Close(Code.UNAUTHORIZED, "Unauthorized: wait for connection_ack")
        if id in self._operations:
            raise Close(Code.ALREADY_THERE, f"Subscriber for {id} already exists")
        viewer = self._session.viewer
        asked = self._operating.asked(payload, viewer)
        running = self._operating.run(id, asked, viewer, self)
        self._operations[id] = asyncio.create_task(running)

    def free(self, id: str) -> None:
        """The operation that calls has come to its end: its id may be used again."""
        if self._operations.get(id) is asyncio.current_task():
            del self._operations[id]

    # -- writing -----------------------------------------------------------------------------

    async def write(self, text: str) -> None:
        """Send a message; Gone where nobody is there. `check` ends a write that takes too long."""
        if self._closed:
            raise Gone
        if not self._waiting:
            self._moved_at = self._now()
        self._waiting += 1
        try:
            await self._send({"type": "websocket.send", "text": text})
        except OSError:
            raise Gone from None
        finally:
            self._waiting -= 1
            self._moved_at = self._now()

    async def _ping(self) -> None:
        with suppress(Gone):
            await self.write(protocol.PING)

    # -- the end -----------------------------------------------------------------------------

    def check(self, now: float) -> asyncio.Task[None] | None:
        """See to what is due; what that takes is a task for the caller to hold."""
        if self._ending is not None:
            return None
        if self._waiting and now - self._moved_at > SEND_LIMIT:
            self.end(Close(Code.FELL_BEHIND, "Fell behind: resume with afterSeq"))
        elif now >= self._until and self._session is None:
            self.end(Close(Code.TOO_LATE, "Connection initialisation timeout"))
        elif now >= self._until:
            self.end(Close(Code.FORBIDDEN, "Forbidden: the token has ended"))
        elif now - self._heard_at > SILENCE:
            self.end(Close(Code.TOO_LATE, "No answer to pings"))
        elif now >= self._next_ping:
            if self._session is not None and not self._authenticator.vouches(self._session):
                self.end(Close(Code.FORBIDDEN, "Forbidden: the token's key was withdrawn"))
                return None
            self._next_ping = now + PING_EVERY
            return asyncio.create_task(self._ping())
        return None

    def come_back(self) -> None:
        """The process stops."""
        self.end(Close(Code.STOPPING, "Service restart: resume with afterSeq"))

    def end(self, close: Close) -> None:
        """Close the socket, once; what is said to it from now on is not heard."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end(close))

    async def _end(self, close: Close) -> None:
        """Stop the streams, let the rest be answered, say why, and hang up on who does not read."""
        running = set(self._operations.values())
        await self._call_off(running - self._operating.brief)
        if brief := running & self._operating.brief:
            await asyncio.wait(brief, timeout=PATIENCE)
            await self._call_off(brief)
        self._closed = True
        try:
            async with asyncio.timeout(CLOSE_LIMIT):
                await self._send(protocol.closing(close))
        except (TimeoutError, OSError):
            self._hang_up()

    async def _leave(self) -> None:
        """Leave nothing behind that was done for the client."""
        await self._call_off(set(self._operations.values()))
        if self._ending is not None:
            await asyncio.wait([self._ending])

    async def _call_off(self, operations: set[asyncio.Task[None]]) -> None:
        for operation in operations:
            operation.cancel()
        if operations:
            await asyncio.wait(operations)
