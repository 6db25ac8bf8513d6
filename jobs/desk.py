"""Where changes are made that nobody asks for at this moment, and how faults are told."""

import logging
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from services.actors import NEXUS
from services.unit_of_work import Work, unit_of_work
from subscriptions.bell import Bell

log = logging.getLogger("nexus")

Clock = Callable[[], datetime]


class Closed(Exception):
    """The worker has ended: what outlives it changes nothing more."""


@dataclass
class Desk:
    """One transaction for each change, as Nexus; the bell is rung once it is committed."""

    sessions: async_sessionmaker[AsyncSession]
    bell: Bell
    clock: Clock
    closed: bool = False

    @asynccontextmanager
    async def change(self) -> AsyncIterator[Work]:
        """Raises Closed once the worker has ended: its engine would open connections anew."""
        if self.closed:
            raise Closed
        async with unit_of_work(self.sessions, NEXUS, self.clock()) as work:
            yield work
        self.bell.ring(work.events)
        for id in work.jobs:
            self.bell.ring_job(id)


def tell(what: str, fault: BaseException) -> None:
    """Log a fault: its kind and where it was raised, not its text, which may repeat a row."""
    where = "".join(traceback.format_tb(fault.__traceback__))
    log.error("%s: %s\n%s", what, type(fault).__name__, where.rstrip())
