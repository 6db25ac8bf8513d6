"""Who waits for a job to move: woken by its own ring, and whenever rights may have changed."""

import asyncio
from collections.abc import AsyncGenerator
from itertools import chain
from uuid import UUID

from subscriptions.bell import JOB
from subscriptions.listener import Listener


class JobRings:
    """The jobs that are followed in this process."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._waiting: dict[str, set[asyncio.Event]] = {}

    async def follow(self, job_id: UUID) -> AsyncGenerator[None]:
        """Yields whenever a job should be looked at: at once, and after every ring."""
        channel, rung = f"{JOB}{job_id}", asyncio.Event()
        self._waiting.setdefault(channel, set()).add(rung)
        self._listener.add(channel)
        try:
            while True:
                rung.clear()
                yield
                await rung.wait()
        finally:
            waiting = self._waiting[channel]
            waiting.discard(rung)
            if not waiting:
                del self._waiting[channel]
                self._listener.remove(channel)

    def ring(self, channel: str) -> None:
        """A job has moved."""
        for rung in self._waiting.get(channel, ()):
            rung.set()

    def ring_all(self) -> None:
        """Any of them may have moved, or be seen no more."""
        for rung in chain.from_iterable(self._waiting.values()):
            rung.set()
