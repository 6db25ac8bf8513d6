"""What an object is while it is put into SQL: a row, what a query says, or the caller."""

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Select, literal_column, select
from sqlalchemy.sql.elements import quoted_name
from sqlalchemy.types import TypeEngine

from gateway.compiled.runs import Run
from gateway.compiled.sql import Names, literal, said
from gateway.compiled.values import Unsupported
from loaders.columns import COMPUTED
from loaders.keyset import Order
from models.base import Entity
from models.vocabulary import Role
from services.access import Viewer

Narrowed = Callable[[Select[Any]], Select[Any]]


class Value(NamedTuple):
    """An expression, its type where it is a column's, and whether it is never null."""

    sql: str
    kind: TypeEngine[Any] | None = None
    known: bool = False


class Place:
    """An object whose attributes are expressions."""

    shows: type | None = None
    needed: dict[str, ColumnElement[Any]]

    def __init__(self) -> None:
        self.needed = {}

    def attribute(self, name: str) -> Value:
        raise Unsupported(f"`{name}` is not in SQL")


class RowPlace(Place):
    """A row of a table, read by a query of its own; `names` gives that query's parameters."""

    def __init__(
        self, alias: str, model: type[Entity], names: Names, flags: tuple[str, ...] = ()
    ) -> None:
        super().__init__()
        self.alias = alias
        self.model = model
        self.shows = model
        self.flags = flags
        self.names = names

    def attribute(self, name: str) -> Value:
        column = self.model.__table__.columns.get(name)
        if column is not None:
            return self.expression(name, column, known=not column.nullable)
        computed = COMPUTED.get(self.model, {}).get(name)
        if computed is None:
            raise Unsupported(f"{self.model.__name__}.{name} is no column")
        return self.expression(name, computed)

    def expression(self, name: str, value: ColumnElement[Any], *, known: bool = False) -> Value:
        """What else the row's query says, under a name of its own, or that of its equal."""
        for known_as, other in self.needed.items():
            if other is value or (_is_made(other) and _is_made(value) and other.compare(value)):
                name = known_as
        self.needed[name] = value
        return Value(f'{self.alias}."{name}"', value.type, known)

    def query(self, narrowed: Narrowed) -> str:
        """The row's query, once it is known what is needed of it."""
        columns: list[Any] = [
            value.label(quoted_name(name, quote=True)) for name, value in self.needed.items()
        ]
        chosen = select(*(columns or [literal_column("1").label("present")]))
        return said(narrowed(chosen.select_from(self.model)), self.names)

    def ordered(self, narrowed: Narrowed, order: Order, *, backward: bool) -> str:
        """The row's query, in an order; what the order is computed from is computed once."""
        expressions = [key.expression for key in order.keys]
        if all(hasattr(each, "class_") for each in expressions):
            by = order.by(expressions, backward=backward)
            return self.query(lambda query: narrowed(query).order_by(*by))
        values = [self.expression(f"sort_{i}", each) for i, each in enumerate(expressions)]
        keys: list[ColumnElement[Any]] = [
            literal_column(each.sql.removeprefix(f"{self.alias}.")) for each in values
        ]
        by = order.by(keys, backward=backward)
        terms = ", ".join(str(each) for each in by)
        return f"SELECT * FROM ({self.query(narrowed)} OFFSET 0) keyed ORDER BY {terms}"


def _is_made(value: ColumnElement[Any]) -> bool:
    """Whether it is no column, of which there is but one: to compare the others takes long."""
    return not isinstance(value, Column)


class SaidPlace(Place):
    """What a query says of a row; `read` is which of its columns were asked for."""

    def __init__(self, alias: str, shows: type | None) -> None:
        super().__init__()
        self.alias = alias
        self.shows = shows
        self.read: set[str] = set()

    def attribute(self, name: str) -> Value:
        self.read.add(name)
        return Value(f'{self.alias}."{name}"')


class CallerPlace(Place):
    """Who asks: the token's words, as parameters."""

    shows = Viewer

    def __init__(self, placed: Callable[[Any, Callable[[Run], Any]], str], role: Role) -> None:
        super().__init__()
        self._placed = placed
        self._role = role

    def attribute(self, name: str) -> Value:
        if name == "role":
            return Value(literal(self._role), known=True)

        def told(run: Run) -> Any:
            return getattr(run.context.viewer, name)

        return Value(f"{self._placed(('caller', name), told)}::text")
