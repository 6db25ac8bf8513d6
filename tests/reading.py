"""The tables read directly, in the form in which the contract tells their values."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from conftest import Answer, Ask

from models.base import LABELS, SCHEMA
from services.access import Viewer


async def read(dsn: str, sql: str, *values: Any) -> list[dict[str, Any]]:
    """What a statement finds, by a connection that row-level security does not bind."""
    connection = await asyncpg.connect(dsn)
    try:
        for name in ("json", "jsonb"):
            await connection.set_type_codec(
                name, schema="pg_catalog", encoder=str, decoder=orjson.loads
            )
        vocabularies = {str(kind.name): enum for enum, kind in LABELS.items()}
        for (stored,) in await connection.fetch(
            "SELECT typname FROM pg_type WHERE typtype = 'e' AND typnamespace = $1::regnamespace"
            " AND typname = ANY ($2)",
            SCHEMA,
            list(vocabularies),
        ):
            names = {member.value: member.name for member in vocabularies[stored]}
            await connection.set_type_codec(
                stored, schema=SCHEMA, encoder=str, decoder=names.__getitem__
            )
        await connection.execute("SET search_path = nexus_app, public; SET timezone = 'UTC'")
        return [told(row) for row in await connection.fetch(sql, *values)]
    finally:
        await connection.close()


def told(value: Any) -> Any:
    """A value as JSON has it."""
    match value:
        case UUID():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case asyncpg.Record():
            return {name: told(each) for name, each in value.items()}
        case list():
            return [told(each) for each in value]
    return value


def data(answer: Answer) -> Any:
    """What an answer holds, which must be without errors."""
    assert answer.errors is None
    return answer.data


def pick(rows: Iterable[Mapping[str, Any]], name: str) -> list[Any]:
    return [row[name] for row in rows]


async def nodes(ask: Ask, viewer: Viewer, field: str, id: str, selection: str) -> list[Any]:
    """The nodes of a connection of one student."""
    chosen = f"c: {field} {{ nodes {{ {selection} }} }}"
    document = f"query Q($id: ID!) {{ student(id: $id) {{ {chosen} }} }}"
    found: list[Any] = data(await ask(viewer, document, id=id))["student"]["c"]["nodes"]
    return found
