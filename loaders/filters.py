"""How an argument narrows a list: each filter names its type and its SQL."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from types import GenericAlias
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Text, any_, bindparam, func, literal

from loaders.columns import INSTANT


@dataclass(frozen=True, eq=False)
class Filter:
    """`argument` is the Python type a client gives; `clause` takes the bound value."""

    argument: Any
    kind: Any
    clause: Callable[[Any], ColumnElement[bool]]

    def where(self, name: str) -> ColumnElement[bool]:
        return self.clause(bindparam(name, type_=self.kind))


def among(column: Any) -> Filter:
    """The column is one of the values."""
    argument = GenericAlias(list, (column.type.python_type,))
    return Filter(argument, ARRAY(column.type), lambda value: column == any_(value))


def equal(column: Any) -> Filter:
    """The column is the value."""
    return Filter(column.type.python_type, column.type, lambda value: column == value)


def above(column: Any) -> Filter:
    """The column is greater than the value."""
    return Filter(column.type.python_type, column.type, lambda value: column > value)


def ending_after(column: Any) -> Filter:
    """The moment in the column comes after the value: with `starting_before`, an overlap."""
    return Filter(datetime, INSTANT, lambda value: column > value)


def starting_before(column: Any) -> Filter:
    """The moment in the column comes before the value."""
    return Filter(datetime, INSTANT, lambda value: column < value)


def containing(column: Any) -> Filter:
    """The text holds the value, whatever the case and the accents."""

    def plain(text: Any) -> Any:
        return func.lower(func.nexus_app.f_unaccent(text))

    def within(value: Any) -> ColumnElement[bool]:
        # escaped only now: without its accents, a `％` is a `%`
        literally = func.regexp_replace(plain(value), r"([\\%_])", r"\\\1", "g")
        return plain(column).like(literal("%").concat(literally).concat(literal("%")))  # type: ignore[no-any-return]

    return Filter(str, Text, within)
