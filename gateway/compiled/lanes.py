"""The few connections that compiled statements run on, kept by the process and never pooled."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

import asyncpg

from loaders.rows import server_settings, teach

KEPT_STATEMENTS = 1024  # prepared on each connection


class Lanes:
    """Connections handed out last in, first out, so that the same few stay warm.

    Row-level security is told who is looking by the statement itself: none outlives it.
    """

    def __init__(
        self, dsn: str, *, size: int, statement_timeout_ms: int, patience: float = 5.0
    ) -> None:
        self._dsn = dsn
        self._size = size
        self._timeout_ms = statement_timeout_ms
        self._patience = patience
        self._free: list[asyncpg.Connection | None] = [None] * size
        self._waiting: deque[asyncio.Future[asyncpg.Connection | None]] = deque()

    async def open(self) -> None:
        """Connect the first, so that a wrong address shows at once; the others when needed."""
        self._free[-1] = await self._connect()

    async def close(self) -> None:
        for connection in self._free:
            if connection is not None:
                await connection.close(timeout=5)
        self._free = []

    async def texts(self, statements: Sequence[tuple[str, Sequence[Any]]]) -> list[bytes]:
        """The one text that each statement answers, one after the other on one connection."""
        # cancelled, a statement is cancelled in PostgreSQL first, and only then given back
        connection = self._free.pop() if self._free else await self._turn()
        try:
            if connection is None or connection.is_closed():
                connection = None
                connection = await self._connect()
            return [await connection.fetchval(sql, *values) for sql, values in statements]
        finally:
            self._back(connection)

    async def _turn(self) -> asyncpg.Connection | None:
        """Wait for a connection, but not for ever."""
        turn: asyncio.Future[asyncpg.Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(self._patience):
                return await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self._back(turn.result())  # given, and not taken any more
            raise

    def _back(self, connection: asyncpg.Connection | None) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(connection)
                return
        self._free.append(connection)

    async def _connect(self) -> asyncpg.Connection:
        connection = await asyncpg.connect(
            self._dsn,
            command_timeout=self._timeout_ms / 1000 + 1,
            statement_cache_size=KEPT_STATEMENTS,
            max_cached_statement_lifetime=0,
            max_cacheable_statement_size=0,
            server_settings={
                **server_settings(self._timeout_ms),
                "application_name": "nexus compiled",
                "max_parallel_workers_per_gather": "0",
            },
        )
        await teach(connection)
        # an answer is bytes all the way to the socket
        await connection.set_type_codec(
            "text", schema="pg_catalog", encoder=str.encode, decoder=bytes, format="binary"
        )
        return connection
