"""What it costs to read rows: the same tasks as ORM entities, as Core rows, as asyncpg records."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from statistics import median
from typing import Any

import asyncpg
from sqlalchemy import ARRAY, Uuid, any_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from gateway.settings import Settings
from loaders.rows import Reader, compiled, open_pool
from models.task import Task
from models.vocabulary import Role

PUPILS = 50
READ = ("id", "label", "status", "due_at", "weight")


def _touch(rows: Any) -> int:
    """Read some columns of each row, as an answer does."""
    return sum(1 for row in rows if [getattr(row, name) for name in READ])


async def measure(settings: Settings, *, rounds: int = 200) -> dict[str, float]:
    """Median milliseconds of one batch each way, interleaved; ORM, Core, record."""
    connection = await asyncpg.connect(settings.asyncpg_dsn)
    found = await connection.fetch(
        "SELECT student_id FROM nexus_app.tasks GROUP BY 1 ORDER BY count(*) DESC LIMIT $1", PUPILS
    )
    await connection.close()
    keys = [row["student_id"] for row in found]
    given = Task.student_id == any_(bindparam("keys", type_=ARRAY(Uuid)))
    entities = select(Task).where(given)
    columns = select(*Task.__table__.columns).where(given)
    statement = compiled(columns, Task)

    engine = create_async_engine(settings.sqlalchemy_url)
    pool = await open_pool(settings.asyncpg_dsn, size=2, statement_timeout_ms=10_000)
    reader = Reader(pool, viewer="bench", role=Role.ADMIN, clock=datetime.now(UTC))

    async def orm() -> int:
        async with AsyncSession(engine) as db:
            return _touch((await db.scalars(entities, {"keys": keys})).all())

    async def core() -> int:
        async with engine.connect() as db:
            return _touch((await db.execute(columns, {"keys": keys})).all())

    async def record() -> int:
        return _touch(await reader.rows(statement, keys=keys))

    try:
        return await _interleaved({"orm": orm, "core": core, "record": record}, rounds)
    finally:
        await pool.close()
        await engine.dispose()


async def _interleaved(
    ways: dict[str, Callable[[], Awaitable[int]]], rounds: int
) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in ways}
    rows = {name: await way() for name, way in ways.items()}
    if len(set(rows.values())) != 1:
        raise AssertionError(f"the ways do not read the same: {rows}")
    for _ in range(rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            await way()
            times[name].append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(0)
    return {"rows": float(rows["record"]), **{name: median(t) for name, t in times.items()}}
