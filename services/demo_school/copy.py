"""Rows on their way into the database, as the text that COPY reads."""

import io
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NamedTuple

import asyncpg
import orjson
from sqlalchemy import Enum, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from models.base import SCHEMA, Entity

NULL = "\\N"


class Sheet(NamedTuple):
    """The rows of one table, in COPY's text form: asyncpg's binary one does not know the enums."""

    table: str
    columns: tuple[str, ...]
    text: bytes


class Rows:
    """The rows of a batch, table by table. A key is given as text, an array as a tuple."""

    def __init__(self) -> None:
        self._rows: dict[str, list[tuple[object, ...]]] = {}

    def add(self, entity: type[Entity], **values: object) -> None:
        """Keep a row. A column that is not named is null."""
        columns, known = _columns(entity.__tablename__)
        if not values.keys() <= known:
            unknown = ", ".join(values.keys() - known)
            raise TypeError(f"{entity.__tablename__} has no column {unknown}")
        self._rows.setdefault(entity.__tablename__, []).append(tuple(map(values.get, columns)))

    def sheets(self) -> list[Sheet]:
        """Everything that was kept, the tables that others refer to first."""
        return [
            Sheet(table.name, _columns(table.name)[0], _text(table.name, rows))
            for table in Entity.metadata.sorted_tables
            if (rows := self._rows.get(table.name))
        ]


async def send(connection: "asyncpg.Connection[Any]", sheets: list[Sheet]) -> None:
    """COPY a batch."""
    for sheet in sheets:
        await connection.copy_to_table(
            sheet.table,
            schema_name=SCHEMA,
            columns=sheet.columns,
            source=io.BytesIO(sheet.text),
            format="text",
        )


@cache
def _columns(table: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """A table's columns, in order and as a set."""
    names = tuple(column.name for column in Entity.metadata.tables[f"{SCHEMA}.{table}"].columns)
    return names, frozenset(names)


def _text(table: str, rows: list[tuple[object, ...]]) -> bytes:
    """Column by column, for a whole column is written the same way."""
    kinds = (column.type for column in Entity.metadata.tables[f"{SCHEMA}.{table}"].columns)
    columns = zip(*rows, strict=True)
    written = [_written(kind, values) for kind, values in zip(kinds, columns, strict=True)]
    return ("\n".join(map("\t".join, zip(*written, strict=True))) + "\n").encode()


def _written(kind: object, values: tuple[Any, ...]) -> Iterable[str]:
    write = _writer(kind)
    if None in values:
        return [NULL if value is None else write(value) for value in values]
    return map(write, values) if write is not _as_it_is else values


def _writer(kind: object) -> Callable[[Any], str]:
    if isinstance(kind, Enum | Uuid):
        return _as_it_is
    if isinstance(kind, Text):
        return _escaped
    if isinstance(kind, JSONB):
        return _json
    return _array if isinstance(kind, ARRAY) else str


def _as_it_is(value: str) -> str:
    return value


def _escaped(text: str) -> str:
    if text.isprintable() and "\\" not in text:
        return text
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


def _json(value: object) -> str:
    return _escaped(orjson.dumps(value).decode())


def _array(values: tuple[str, ...]) -> str:
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return _escaped("{" + ",".join(f'"{value}"' for value in quoted) + "}")
