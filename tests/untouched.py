"""Whether anything was written: all tables with all their rows, and who wrote each of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from models.base import Entity

Contents = dict[str, tuple[int, str | None]]

# `xmin` too: a row that was written again as it was is written
READ_ALL = " UNION ALL ".join(
    f"SELECT '{table.name}' AS name, count(*) AS rows,"  # noqa: S608
    f" md5(string_agg(row.xmin::text || row::text, '' ORDER BY row.id)) AS checksum"
    f" FROM {table} AS row"
    for table in Entity.metadata.sorted_tables
)


async def contents(db: asyncpg.Connection) -> Contents:
    """How many rows each table has, and a checksum of them; `db` must be bound by no lock."""
    return {row["name"]: (row["rows"], row["checksum"]) for row in await db.fetch(READ_ALL)}


@asynccontextmanager
async def untouched(db: asyncpg.Connection) -> AsyncIterator[None]:
    """Nothing is written in here, by anybody."""
    before = await contents(db)
    yield
    assert await contents(db) == before
