"""Connections: from the arguments of a field to a page of rows."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Any

from loaders.keyset import BadPage, Order, Place, Scope, Window
from loaders.pages import EVERYONE, Relation
from loaders.rows import Row
from resolvers.context import Info
from resolvers.inputs import refused


@dataclass(frozen=True)
class Ordering:
    """An order that the arguments choose: `order_by` where `argument` is its enum, or `chosen`."""

    orders: dict[Any, Order]
    argument: type[Enum] | None = None
    default: Any = None
    chosen: Callable[[dict[str, Any]], Any] | None = None

    def of(self, given: dict[str, Any]) -> Order:
        if self.chosen is not None:
            return self.orders[self.chosen(given)]
        return self.orders[given["order_by"]]


@dataclass(frozen=True, slots=True)
class Edge:
    cursor: str
    node: Row


@dataclass(frozen=True, slots=True)
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@dataclass(frozen=True)
class Page:
    """One window of a list; the total is counted, and cursors are made, only for those who ask."""

    nodes: Sequence[Row]
    more: bool
    window: Window
    scoped: Callable[[], Scope]
    sorted_at: datetime
    count: Callable[[], Awaitable[int]]

    @cached_property
    def scope(self) -> Scope:
        return self.scoped()

    def _cursor(self, row: Row) -> str:
        order = self.scope.order
        return self.scope.cursor(
            Place(
                tuple(row[f"sort_{i}"] for i in range(len(order.keys))),
                self.sorted_at if order.clocked else None,
            )
        )

    @property
    def edges(self) -> list[Edge]:
        return [Edge(self._cursor(row), row) for row in self.nodes]

    @property
    def page_info(self) -> PageInfo:
        backward, window = self.window.backward, self.window
        return PageInfo(
            has_next_page=window.before is not None if backward else self.more,
            has_previous_page=self.more if backward else window.after is not None,
            start_cursor=self._cursor(self.nodes[0]) if self.nodes else None,
            end_cursor=self._cursor(self.nodes[-1]) if self.nodes else None,
        )


async def total_count(root: Page) -> int:
    return await root.count()


async def page_of(
    info: Info, relation: Relation, order: Order | Ordering, root: Any, given: dict[str, Any]
) -> Page:
    """The page of a relation under `root` that the arguments ask for."""
    chosen = order.of(given) if isinstance(order, Ordering) else order
    filters = {name: given[name] for name in relation.filters or {} if given.get(name) is not None}
    parent = root.id if relation.column is not None else EVERYONE

    def scoped() -> Scope:
        return Scope.of(relation.name, parent, chosen, filters)

    cursors = given["after"] is not None or given["before"] is not None
    scope = scoped() if cursors else Scope("", chosen)
    try:
        window = scope.window(given["first"], given["after"], given["last"], given["before"])
    except BadPage as error:
        raise refused(str(error)) from None
    pages = info.context.pages
    rows = await pages.rows(relation, chosen, window, filters).load(parent)
    kept = rows[: window.limit]
    return Page(
        nodes=kept[::-1] if window.backward else kept,
        more=len(rows) > window.limit,
        window=window,
        scoped=scoped,
        sorted_at=window.sorted_at or info.context.clock,
        count=lambda: pages.total(relation, filters).load(parent),
    )
