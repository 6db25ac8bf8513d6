"""A worker: serves the queue, keeps the timetable, and goes on through whatever happens."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.errors import FailingListenerError

from jobs import agents, summary
from jobs.connections import LOST, STATEMENT_TIMEOUT_MS, NotMigrated, open_queue
from jobs.desk import Clock, Desk
from jobs.handlers import handlers as handlers_of
from jobs.pace import USUAL, Pace, Shift
from jobs.queue import AT_ONCE, assemble, serve
from jobs.registry import Handler
from jobs.timetable import timetable
from jobs.turns import Turns
from models.vocabulary import JobKind
from services.unit_of_work import open_engine, sessions
from services.wording import Reword
from subscriptions.bell import Bell
from subscriptions.connection import connect
from subscriptions.rings import hear

__all__ = ["NotMigrated", "Worker"]

log = logging.getLogger("nexus")

AGAIN = 1.0  # seconds between two attempts to serve the queue
CLOSING = 2.0  # seconds for connections to be given back


class Worker:
    """One of any number. `clock` is read at each transaction; nothing below knows the time."""

    def __init__(
        self,
        *,
        dsn: str,
        sqlalchemy_url: str,
        redis_url: str,
        clock: Clock,
        handlers: Mapping[JobKind, Handler] | None = None,
        pace: Pace = USUAL,
        reword: Reword | None = None,
    ) -> None:
        self._dsn = dsn
        self._sqlalchemy_url = sqlalchemy_url
        self._redis_url = redis_url
        self._clock = clock
        self._reword = reword
        self._handlers = handlers_of(reword) if handlers is None else handlers
        self._pace = pace
        self._shift = Shift(pace.grace)

    def stop(self) -> None:
        """Begin nothing new; finish what is under way, or give it back when the grace is over."""
        self._shift.stop()

    async def run(self) -> None:
        """Until `stop()`. Raises NotMigrated where there is no queue."""
        queue = await open_queue(self._dsn)
        engine = open_engine(
            self._sqlalchemy_url, size=AT_ONCE + 1, statement_timeout_ms=STATEMENT_TIMEOUT_MS
        )
        redis = connect(self._redis_url)
        bell = Bell(redis)
        desk = Desk(sessions(engine), bell, self._clock)
        try:
            await self._run(queue, desk, bell)
        finally:
            desk.closed = True
            await redis.aclose()
            await engine.dispose()
            await _close(queue)

    async def _run(self, pool: asyncpg.Pool, desk: Desk, bell: Bell) -> None:
        changed, grown = asyncio.Event(), asyncio.Event()

        def rang() -> None:
            changed.set()
            grown.set()

        log.info("the worker has begun")
        async with asyncio.TaskGroup() as tasks:
            beside = [
                tasks.create_task(bell.run()),
                tasks.create_task(hear(self._redis_url, rang)),
                tasks.create_task(summary.follow(pool, changed, self._clock, self._pace)),
                tasks.create_task(agents.follow(desk, grown, self._pace, reword=self._reword)),
            ]
            await self._serve(pool, desk)
            for task in beside:
                task.cancel()
        await bell.carry()  # that the last job has ended, or was given back
        log.info("the worker has stopped")

    async def _serve(self, pool: asyncpg.Pool, desk: Desk) -> None:
        """Serve the queue, and again after every loss of it."""
        turns = Turns(desk, pool, self._handlers, self._shift, self._pace)
        while not self._shift.stopping.is_set():
            queue = assemble(pool, turns, timetable(pool, desk, self._reword), self._shift)
            stopper = asyncio.create_task(self._pass_on_the_stop(queue))
            try:
                await serve(queue, self._pace)
            except (*LOST, FailingListenerError) as error:
                log.warning("the queue is out of reach: %s", type(error).__name__)
            finally:
                stopper.cancel()
            with suppress(TimeoutError):
                async with asyncio.timeout(AGAIN):
                    await self._shift.stopping.wait()

    async def _pass_on_the_stop(self, queue: PgQueuer) -> None:
        await self._shift.stopping.wait()
        queue.shutdown.set()


async def _close(pool: asyncpg.Pool) -> None:
    try:
        async with asyncio.timeout(CLOSING):
            await pool.close()
    except TimeoutError:
        pool.terminate()
