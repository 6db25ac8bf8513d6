"""Keyset pagination: orders, windows over them, and the cursors that name a place.

A cursor holds the sort key of its row, not an offset, so that rows written meanwhile neither repeat
nor hide others. It is bound to its list: the relation, its order, its filters and its parent.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import blake2s
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, and_, false, or_, tuple_

DEFAULT_SIZE = 20
MAX_SIZE = 100


class BadPage(ValueError):
    """A page that cannot be asked for: its message is for the client."""


@dataclass(frozen=True, eq=False)
class Key:
    """One term of an order. Its expression is never null, or rows would be lost between pages."""

    expression: Any
    descending: bool = False


@dataclass(frozen=True, eq=False)
class Drift:
    """How a clocked order moves: its first key is positive, and grows with the clock, never falls.

    Rows for which `moved_by`, given their columns `read`, comes to the same grow alike. Given what
    it comes to, `growth` says how much its logarithm grows at most in the day that comes; but at a
    midnight in UTC anything may happen.
    """

    read: tuple[Any, ...]
    moved_by: Callable[..., tuple[ColumnElement[Any], ...]]
    growth: Callable[..., ColumnElement[float]]


@dataclass(frozen=True, eq=False)
class Order:
    """A total order: its last key is unique. `clocked` says that it depends on the instant."""

    name: str
    keys: tuple[Key, ...]
    clocked: bool = False
    drift: Drift | None = None

    def beyond(self, values: Sequence[Any], *, backward: bool) -> ColumnElement[bool]:
        """The rows after a place (before it, when backward)."""
        expressions = [key.expression for key in self.keys]
        directions = {key.descending for key in self.keys}
        if len(directions) == 1:
            row, place = tuple_(*expressions), tuple_(*values)
            return row < place if directions.pop() is not backward else row > place
        found: ColumnElement[bool] = false()
        for i, key in enumerate(self.keys):
            less = key.descending is not backward
            step = key.expression < values[i] if less else key.expression > values[i]
            found = or_(
                found, and_(*(e == v for e, v in zip(expressions[:i], values, strict=False)), step)
            )
        return found

    def by(self, columns: Sequence[ColumnElement[Any]], *, backward: bool) -> list[Any]:
        """The ORDER BY over the given columns, one a key."""
        return [
            column.desc() if key.descending is not backward else column.asc()
            for key, column in zip(self.keys, columns, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cursor points: the sort key, and the instant it was sorted at if that matters."""

    values: tuple[Any, ...]
    sorted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The page asked for: `limit` rows after and before the given places, from one end."""

    limit: int
    backward: bool = False
    after: Place | None = None
    before: Place | None = None

    @property
    def sorted_at(self) -> datetime | None:
        place = self.after or self.before
        return place.sorted_at if place else None


@dataclass(frozen=True, slots=True)
class Scope:
    """The list that a cursor belongs to."""

    digest: str
    order: Order

    @classmethod
    def of(cls, relation: str, parent: object, order: Order, filters: dict[str, Any]) -> "Scope":
        told = orjson.dumps(
            [relation, str(parent), order.name, sorted(filters.items())], default=str
        )
        return cls(blake2s(told, digest_size=6).hexdigest(), order)

    def cursor(self, place: Place) -> str:
        told = orjson.dumps([self.digest, place.sorted_at, *place.values], default=str)
        return urlsafe_b64encode(told).rstrip(b"=").decode()

    def place(self, cursor: str, argument: str, *, anyones: bool = False) -> Place:
        """Where a cursor of this list points; `BadPage` for any other text.

        `anyones` takes the cursors of the same order in other lists too: see `owner`.
        """
        try:
            digest, sorted_at, *values = _unpacked(cursor)
            if (digest != self.digest and not anyones) or len(values) != len(self.order.keys):
                raise BadPage(f"`{argument}` is a cursor of another list, order or filter")
            return Place(
                tuple(
                    sort_value(value, key.expression.type.python_type)
                    for value, key in zip(values, self.order.keys, strict=True)
                ),
                sort_value(sorted_at, datetime) if self.order.clocked else None,
            )
        except BadPage:
            raise
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise BadPage(f"`{argument}` is not a cursor") from error

    def window(
        self,
        first: int | None,
        after: str | None,
        last: int | None,
        before: str | None,
        *,
        anyones: bool = False,
    ) -> Window:
        """The page that the four Relay arguments ask for; `BadPage` when they ask for none."""
        if first is not None and last is not None:
            raise BadPage("`first` and `last` exclude each other")
        backward = last is not None
        size = last if backward else first
        if size is None:
            size = DEFAULT_SIZE
        if not 0 <= size <= MAX_SIZE:
            raise BadPage(f"`{'last' if backward else 'first'}` must be between 0 and {MAX_SIZE}")
        return Window(
            limit=size,
            backward=backward,
            after=self.place(after, "after", anyones=anyones) if after is not None else None,
            before=self.place(before, "before", anyones=anyones) if before is not None else None,
        )


def owner(cursor: str) -> str:
    """The digest of the list that a well-formed cursor belongs to."""
    digest: str = _unpacked(cursor)[0]
    return digest


def _unpacked(cursor: str) -> list[Any]:
    raw = urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
    unpacked: list[Any] = orjson.loads(raw)
    return unpacked


def sort_value(value: Any, kind: type) -> Any:
    """A sort key out of JSON, as the column's own type; ValueError or TypeError when it is not."""
    if kind is datetime:
        found = datetime.fromisoformat(value)
        if found.tzinfo is None:
            raise ValueError("an instant without offset")
        return found.astimezone(UTC)
    if kind is date:
        return date.fromisoformat(value)
    if kind is UUID:
        return UUID(value)
    if isinstance(value, bool):
        raise TypeError("no order sorts by truth")  # and Python takes it for a number
    if kind is float and isinstance(value, int | float):
        return float(value)
    if kind is str and (not isinstance(value, str) or "\x00" in value):
        raise ValueError("not a text")
    if kind is int and (not isinstance(value, int) or not -(2**31) <= value < 2**31):
        raise ValueError("not a number of that size")
    if not isinstance(value, kind):
        raise TypeError(f"not a {kind.__name__}")
    return value
