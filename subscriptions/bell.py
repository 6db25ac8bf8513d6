"""The bell: says that a journal has grown, and to which number, never what happened."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from models.event import Event
from models.vocabulary import EventKind

log = logging.getLogger("nexus")

JOURNAL = "nexus:journal:"  # + a student's id; carries the version
JOB = "nexus:job:"  # + a job's id; carries nothing
LINKS = "nexus:links"  # carries the id of a student whom others may see from now on

Hear = Callable[[str, str], None]

# after these, a person may see a student whom nobody on their side follows yet
LINKING = frozenset({EventKind.STUDENT_CREATED, EventKind.PROFILE_UPDATED})


class Bell:
    """Rung after a commit. Who rings never waits, and a lost ring delays and loses nothing."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._pending: dict[tuple[str, str], str] = {}
        self._wanted = asyncio.Event()
        self._away = False
        self.near: Hear | None = None
        """Who listens in this process: hears at once, also while Redis is away."""

    def ring(self, events: Iterable[Event]) -> None:
        """Tell that these were committed. Several of one student are one ring."""
        for event in events:
            self._ring(f"{JOURNAL}{event.student_id}", str(event.seq))
            if event.kind in LINKING:
                self._ring(LINKS, str(event.student_id), key=str(event.student_id))

    def ring_job(self, job_id: UUID) -> None:
        """Tell that a job has moved."""
        self._ring(f"{JOB}{job_id}", "")

    def _ring(self, channel: str, message: str, key: str = "") -> None:
        self._pending[channel, key] = message
        self._wanted.set()
        if self.near is not None:
            self.near(channel, message)

    async def run(self) -> None:
        """Carry rings to the other processes, for as long as this one lives."""
        while True:
            await self._wanted.wait()
            await self.carry()

    async def carry(self) -> None:
        """Carry what was rung and not carried yet: the last act of a process that ends."""
        self._wanted.clear()
        rings, self._pending = self._pending, {}
        if not rings:
            return
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for (channel, _), message in rings.items():
                    pipe.publish(channel, message)
                await pipe.execute()
        except (RedisError, OSError) as error:
            # the others find it in the journal at their next heartbeat
            if not self._away:
                log.warning("Redis is away, the bell is not heard elsewhere: %s", error)
            self._away = True
            return
        except asyncio.CancelledError:
            self._pending = rings | self._pending  # whoever carries last, twice if need be
            raise
        if self._away:
            log.warning("Redis is back, the bell is heard again")
        self._away = False
