"""How patient a worker is, and how long it goes on once it is told to stop."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from jobs.desk import tell

T = TypeVar("T")

LET_GO = 2.0  # seconds for what is cut off to clean up after itself


@dataclass(frozen=True)
class Pace:
    """All in seconds."""

    heartbeat: float = 20.0
    """Without a sign of life for so long, a worker is dead and its jobs are anybody's."""
    poll: float = 5.0
    """Between two looks at the queue where nothing is heard from it."""
    grace: float = 5.0
    """For a job under way when the worker is told to stop; then it is given back."""
    longest_job: float = 1800.0
    first_retry: float = 5.0
    """Before the second attempt; four times longer before each one after it."""
    broken_off: float = 5.0
    """Before a turn that could not be brought to any end is tried again."""
    quiet: float = 2.0
    """Without a ring for so long, a burst of events is over."""
    longest_burst: float = 10.0
    """A burst that goes on is treated as one that ends here, and another."""
    election: float = 5.0
    """Between two attempts to become the worker that listens to bursts."""


USUAL = Pace()


class CutOff(Exception):
    """The shift is over; what was under way has been cancelled."""


class Shift:
    """The time a worker has, from its start until it is told to stop, and the grace after that."""

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._over = asyncio.Event()
        self.stopping = asyncio.Event()
        """Nothing new is begun."""

    def stop(self) -> None:
        if not self.stopping.is_set():
            self.stopping.set()
            asyncio.get_running_loop().call_later(self._grace, self._over.set)

    async def finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Carry out work, to its end or to the end of the shift; raises CutOff at the latter."""
        under_way = asyncio.create_task(work)
        over = asyncio.create_task(self._over.wait())
        try:
            await asyncio.wait({under_way, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()
            if not under_way.done():
                under_way.cancel()
                await asyncio.wait({under_way}, timeout=LET_GO)
        if not under_way.done():
            under_way.add_done_callback(_end)
            raise CutOff
        if under_way.cancelled():
            raise CutOff
        return under_way.result()


def _end(work: asyncio.Task[Any]) -> None:
    """Tell how work ended that was cut off: nobody else waits for what will not be."""
    if not work.cancelled() and (fault := work.exception()):
        tell("work that was cut off", fault)
