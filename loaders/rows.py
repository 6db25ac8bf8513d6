"""How rows are read: a statement compiled once, a connection for each batch, a light record.

Statements are written with SQLAlchemy and run by asyncpg itself: `docs/performance.md` shows what
ORM entities would cost.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import Any, ClassVar

import asyncpg
import orjson
from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql import asyncpg as dialect

from models.base import LABELS, SCHEMA, Entity
from models.vocabulary import Role

DIALECT = dialect.dialect()  # type: ignore[no-untyped-call]


class Row(asyncpg.Record):  # type: ignore[misc]
    """A row as stored: its columns are its attributes, its table's class is `model`."""

    __slots__ = ()
    model: ClassVar[type[Entity] | None] = None

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


@cache
def row_of(model: type[Entity]) -> type[Row]:
    """The kind of row that a table's rows are read as, so that a union can tell them apart."""
    return type(f"{model.__name__}Row", (Row,), {"__slots__": (), "model": model})


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL text, the order of its parameters, those that never change, and the kind of row."""

    sql: str
    parameters: tuple[str, ...]
    row: type[Row] = Row
    constants: Mapping[str, Any] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """What is read, for those who watch."""
        return str(self.row.model.__tablename__) if self.row.model else "rows"


def compiled(select: Executable, model: type[Entity] | None = None) -> Statement:
    """Turn a SELECT with named bind parameters into text that asyncpg runs as it is."""
    text: Any = select.compile(dialect=DIALECT)  # type: ignore[attr-defined]
    return Statement(
        text.string,
        tuple(text.positiontup or ()),
        row_of(model) if model else Row,
        {name: value for name, value in text.params.items() if value is not None},
    )


@cache
def as_seen(sql: str, parameters: int) -> str:
    """A statement that first tells PostgreSQL who is looking, by two parameters more.

    Row-level security is told for the length of the statement, and asks once whom the viewer sees.
    The fence (OFFSET) and the lateral condition keep the planner from reading before.
    """
    viewer, role = parameters + 1, parameters + 2
    return f"""
        WITH me AS MATERIALIZED (SELECT set_config('nexus.viewer', ${viewer}, true) AS viewer,
          set_config('nexus.role', ${role}, true) AS role),
        sees AS MATERIALIZED (SELECT
          set_config('nexus.sees', nexus_app.viewer_students()::text, true) AS students
          FROM me WHERE viewer IS NOT NULL AND role IS NOT NULL)
        SELECT seen.* FROM sees CROSS JOIN LATERAL (
          SELECT * FROM ({sql}) wanted WHERE sees.students IS NOT NULL OFFSET 0) seen
        """  # noqa: S608  made of our own words


async def teach(connection: asyncpg.Connection) -> None:
    """The types of ours on a new connection: vocabularies as their members, JSON by orjson."""
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name,
            schema="pg_catalog",
            encoder=lambda value: orjson.dumps(value).decode(),
            decoder=orjson.loads,
        )
    vocabularies = {str(kind.name): enum for enum, kind in LABELS.items()}
    for (stored,) in await connection.fetch(
        "SELECT typname FROM pg_type WHERE typtype = 'e' AND typnamespace = $1::regnamespace"
        " AND typname = ANY ($2)",  # the queue has one of its own there
        SCHEMA,
        list(vocabularies),
    ):
        await connection.set_type_codec(
            stored,
            schema=SCHEMA,
            encoder=str,
            decoder={member.value: member for member in vocabularies[stored]}.__getitem__,
        )


def server_settings(statement_timeout_ms: int) -> dict[str, str]:
    """How every connection that reads stands: as the API's role, in universal time, bounded."""
    return {
        "application_name": "nexus",
        "jit": "off",  # its compilation costs more than these statements
        "plan_cache_mode": "force_generic_plan",  # and so does planning them again and again
        "role": "nexus_api",
        "search_path": "nexus_app, public",
        "statement_timeout": str(statement_timeout_ms),
        "timezone": "UTC",
    }


async def open_pool(dsn: str, *, size: int, statement_timeout_ms: int) -> asyncpg.Pool:
    """Connections as the API's role, which row-level security binds."""

    async def keep(_connection: asyncpg.Connection) -> None:
        """No reset on release: a batch reads once and leaves nothing behind."""

    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=size,
        init=teach,
        reset=keep,
        command_timeout=statement_timeout_ms / 1000 + 1,
        server_settings=server_settings(statement_timeout_ms),
    )


FOREIGN_CANCEL = 0.2  # seconds, far less than any statement's own limit


class Reader:
    """Reads for one viewer at one instant.

    Batches that overlap take turns on one connection, which the last of them gives back: so few
    connections do for many operations, and stay warm.
    """

    def __init__(self, pool: asyncpg.Pool, *, viewer: str, role: Role, clock: datetime) -> None:
        self._pool = pool
        self.viewer = viewer
        self.role = role
        self.clock = clock
        self.statements = 0  # how many were sent; for logs and tests
        self.span: Callable[[str], AbstractContextManager[Any]] | None = None  # of a statement
        self._running: set[asyncio.Task[Any]] = set()
        self._turn = asyncio.Lock()
        self._connection: Any = None
        self._over = False

    async def rows(self, statement: Statement, **values: Any) -> list[Row]:
        """Run a statement. `viewer` and `clock` are given to it where it names them."""
        if self._over:
            raise asyncio.CancelledError
        given = {**statement.constants, "viewer": self.viewer, "clock": self.clock, **values}
        self.statements += 1
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - it is a coroutine that runs
        self._running.add(task)
        try:
            with self.span(statement.table) if self.span else nullcontext():
                return await self._fetched(
                    statement, [given[name] for name in statement.parameters]
                )
        finally:
            self._running.discard(task)
            if not self._running and self._connection is not None:
                connection, self._connection = self._connection, None
                await self._pool.release(connection)

    async def _fetched(self, statement: Statement, arguments: list[Any]) -> list[Row]:
        sent = as_seen(statement.sql, len(arguments)), *arguments, self.viewer, self.role.value
        async with self._turn:
            if self._connection is None:
                self._connection = await self._pool.acquire()
            fetch = partial(self._connection.fetch, *sent, record_class=statement.row)
            began = time.monotonic()
            found: list[Row]
            try:
                found = await fetch()
            except asyncpg.QueryCanceledError:
                # PostgreSQL calls off what a connection runs just then: so early, that was meant
                # for who had the connection before, and read again it harms nobody
                if time.monotonic() - began > FOREIGN_CANCEL:
                    raise
                found = await fetch()
        return found

    def counted(self) -> None:
        """One more statement of the same operation was sent, by who changes something."""
        self.statements += 1

    def stop(self) -> None:
        """Call off what is still being read, in PostgreSQL too: nobody waits for it any more.

        A batch is a task of its own, so that whoever gives up takes nothing from the others.
        """
        self._over = True
        for task in self._running - {asyncio.current_task()}:
            task.cancel()
