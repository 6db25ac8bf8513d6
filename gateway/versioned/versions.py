"""Where journals end, as they are now, and for whom: one statement for all who ask at once.

Who asks is answered by a statement that began afterwards, so that what was committed before is
seen: by which process, and which connection, does not matter. While one runs, those who come
wait for the next together. The row gate is inside: what one may not see has no version.

Where no transaction has ended since, in all the cluster, nothing was committed: then PostgreSQL's
snapshot is the same to the letter, and what was read under it is read again by asking for it alone.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import LargeBinary, Uuid, func, literal_column, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from gateway.compiled.sql import said
from loaders.rows import server_settings
from models.student import Student
from models.vocabulary import Role
from services.access import visible_students

log = logging.getLogger("nexus")

MOST = 500  # askers of one statement
SCHOOL = "nexus"  # who reads for everyone: no token ever names it
SNAPSHOT = "SELECT pg_current_snapshot()::text"
ROOM = 16_000_000  # bytes of what was read under one snapshot: five thousand coaches' lists
OVERHEAD = 500  # bytes of an asker, beside the stamps


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose versions one asks for: of one student, or of all whom the viewer sees."""

    role: Role
    viewer: str
    student: UUID | None
    _hash: int = field(init=False, repr=False, compare=False)  # found once: it is asked each time

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.role, self.viewer, self.student)))

    def __hash__(self) -> int:
        return self._hash


Waiting = dict[Wanted, list[asyncio.Future[bytes]]]


class Versions:
    """The ends of the journals, read anew for every request, over a connection of their own."""

    def __init__(self, dsn: str, *, patience: float) -> None:
        self._dsn = dsn
        self._patience = patience  # seconds
        self._connection: asyncpg.Connection | None = None
        self._waiting: Waiting = {}
        self._running: asyncio.Task[None] | None = None
        self._snapshot = ""
        self._seen: dict[Wanted, bytes] = {}  # under that snapshot
        self._size = 0

    async def close(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
        if self._connection is not None:
            await self._connection.close(timeout=5)

    def of(self, wanted: Wanted) -> asyncio.Future[bytes]:
        """Ids and versions, as bytes to be compared; nothing where nobody is seen."""
        found: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(wanted, []).append(found)
        if self._running is None:
            self._running = asyncio.create_task(self._read())
        return found

    async def _read(self) -> None:
        """Answer until nobody waits."""
        try:
            while self._waiting:
                asked, self._waiting = self._waiting, {}
                try:
                    await self._answer(asked)
                except BaseException as error:
                    _fail(asked, error)
                    if not isinstance(error, Exception):
                        _fail(self._waiting, error)
                        raise
        finally:
            self._running = None

    async def _answer(self, asked: Waiting) -> None:
        connection = await self._connected()
        self._look_at(await connection.fetchval(SNAPSHOT))
        groups: dict[tuple[Role, bool], list[Wanted]] = {}
        for wanted, futures in asked.items():
            if (found := self._seen.get(wanted)) is not None:
                _tell(futures, found)
            else:
                groups.setdefault((wanted.role, wanted.student is not None), []).append(wanted)
        for (role, narrow), group in groups.items():
            sql = statement(role, narrow=narrow)
            for start in range(0, len(group), MOST):
                some = group[start : start + MOST]
                values: list[list[Any]] = [[each.viewer for each in some]]
                if narrow:
                    values.append([each.student for each in some])
                snapshot, stamps = await connection.fetchrow(sql, *values)
                for wanted, found in zip(some, stamps, strict=True):
                    _tell(asked[wanted], found)
                    if snapshot == self._snapshot:
                        self._remember(wanted, found)

    def _look_at(self, snapshot: str) -> None:
        """Forget what was read under another snapshot."""
        if snapshot != self._snapshot or self._size > ROOM:
            self._snapshot, self._seen, self._size = snapshot, {}, 0

    def _remember(self, wanted: Wanted, stamps: bytes) -> None:
        self._seen[wanted] = stamps
        self._size += OVERHEAD + len(stamps)

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._look_at("")  # another server, or the same after a restore, counts anew
            self._connection = await asyncpg.connect(
                self._dsn,
                timeout=self._patience,
                command_timeout=self._patience,
                max_cached_statement_lifetime=0,
                server_settings={
                    **server_settings(round(self._patience * 1000)),
                    "application_name": "nexus versions",
                    "nexus.viewer": SCHOOL,
                    "nexus.role": Role.ADMIN.value,
                },
            )
        return self._connection


def _tell(futures: list[asyncio.Future[bytes]], found: bytes) -> None:
    for future in futures:
        if not future.done():
            future.set_result(found)


def _fail(asked: Waiting, error: BaseException) -> None:
    told = error if isinstance(error, Exception) else OSError("closing")
    for future in chain.from_iterable(asked.values()):
        if not future.done():
            future.set_exception(told)
            future.exception()  # nobody may be left to hear of it


@cache
def statement(role: Role, *, narrow: bool) -> str:
    """For each asker bytes: ids, versions and their instants, of those whom the gate shows.

    Beside them, the snapshot under which it reads.
    """
    # after a restore a number may be given a second time, but not at the same instant
    stamp = (
        func.uuid_send(Student.id, type_=LargeBinary)
        .op("||")(func.int4send(Student.version, type_=LargeBinary))
        .op("||")(func.timestamptz_send(Student.updated_at, type_=LargeBinary))
    )
    nothing = literal_column("''::bytea", LargeBinary())
    stamps = func.coalesce(func.string_agg(stamp, aggregate_order_by(nothing, Student.id)), nothing)
    found = select(stamps).where(visible_students(role))
    if narrow:
        found = found.where(Student.id == literal_column("asked.student", Uuid()))
    sql = said(found, lambda _viewer: "asked.viewer")
    asked = "$1::text[], $2::uuid[]" if narrow else "$1::text[]"
    columns = "viewer, student, place" if narrow else "viewer, place"
    return (
        f"SELECT pg_current_snapshot()::text, array_agg(({sql}) ORDER BY place)"  # noqa: S608  made of our own words
        f" FROM unnest({asked}) WITH ORDINALITY AS asked ({columns})"
    )
