"""Execution breadth first: each field of a selection for all of its objects at once.

It knows the answers in which nothing goes wrong. Whatever graphql-core would have a word to say
about (an error, a null where none may be, a value of a kind that is not expected) makes it give up,
and graphql-core executes the operation from the beginning: the loaders keep what was read.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from types import CoroutineType
from typing import Any
from weakref import ref

from graphql import ExecutionResult, OperationType
from graphql.execution import Executor

from gateway.completing import Irregular, Made, is_awaitable
from gateway.selections import Resolved, Selection, selected

MOST = 128  # selections that are kept, those used last: one may weigh a megabyte

_selections: OrderedDict[tuple[ref[object], Any], Selection | None] = OrderedDict()


async def executed(operation: object, executor: Executor[Any]) -> ExecutionResult:
    """The result of an operation, as graphql-core would have it.

    `operation` is what the executor was built for: what it selects is kept for the next time.
    """
    data = await answered(operation, executor)
    if data is not None:
        return ExecutionResult(data, None)
    found: Any = executor.execute_operation()
    result: ExecutionResult = await found if is_awaitable(found) else found
    return result


async def answered(operation: object, executor: Executor[Any]) -> dict[str, Any] | None:
    """The data of a query, or of a subscription's event; None where graphql-core must find it."""
    if executor.operation.operation is OperationType.MUTATION:
        return None
    run = Run(executor)
    try:
        selection = _selection(operation, executor)
        return None if selection is None else await run.data(selection)
    except Exception:  # graphql-core meets it again, and knows how to tell it
        return None
    finally:
        run.stop()


def _selection(operation: object, executor: Executor[Any]) -> Selection | None:
    """What is selected, prepared once for each set of Booleans (`@skip` and `@include` take)."""
    booleans = tuple(
        (name, value)
        for name, value in executor.variable_values.coerced.items()
        if isinstance(value, bool)
    )
    key = ref(operation), booleans
    if key in _selections:
        _selections.move_to_end(key)
        return _selections[key]
    try:
        found = selected(executor)
    except Irregular:
        found = None
    _selections[key] = found
    if len(_selections) > MOST:
        _selections.popitem(last=False)
    return found


class Run:
    """One operation under way: what is waited for, and what is done when it has come."""

    def __init__(self, executor: Executor[Any]) -> None:
        self.executor = executor
        self._waiting: set[asyncio.Future[Any]] = set()
        self._unfinished = 0  # fields whose values have not all come
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._resolvers: dict[Resolved, Callable[[Any], Any]] = {}

    async def data(self, selection: Selection) -> dict[str, Any]:
        """The answer's data. Raises what a field raised, and Irregular."""
        made: Made = {}
        selection.fill(self, [self.executor.root_value], [made])
        if self._unfinished:
            await self._over
        return made

    def resolver(self, field: Resolved) -> Callable[[Any], Any]:
        """What resolves the field of one object; its arguments are read once for all of them."""
        found = self._resolvers.get(field)
        if found is None:
            found = self._resolvers[field] = field.bind(self.executor)
        return found

    def later(self, values: list[Any], then: Callable[[list[Any]], None]) -> None:
        """Go on with the values when those that are to be awaited have come."""
        coming = {
            place: self._begun(value) for place, value in enumerate(values) if is_awaitable(value)
        }
        left = len(coming)

        def come(future: asyncio.Future[Any]) -> None:
            nonlocal left
            self._waiting.discard(future)
            failed = None if future.cancelled() else future.exception()
            if self._over.done():
                return
            left -= 1
            if future.cancelled() or failed is not None:
                self._over.set_exception(failed or Irregular("a field was called off"))
            elif not left:
                try:
                    for place, value in coming.items():
                        values[place] = value.result()
                    then(values)
                except Exception as error:
                    self._over.set_exception(error)
                else:
                    self._finish()

        self._unfinished += 1
        self._waiting.update(coming.values())
        for future in coming.values():
            future.add_done_callback(come)

    def _begun(self, value: Any) -> asyncio.Future[Any]:
        if isinstance(value, CoroutineType):  # asyncio finds it out more slowly
            begun: asyncio.Future[Any] = self._loop.create_task(value)
        else:
            begun = asyncio.ensure_future(value)
        return begun

    def drop(self, values: list[Any]) -> None:
        """Call off what was to be awaited."""
        for value in filter(is_awaitable, values):
            self._begun(value).cancel()

    def _finish(self) -> None:
        self._unfinished -= 1
        if not self._unfinished:
            self._over.set_result(None)

    def stop(self) -> None:
        """Call off what is still waited for."""
        self._over.cancel()
        for future in tuple(self._waiting):
            future.cancel()
