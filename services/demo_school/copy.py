"""Rows on their way into the database, as the text that COPY reads."""

import io
from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any

import asyncpg
import orjson

from models.base import SCHEMA, Entity

NULL = "\\N"


class Rows:
    """The rows of a batch, table by table.

    COPY's text form, and not its binary one, because asyncpg knows the labels of an enum as text
    only. A tuple is an array; a list or a dict is JSON.
    """

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {}

    def add(self, entity: type[Entity], **values: object) -> None:
        """Keep a row. A column that is not named is null."""
        name, columns = _table(entity)
        if not values.keys() <= columns.keys():
            unknown = ", ".join(values.keys() - columns.keys())
            raise TypeError(f"{name} has no column {unknown}")
        lines = self._lines.get(name)
        if lines is None:
            lines = self._lines[name] = []
        lines.append("\t".join([cell(values.get(column)) for column in columns]))

    async def send(self, connection: "asyncpg.Connection[Any]") -> None:
        """COPY everything, the tables that others refer to first."""
        for table in Entity.metadata.sorted_tables:
            if lines := self._lines.get(table.name):
                await connection.copy_to_table(
                    table.name,
                    schema_name=SCHEMA,
                    columns=[column.name for column in table.columns],
                    source=io.BytesIO(("\n".join(lines) + "\n").encode()),
                    format="text",
                )


@cache
def _table(entity: type[Entity]) -> tuple[str, Mapping[str, None]]:
    """A table's name, and its columns in order."""
    return entity.__tablename__, {column.name: None for column in entity.__table__.columns}


def cell(value: object) -> str:
    """A value as COPY's text form writes it."""
    if writer := _WRITERS.get(type(value)):
        return writer(value)
    if not isinstance(value, StrEnum):
        raise TypeError(f"no text form for {value!r}")
    _WRITERS[type(value)] = _label
    return _label(value)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


def _label(value: StrEnum) -> str:
    return value.value


def _moment(value: datetime) -> str:
    return value.isoformat()


def _json(value: object) -> str:
    return _escaped(orjson.dumps(value).decode())


def _array(values: tuple[str, ...]) -> str:
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return _escaped("{" + ",".join(f'"{value}"' for value in quoted) + "}")


_WRITERS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: NULL,
    str: _escaped,
    int: str,
    float: repr,
    bool: lambda value: "t" if value else "f",
    datetime: _moment,
    date: date.isoformat,
    tuple: _array,
    dict: _json,
    list: _json,
}
