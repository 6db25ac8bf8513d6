"""Pages of long relations: one lateral statement for all parents, keyset windows, counts apart."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from aiodataloader import DataLoader
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Uuid,
    and_,
    any_,
    bindparam,
    column,
    func,
    literal_column,
    select,
    true,
)

from loaders.by_column import Batch, Loaders
from loaders.columns import columns_of
from loaders.filters import Filter
from loaders.keyset import Order, Place, Window
from loaders.rows import Reader, Row, Statement, compiled
from models.base import Entity
from models.vocabulary import Role

EVERYONE = UUID(int=0)  # the parent of a root list

Gate = Callable[[Role], ColumnElement[bool]]


@dataclass(frozen=True, eq=False)
class Relation:
    """A list worth paging: the rows of `model` under each parent, or all of them for a root.

    `column` holds the parent's key, on `model` or on a table that `where` joins to it; `gate` gives
    the rows a role may see, where the parent's own gate does not say so already; `flags` are
    constants that the rows of this list carry beside their columns.
    """

    name: str
    model: type[Entity]
    column: Any = None
    where: tuple[ColumnElement[bool], ...] = ()
    gate: Gate | None = None
    filters: dict[str, Filter] | None = None
    flags: tuple[str, ...] = ()

    def conditions(self, role: Role, filters: tuple[str, ...]) -> list[ColumnElement[bool]]:
        given = [(self.filters or {})[name].where(name) for name in filters]
        gates = [self.gate(role)] if self.gate else []
        return [*gates, *self.where, *given]


def _keys() -> Any:
    return (
        func.unnest(bindparam("keys", type_=ARRAY(Uuid)))
        .table_valued(column("key", Uuid), name="parents")
        .render_derived()
    )


@cache
def _page(
    relation: Relation,
    order: Order,
    role: Role,
    filters: tuple[str, ...],
    *,
    backward: bool,
    bounds: tuple[str, ...],
) -> Statement:
    """The rows of one window under each of `keys`; `bounds` says which cursors were given."""
    conditions = relation.conditions(role, filters)
    for bound in bounds:
        place = [
            bindparam(f"{bound}_{i}", type_=key.expression.type) for i, key in enumerate(order.keys)
        ]
        conditions.append(order.beyond(place, backward=bound == "before"))
    sort = [key.expression.label(f"sort_{i}") for i, key in enumerate(order.keys)]
    flags: list[Any] = [literal_column("true").label(flag) for flag in relation.flags]
    rows = select(*columns_of(relation.model), *flags, *sort)
    ordering = order.by([key.expression for key in order.keys], backward=backward)
    limit = bindparam("limit", type_=Integer)
    if relation.column is None:
        return compiled(rows.where(*conditions).order_by(*ordering).limit(limit), relation.model)
    parents = _keys()
    under = (
        rows.where(relation.column == parents.c.key, *conditions)
        .order_by(*ordering)
        .limit(limit)
        .correlate(parents)
        .lateral("rows")
    )
    placed = [under.c[f"sort_{i}"] for i in range(len(order.keys))]
    return compiled(
        select(parents.c.key.label("parent"), *under.c)
        .select_from(parents.join(under, true()))
        .order_by(*order.by(placed, backward=backward)),
        relation.model,
    )


@cache
def _count(relation: Relation, role: Role, filters: tuple[str, ...]) -> Statement:
    conditions = relation.conditions(role, filters)
    total = func.count().label("total")
    if relation.column is None:
        return compiled(select(total).select_from(relation.model).where(*conditions))
    keys = bindparam("keys", type_=ARRAY(Uuid))
    return compiled(
        select(relation.column.label("parent"), total)
        .select_from(relation.model)
        .where(relation.column == any_(keys), and_(true(), *conditions))
        .group_by(relation.column)
    )


def _fixed(filters: dict[str, Any]) -> tuple[Any, ...]:
    """Filters as part of a key."""
    return tuple(
        (name, tuple(value) if isinstance(value, list) else value)
        for name, value in filters.items()
    )


class Pages:
    """Pages and totals of relations, batched over their parents."""

    def __init__(self, loaders: Loaders) -> None:
        self._loaders = loaders
        self._reader: Reader = loaders.reader

    def rows(
        self,
        relation: Relation,
        order: Order,
        window: Window,
        filters: dict[str, Any],
        *,
        extra: int = 1,
    ) -> DataLoader[UUID, list[Row]]:
        """Up to `window.limit` rows from the window's end; `extra` ones say that there are more."""
        key = ("page", relation, order, window, extra, _fixed(filters))
        known = self._loaders.known(key)
        if known is not None:
            return known
        return self._loaders.loader(key, self._page(relation, order, window, filters, extra))

    def _page(
        self,
        relation: Relation,
        order: Order,
        window: Window,
        filters: dict[str, Any],
        extra: int,
    ) -> Batch:
        values: dict[str, Any] = {"limit": window.limit + extra}
        bounds: list[str] = []
        place: Place | None
        for bound, place in (("after", window.after), ("before", window.before)):
            if place:
                bounds.append(bound)
                values |= {f"{bound}_{i}": value for i, value in enumerate(place.values)}
        statement = _page(
            relation,
            order,
            self._reader.role,
            tuple(filters),
            backward=window.backward,
            bounds=tuple(bounds),
        )
        values |= filters
        values["sorted_at"] = window.sorted_at or self._reader.clock

        async def batch(keys: list[UUID]) -> list[list[Row]]:
            found = await self._reader.rows(statement, keys=keys, **values)
            if relation.column is None:
                return [found] * len(keys)
            groups: defaultdict[UUID, list[Row]] = defaultdict(list)
            for row in found:
                groups[row["parent"]].append(row)
            return [groups[key] for key in keys]

        return batch

    def first(self, relation: Relation, order: Order, size: int) -> DataLoader[UUID, list[Row]]:
        """The first `size` rows of the list, and no more."""
        return self.rows(relation, order, Window(limit=size), {}, extra=0)

    def total(self, relation: Relation, filters: dict[str, Any]) -> DataLoader[UUID, int]:
        """How many rows the list has in all."""
        statement = _count(relation, self._reader.role, tuple(filters))

        async def batch(keys: list[UUID]) -> list[int]:
            found = await self._reader.rows(statement, keys=keys, **filters)
            if relation.column is None:
                return [found[0].total] * len(keys)
            totals = {row["parent"]: row["total"] for row in found}
            return [totals.get(key, 0) for key in keys]

        return self._loaders.loader(("total", relation, _fixed(filters)), batch)
