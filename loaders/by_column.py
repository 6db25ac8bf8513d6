"""The loaders that serve every relation: `one` row by a unique column, `many` by a foreign key.

`Loaders` lives for one operation. Each batch is one statement, however many parents ask.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Hashable
from functools import cache
from typing import Any

from aiodataloader import DataLoader
from sqlalchemy import ARRAY, any_, bindparam, select
from sqlalchemy.orm import InstrumentedAttribute

from loaders.columns import columns_of
from loaders.rows import Reader, Row, Statement, compiled

Column = InstrumentedAttribute[Any]


@cache
def _rows_by(column: Column, order_by: tuple[Any, ...]) -> Statement:
    model: Any = column.class_
    keys = bindparam("keys", type_=ARRAY(column.type))
    return compiled(
        select(*columns_of(model)).where(column == any_(keys)).order_by(*order_by), model
    )


class Loader(DataLoader[Any, Any]):
    """Several fields may wait for one row: one that gives up does not call it off for the others.

    A field gives up when a neighbour fails that may not be null: its branch is null then.
    """

    def load(self, key: Any) -> asyncio.Future[Any]:
        return asyncio.shield(super().load(key))


class Loaders:
    """One per operation, and one per event of a subscription: what it read never grows old."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._by_key: dict[Hashable, DataLoader[Any, Any]] = {}

    def one(self, column: Column) -> DataLoader[Any, Row | None]:
        """The row whose unique column is the key, or None."""

        async def batch(keys: list[Any]) -> list[Row | None]:
            found = {getattr(row, column.key): row for row in await self._rows(column, keys, ())}
            return [found.get(key) for key in keys]

        return self.loader(("one", column), batch)

    def many(self, column: Column, *order_by: Any) -> DataLoader[Any, list[Row]]:
        """The rows whose column is the key, in order. For relations that stay small."""

        async def batch(keys: list[Any]) -> list[list[Row]]:
            groups: defaultdict[Any, list[Row]] = defaultdict(list)
            for row in await self._rows(column, keys, order_by):
                groups[getattr(row, column.key)].append(row)
            return [groups[key] for key in keys]

        return self.loader(("many", column, order_by), batch)

    def loader(
        self, key: Hashable, batch: Callable[[list[Any]], Coroutine[Any, Any, list[Any]]]
    ) -> DataLoader[Any, Any]:
        """The loader known by this key, made with `batch` on its first use."""
        if key not in self._by_key:
            self._by_key[key] = Loader(batch)
        return self._by_key[key]

    async def _rows(self, column: Column, keys: list[Any], order_by: tuple[Any, ...]) -> list[Row]:
        return await self.reader.rows(
            _rows_by(column, order_by), keys=keys, sorted_at=self.reader.clock
        )
