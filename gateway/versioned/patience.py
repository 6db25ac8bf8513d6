"""How long one waits for what others find out: many at once, without a timer for each of them."""

import asyncio
from collections import deque
from typing import TypeVar

T = TypeVar("T")

OFTEN = 10  # times in the time that one may wait: so much later than said it may end
LONGEST = 1.0  # seconds between two looks


class Late(TimeoutError):
    """What was waited for did not come in time."""


class Patience:
    """Futures that end with `Late` after so many seconds: a timer costs more than most of them."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: deque[tuple[float, asyncio.Future[object]]] = (
            deque()
        )  # the first to end first
        self._looking: asyncio.TimerHandle | None = None

    def bounded(self, future: asyncio.Future[T]) -> asyncio.Future[T]:
        """The same future, which is not waited for any longer than that."""
        loop = future.get_loop()
        self._waiting.append((loop.time() + self._seconds, future))  # type: ignore[arg-type]
        if self._looking is None:
            self._look_soon(loop)
        return future

    def _look_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        self._looking = loop.call_later(min(self._seconds / OFTEN, LONGEST), self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now, waiting = loop.time(), self._waiting
        while waiting and (waiting[0][1].done() or waiting[0][0] <= now):
            _, future = waiting.popleft()
            if not future.done():
                future.set_exception(Late())
        self._looking = None
        if waiting:
            self._look_soon(loop)
