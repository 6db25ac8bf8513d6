"""Stopping without cutting anything off: every stream is told to come back, elsewhere.

with draining.stream(come_back):  # called once, when the process is about to stop
    ...                           # and at once where it already is
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

PATIENCE = 2.0  # seconds for the streams to end by themselves

ComeBack = Callable[[], None]


class Draining:
    """The open streams of one process."""

    def __init__(self) -> None:
        self.begun = False
        self._open: dict[object, ComeBack] = {}
        self._left = asyncio.Event()

    @contextmanager
    def stream(self, come_back: ComeBack) -> Iterator[None]:
        """Be told when to end; leaving says that it has ended."""
        key = object()
        self._open[key] = come_back
        if self.begun:
            come_back()
        try:
            yield
        finally:
            del self._open[key]
            if not self._open:
                self._left.set()

    async def drain(self, patience: float = PATIENCE) -> None:
        """Tell all to come back, and wait until they have gone. Before uvicorn cuts."""
        self.begun = True
        for come_back in tuple(self._open.values()):
            come_back()
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self._open:
                    self._left.clear()
                    await self._left.wait()
