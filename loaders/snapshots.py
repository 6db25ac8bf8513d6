"""A row as it once stood, kept as JSON: what a replayed answer shows."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ARRAY

from models.base import Entity


class Snapshot:
    """Looks like the row it was made of: columns are attributes, `model` is its table's class."""

    def __init__(self, model: type[Entity], values: Mapping[str, Any]) -> None:
        self.model = model
        self._values = values

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None

    def keys(self) -> list[str]:
        return list(self._values)

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Snapshot":
        """Out of JSON, each value as the type of its column."""
        model = _tables()[stored["table"]]
        columns = model.__table__.columns
        return cls(
            model,
            {
                name: _value(value, columns[name].type) if name in columns else value
                for name, value in stored["row"].items()
            },
        )


def snapshot(model: type[Entity], row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON, with the name of its table."""
    kept: dict[str, Any] = orjson.loads(orjson.dumps(dict(row), default=str))
    return {"table": model.__tablename__, "row": kept}


def _tables() -> dict[str, type[Entity]]:
    return {mapper.class_.__tablename__: mapper.class_ for mapper in Entity.registry.mappers}


def _value(value: Any, kind: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, ARRAY):
        return [_value(each, kind.item_type) for each in value]
    python = kind.python_type
    if python is datetime:
        return datetime.fromisoformat(value)
    if python is date:
        return date.fromisoformat(value)
    if python is UUID or issubclass(python, Enum):
        return python(value)
    return value
