"""What a statement leaves for Python: marked places in its answer, and how they are filled."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from functools import cached_property
from typing import Any, Protocol
from uuid import UUID

import orjson
from graphql import GraphQLObjectType
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import Path

from gateway.compiled.runs import FallsBack, Pages, Run
from gateway.compiled.sql import GIVE_UP, MARK
from loaders.keyset import Place, sort_value

PLACE = re.compile(rb"\x01([a-z0-9]+):([^\x02]*)\x02")
_MARK, _GIVE_UP = MARK.encode(), GIVE_UP.encode()
KEPT = 4096  # results of pure functions, of one place in a document


class Hole(Protocol):
    """A place in the answer; its bytes may take time."""

    def fill(self, run: Run, payload: bytes) -> bytes | Awaitable[bytes]: ...


async def filled(body: bytes, holes: list[Hole], run: Run) -> bytes:
    """The answer with every marked place filled in; `FallsBack` where that would be an error."""
    if _MARK not in body:
        return body
    if _GIVE_UP in body:
        raise FallsBack("a value is missing")
    parts: list[Any] = PLACE.split(body)
    waiting: dict[int, Awaitable[bytes]] = {}
    try:
        for i in range(1, len(parts), 3):
            found = _found(parts[i], parts[i + 1], holes, run)
            parts[i] = b""
            if isinstance(found, bytes):
                parts[i + 1] = found
            else:
                waiting[i + 1] = found
    except BaseException:
        # what was begun is not left in the middle
        await asyncio.gather(*waiting.values(), return_exceptions=True)
        raise
    if waiting:
        for place, told in zip(waiting, await asyncio.gather(*waiting.values()), strict=True):
            parts[place] = told
    return b"".join(parts)


def _found(which: bytes, payload: bytes, holes: list[Hole], run: Run) -> bytes | Awaitable[bytes]:
    """What belongs in one place."""
    if which == b"u":
        run.stands_until(payload)
        return b""
    if which == b"f":
        return written(float(payload))
    if which == b"j":
        return written(orjson.loads(payload))
    return holes[int(which)].fill(run, payload)


def written(value: Any) -> bytes:
    """As the reference path writes it; `FallsBack` for a float that JSON has no word for."""
    if isinstance(value, float) and not abs(value) < float("inf"):
        raise FallsBack("not a number")
    return orjson.dumps(value)


def read(value: Any, kind: Any) -> Any:
    """A column out of JSON, as the reader of rows would give it."""
    if value is None or kind is None:
        return value
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is date:
        return date.fromisoformat(value)
    if kind is UUID or (isinstance(kind, type) and issubclass(kind, Enum)):
        return kind(value)
    return float(value) if kind is float else value


@dataclass(eq=False)
class Cursor:
    """A cursor of a page: the payload is the parent's id and the sort key."""

    pages: Pages

    @cached_property
    def _kinds(self) -> tuple[type, ...]:
        return tuple(key.expression.type.python_type for key in self.pages.order.keys)

    def fill(self, run: Run, payload: bytes) -> bytes:
        parent, *values = orjson.loads(payload)
        window = run.window(self.pages)
        place = Place(
            tuple(sort_value(value, kind) for value, kind in zip(values, self._kinds, strict=True)),
            (window.sorted_at or run.context.clock) if self.pages.order.clocked else None,
        )
        scope = self.pages.scope(run.given(self.pages.arguments), parent)
        return b'"' + scope.cursor(place).encode() + b'"'


@dataclass(eq=False)
class Owner:
    """Nothing to show: whether the given cursors are of the list under this parent."""

    pages: Pages

    def fill(self, run: Run, payload: bytes) -> bytes:
        if not self.pages.owns(run.given(self.pages.arguments), orjson.loads(payload)):
            raise FallsBack("a cursor of another list")
        return b""


@dataclass(eq=False)
class Subtree:
    """A field that the reference path completes, out of a value that is found first."""

    parent: GraphQLObjectType
    details: FieldDetailsList

    def _path(self) -> Path:
        return Path(None, self.details[0].node.name.value, self.parent.name)

    async def _told(self, run: Run, found: Any) -> bytes:
        return self._written(run, await found if isinstance(found, Awaitable) else found)

    @staticmethod
    def _written(run: Run, found: Any) -> bytes:
        if run.executor.collected_errors.errors:
            raise FallsBack("a field has an error")
        return orjson.dumps(found)


@dataclass(eq=False)
class Pure(Subtree):
    """A pure function of columns, whose results are kept: the payload is the columns."""

    function: Callable[..., Any]
    kinds: tuple[Any, ...]
    keeps: bool
    each: bool = False  # of a list: the field's items, not the field
    kept: dict[bytes, bytes] = field(default_factory=dict)

    def fill(self, run: Run, payload: bytes) -> bytes | Awaitable[bytes]:
        if payload in self.kept:
            return self.kept[payload]
        try:
            values = orjson.loads(payload)
            value = self.function(*map(read, values, self.kinds))
            completed = self._complete(run, value)
        except Exception as error:
            raise FallsBack(str(error)) from error
        if isinstance(completed, Awaitable):
            return self._told(run, completed)
        told = self._written(run, completed)
        if self.keeps:
            if len(self.kept) >= KEPT:
                self.kept.clear()
            self.kept[payload] = told
        return told

    def _complete(self, run: Run, value: Any) -> Any:
        executor, path = run.executor, self._path()
        definition = self.parent.fields[self.details[0].node.name.value]
        nodes = [each.node for each in self.details]
        info = executor.build_resolve_info(definition, nodes, self.parent, path)
        if not self.each:
            return executor.complete_value(definition.type, self.details, info, path, value, None)
        listed: Any = definition.type
        listed = getattr(listed, "of_type", listed)  # the list, without its `!`
        return executor.complete_value(listed.of_type, self.details, info, path, value, None)


@dataclass(eq=False)
class Reloaded(Subtree):
    """A field that a resolver computes: the payload is the id of its row, which is read again."""

    column: Any

    def fill(self, run: Run, payload: bytes) -> Awaitable[bytes]:
        return self._resolved(run, UUID(payload.decode()))

    async def _resolved(self, run: Run, id: UUID) -> bytes:
        row = await run.context.loaders.one(self.column).load(id)
        if row is None:
            raise FallsBack("the row has gone")
        return await _attempt(self, run, row)


@dataclass(eq=False)
class Root(Subtree):
    """A root field that the reference path runs whole."""

    def fill(self, run: Run, payload: bytes) -> Awaitable[bytes]:
        return _attempt(self, run, None)


async def _attempt(hole: Subtree, run: Run, source: Any) -> bytes:
    """The field resolved and completed; an error anywhere in it makes the whole fall back."""
    try:
        found = run.executor.execute_field(hole.parent, source, hole.details, hole._path(), None)
        return await hole._told(run, found)
    except FallsBack:
        raise
    except Exception as error:
        raise FallsBack(str(error)) from error
