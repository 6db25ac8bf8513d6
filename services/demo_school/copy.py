"""Rows on their way into the database, as the text that COPY reads."""

import csv
import io
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import asyncpg
import orjson
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from models.base import SCHEMA, Entity


class Rows:
    """The rows of a batch, table by table.

    COPY's CSV form, for asyncpg's binary one does not know the enums. An array is given as a tuple.
    An empty text would be read as null: there is none in the school.
    """

    def __init__(self) -> None:
        self._rows: dict[str, list[list[object]]] = {}

    def add(self, entity: type[Entity], **values: object) -> None:
        """Keep a row. A column that is not named is null."""
        form = _form(entity)
        if not values.keys() <= form.known:
            raise TypeError(f"{form.table} has no column {', '.join(values.keys() - form.known)}")
        row = list(map(values.get, form.columns))
        for place, write in form.written:
            if row[place] is not None:
                row[place] = write(row[place])
        rows = self._rows.get(form.table)
        if rows is None:
            rows = self._rows[form.table] = []
        rows.append(row)

    async def send(self, connection: "asyncpg.Connection[Any]") -> None:
        """COPY everything, the tables that others refer to first."""
        for table in Entity.metadata.sorted_tables:
            if rows := self._rows.get(table.name):
                await connection.copy_to_table(
                    table.name,
                    schema_name=SCHEMA,
                    columns=[column.name for column in table.columns],
                    source=io.BytesIO(_csv(rows)),
                    format="csv",
                )


class _Form(NamedTuple):
    """How a table's rows are written: its columns in order, and those that need words of theirs."""

    table: str
    columns: tuple[str, ...]
    known: frozenset[str]
    written: tuple[tuple[int, Callable[[Any], str]], ...]


@cache
def _form(entity: type[Entity]) -> _Form:
    columns = list(entity.__table__.columns)
    writers = ((place, _writer(column.type)) for place, column in enumerate(columns))
    names = tuple(column.name for column in columns)
    written = tuple((place, write) for place, write in writers if write)
    return _Form(entity.__tablename__, names, frozenset(names), written)


def _writer(kind: object) -> Callable[[Any], str] | None:
    if isinstance(kind, JSONB):
        return _json
    return _array if isinstance(kind, ARRAY) else None


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _array(values: tuple[str, ...]) -> str:
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"


def _csv(rows: list[list[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
