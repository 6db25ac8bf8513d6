"""SQL text in the making: its parameters, pieces of JSON, and expressions of SQLAlchemy as text."""

import re
from collections.abc import Callable
from enum import Enum
from itertools import groupby
from typing import Any

from sqlalchemy import Executable

from loaders.rows import DIALECT

Names = Callable[[str], str]

MOST_ARGUMENTS = 90  # PostgreSQL takes a hundred
MARK, END = "\x01", "\x02"  # no JSON text holds them: where Python has something to fill in
CARD, NAMED = "\x03", "\x04"  # around a card, and between its name and its text
GIVE_UP = f"{MARK}!{END}"  # the reference path would have an error here


class Sql(str):
    """An expression."""

    __slots__ = ()


class Lit(str):
    """A text as it stands in the answer."""

    __slots__ = ()


Piece = Sql | Lit
Json = list[Piece]
"""A JSON text, as pieces that follow one another. None of its expressions is null."""


def quoted(text: str) -> str:
    """A text as a literal."""
    if any(letter < " " or letter == "\\" for letter in text):
        escaped = text.replace("\\", "\\\\").replace("'", "''")
        return "E'" + re.sub(r"[\x00-\x1f]", lambda m: f"\\x{ord(m[0]):02x}", escaped) + "'"
    return "'" + text.replace("'", "''") + "'"


def literal(value: Any) -> str:
    """A constant of ours as a literal."""
    if isinstance(value, Enum):
        return quoted(str(value.value))
    if isinstance(value, bool | int):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        return quoted(value)
    raise TypeError(f"{type(value).__name__} has no literal here")


def text_of(json: Json) -> str:
    """The pieces put together: one expression of type text."""
    merged: list[str] = []
    for kind, together in groupby(json, type):
        pieces = list(together)
        merged += [quoted("".join(pieces))] if kind is Lit else pieces
    while len(merged) > MOST_ARGUMENTS:
        merged = [
            f"concat({', '.join(merged[i : i + MOST_ARGUMENTS])})"
            for i in range(0, len(merged), MOST_ARGUMENTS)
        ]
    return f"concat({', '.join(merged)})"


def said(statement: Executable, names: Names) -> str:
    """A statement of SQLAlchemy as text: constants as literals, parameters as `names` says."""
    text: Any = statement.compile(dialect=DIALECT)  # type: ignore[attr-defined]
    order = text.positiontup or ()

    def placed(found: re.Match[str]) -> str:
        name = order[int(found[1]) - 1]
        value = text.params[name]
        return names(name) if value is None else literal(value)

    return re.sub(r"\$(\d+)", placed, text.string)


PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")


def stated(sql: str, names: Names) -> str:
    """A text with `:name`s, each replaced by what `names` says."""
    return PARAMETER.sub(lambda found: names(found[1]), " ".join(sql.split()))


def numbered(sql: str) -> str:
    """The finished text, its parameters as PostgreSQL wants them."""
    return re.sub(r"¤(\d+)¤", r"$\1", sql)


class Parameters:
    """The parameters of one statement, each with the way to its value.

    Until the text is finished they are marked otherwise than those of its parts.
    """

    def __init__(self) -> None:
        self.ways: list[Callable[[Any], Any]] = []
        self._known: dict[Any, str] = {}

    def place(self, key: Any, way: Callable[[Any], Any]) -> str:
        """Where the value stands in the text; the same key stands in one place."""
        if key not in self._known:
            self.ways.append(way)
            self._known[key] = f"¤{len(self.ways)}¤"
        return self._known[key]

    def copy(self) -> "Parameters":
        copied = Parameters()
        copied.ways, copied._known = [*self.ways], dict(self._known)
        return copied
