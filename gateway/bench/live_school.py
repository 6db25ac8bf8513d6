"""Enough pupils for a socket each: a demo school, and copies of its pupils with their work."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from gateway.settings import Settings
from gateway.tokens import mint
from models.base import SCHEMA, Entity
from services import demo_school

RICH = 252  # pupils with everything
COPIED = ("progress", "tasks", "events")
LIFE = timedelta(hours=6)

People = list[tuple[UUID, str]]


async def prepare(settings: Settings, pupils: int) -> People:
    """So many pupils in an empty database, each with a token of its own."""
    connection = await asyncpg.connect(settings.asyncpg_dsn)
    try:
        await demo_school.load(connection, datetime.now(UTC).date(), scale=min(RICH, pupils))
        await _copy(connection, pupils)
        await connection.execute("ANALYZE")
        found = await connection.fetch(
            f"SELECT id, user_id FROM {SCHEMA}.students ORDER BY md5(id::text)"  # noqa: S608
        )
    finally:
        await connection.close()
    secret, audience = settings.signing_secret() or "", settings.jwt_audience
    return [
        (id, mint(secret, sub=subject, role="STUDENT", ttl=LIFE, audience=audience))
        for id, subject in found
    ]


async def _copy(connection: "asyncpg.Connection[Any]", pupils: int) -> None:
    await connection.execute(
        f"CREATE TEMP TABLE twins AS"  # noqa: S608  our own numbers
        f" SELECT s.id AS first, gen_random_uuid() AS id"
        f" FROM generate_series(1, {pupils // RICH + 1}) AS g, {SCHEMA}.students AS s"
        f" ORDER BY g LIMIT {max(0, pupils - RICH)}"
    )
    own = {"id": "t.id", "user_id": "t.id::text"}
    await connection.execute(_copying("students", own, "s.id"))
    for table in COPIED:
        own = {"id": "gen_random_uuid()", "student_id": "t.id"}
        await connection.execute(_copying(table, own, "s.student_id"))


def _copying(table: str, own: dict[str, str], key: str) -> str:
    names = [column.name for column in Entity.metadata.tables[f"{SCHEMA}.{table}"].columns]
    values = ", ".join(own.get(name, f"s.{name}") for name in names)
    return (
        f"INSERT INTO {SCHEMA}.{table} ({', '.join(names)})"  # noqa: S608  our own names
        f" SELECT {values} FROM twins AS t JOIN {SCHEMA}.{table} AS s ON {key} = t.first"
    )
