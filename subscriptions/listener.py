"""The ear: one connection to Redis that hears the bell for everything followed in this process."""

import asyncio
import logging
import math
from collections.abc import Callable

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from subscriptions.bell import Hear

log = logging.getLogger("nexus")

PING_EVERY = 3.0  # seconds
SILENCE = 10.0  # seconds without even a pong: the connection is dead, whatever TCP believes
AT_ONCE = 500  # channels in one command
SOONEST, LATEST = 0.1, 2.0  # seconds between two attempts to connect


class Listener:
    """Keeps the wanted channels subscribed through whatever happens to Redis.

    `hear(channel, message)` is called for each ring, `joined(channel)` once a channel is surely
    heard: what rang before may have been missed, and the caller looks for itself.
    """

    def __init__(self, redis: Redis, hear: Hear, joined: Callable[[str], None]) -> None:
        given = redis.connection_pool
        # no limit on each command, which until Python 3.12 could lose a cancellation: `_mind` sees
        # to it that someone answers
        kwargs = {**given.connection_kwargs, "decode_responses": True, "socket_timeout": None}
        self._pool = ConnectionPool(connection_class=given.connection_class, **kwargs)
        self._hear = hear
        self._joined = joined
        self._wanted: set[str] = set()
        self._asked: set[str] = set()
        self._moved: set[str] = set()  # since it was last looked at: added, or removed
        self._changed = asyncio.Event()
        self._last_heard = 0.0
        self.hearing = False

    def add(self, channel: str) -> None:
        self._wanted.add(channel)
        self._moved.add(channel)
        self._changed.set()

    def remove(self, channel: str) -> None:
        self._wanted.discard(channel)
        self._moved.add(channel)
        self._changed.set()

    async def run(self) -> None:
        """Listen, and connect again after every loss, for as long as the process lives."""
        pause = SOONEST
        while True:
            connection: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call]
            try:
                async with asyncio.timeout(SILENCE):
                    await connection.connect()  # type: ignore[no-untyped-call]
                if pause > SOONEST:
                    log.warning("Redis is back, the bell is heard again")
                pause = SOONEST
                await self._listen(connection)
            except (RedisError, OSError, TimeoutError) as error:
                if pause == SOONEST:
                    log.warning("the bell is not heard: %s", str(error) or type(error).__name__)
            finally:
                self.hearing = False
                await connection.disconnect(nowait=True)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LATEST)

    async def _listen(self, connection: AbstractConnection) -> None:
        self._asked = set()
        self._moved = set(self._wanted)
        self._changed.set()
        self._last_heard = asyncio.get_running_loop().time()
        self.hearing = True
        # no task group: until Python 3.13 one whose part fails leaves its task marked as cancelled
        parts = [
            asyncio.create_task(part)
            for part in (
                self._mind(),
                self._ping(connection),
                self._ask(connection),
                self._receive(connection),
            )
        ]
        try:
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for part in parts:
                part.cancel()
            ended = await asyncio.gather(*parts, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                raise error

    async def _ask(self, connection: AbstractConnection) -> None:
        """Subscribe to what is wanted, and leave what is not."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            moved, self._moved = self._moved, set()
            more = (moved & self._wanted) - self._asked
            less = (moved & self._asked) - self._wanted
            self._asked |= more
            self._asked -= less
            for command, channels in (("SUBSCRIBE", more), ("UNSUBSCRIBE", less)):
                names = sorted(channels)
                for start in range(0, len(names), AT_ONCE):
                    some = names[start : start + AT_ONCE]
                    await connection.send_command(command, *some, check_health=False)

    async def _ping(self, connection: AbstractConnection) -> None:
        while True:
            await asyncio.sleep(PING_EVERY)
            await connection.send_command("PING", check_health=False)

    async def _mind(self) -> None:
        """See that someone is there; it sends nothing itself, for that may wait for who is not."""
        loop = asyncio.get_running_loop()
        while (left := self._last_heard + SILENCE - loop.time()) > 0:  # noqa: ASYNC110 - no event
            await asyncio.sleep(left)
        raise TimeoutError(f"nothing was heard for {SILENCE:g} s")

    async def _receive(self, connection: AbstractConnection) -> None:
        loop = asyncio.get_running_loop()
        while True:
            answer = await connection.read_response(timeout=math.inf, push_request=True)
            self._last_heard = loop.time()
            match answer:
                case ["message", channel, message]:
                    self._hear(channel, message)
                case ["subscribe", channel, _]:
                    self._joined(channel)
