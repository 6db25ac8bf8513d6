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
Batch = Callable[[list[Any]], Coroutine[Any, Any, list[Any]]]  # the values of keys, in their order


@cache
def _rows_by(column: Column, order_by: tuple[Any, ...]) -> Statement:
    model: Any = column.class_
    keys = bindparam("keys", type_=ARRAY(column.type))
    return compiled(
        select(*columns_of(model)).where(column == any_(keys)).order_by(*order_by), model
    )


class Loader(DataLoader[Any, Any]):
    """Reads each key once; what is asked for at about the same time is read by one batch.

    Whoever asks waits on a future of its own: one that gives up, because a neighbour failed that
    may not be null, does not call the row off for the others. What could not be read is not tried
    again.
    """

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self._read: dict[Any, Any] = {}
        self._asking: dict[Any, list[asyncio.Future[Any]]] = {}
        self._next: list[Any] = []

    def load(self, key: Any) -> asyncio.Future[Any]:
        """The value of a key, which may not be None."""
        future: asyncio.Future[Any] = self.loop.create_future()
        if key in self._read:
            _settle(future, self._read[key])
        elif key in self._asking:
            self._asking[key].append(future)
        elif key is None:
            raise TypeError("a key is needed")
        else:
            self._asking[key] = [future]
            self._next.append(key)
            if len(self._next) == 1:
                # those who ask in this turn of the loop, or in the next, are in time
                self.loop.call_soon(self.loop.call_soon, self._begin)
        return future

    def _begin(self) -> None:
        keys, self._next = self._next, []
        self._batch = self.loop.create_task(self._reading(keys))

    async def _reading(self, keys: list[Any]) -> None:
        try:
            values = await self.batch_load_fn(keys)
        except Exception as error:
            values = [error] * len(keys)
        for key, value in zip(keys, values, strict=True):
            self._read[key] = value
            for future in self._asking.pop(key):
                _settle(future, value)


def _settle(future: asyncio.Future[Any], value: Any) -> None:
    if future.done():  # nobody waits any more
        return
    if isinstance(value, Exception):
        future.set_exception(value)
    else:
        future.set_result(value)


class Loaders:
    """One per operation, and one per event of a subscription: what it read never grows old."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._by_key: dict[Hashable, DataLoader[Any, Any]] = {}

    def one(self, column: Column) -> DataLoader[Any, Row | None]:
        """The row whose unique column is the key, or None."""

        async def batch(keys: list[Any]) -> list[Row | None]:
            found = {row[column.key]: row for row in await self._rows(column, keys, ())}
            return [found.get(key) for key in keys]

        return self.loader(("one", column), batch)

    def many(self, column: Column, *order_by: Any) -> DataLoader[Any, list[Row]]:
        """The rows whose column is the key, in order. For relations that stay small."""

        async def batch(keys: list[Any]) -> list[list[Row]]:
            groups: defaultdict[Any, list[Row]] = defaultdict(list)
            for row in await self._rows(column, keys, order_by):
                groups[row[column.key]].append(row)
            return [groups[key] for key in keys]

        return self.loader(("many", column, order_by), batch)

    def known(self, key: Hashable) -> DataLoader[Any, Any] | None:
        """The loader known by this key, if it was made."""
        return self._by_key.get(key)

    def loader(self, key: Hashable, batch: Batch) -> DataLoader[Any, Any]:
        """The loader known by this key, made with `batch` on its first use."""
        if key not in self._by_key:
            self._by_key[key] = Loader(batch)
        return self._by_key[key]

    async def _rows(self, column: Column, keys: list[Any], order_by: tuple[Any, ...]) -> list[Row]:
        return await self.reader.rows(
            _rows_by(column, order_by), keys=keys, sorted_at=self.reader.clock
        )
