"""Which documents are asked for: counted in the process, added up in Redis, a hash a day.

Of an operation, the id of its document and its name are kept; of one that is not trusted the client
application too, where its mode is `log`. Never a variable, never a viewer, never a text.
"""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.observations import Observation
from gateway.trusted.policy import Mode, Modes

log = logging.getLogger("nexus")

EVERY = 5.0  # seconds
KEPT_DAYS = 90
MOST = 2_000  # different untrusted operations, in a process between two flushes, and a day in Redis
LONGEST_NAME = 100
OTHERS = json.dumps(["and others", None, None])

USED, UNTRUSTED = "nexus:documents:used", "nexus:documents:untrusted"


class Usage:
    """Told of each operation; costs it one addition."""

    def __init__(self, modes: Modes) -> None:
        self._modes = modes
        self._used: Counter[str] = Counter()
        self._untrusted: Counter[str] = Counter()
        self._away = False

    def operation(self, seen: Observation) -> None:
        if seen.document is None:
            return
        if seen.trusted:
            self._used[f"{seen.document}/{seen.name}"] += 1
        elif self._modes.of(seen.client) is Mode.LOG:
            name = seen.name[:LONGEST_NAME] if seen.name else None
            what = json.dumps([name, seen.document, seen.client])
            known = what in self._untrusted or len(self._untrusted) < MOST
            self._untrusted[what if known else OTHERS] += 1

    @asynccontextmanager
    async def kept(self, redis: Redis) -> AsyncIterator[None]:
        """Add up in Redis every few seconds, and at the end."""
        adding = asyncio.create_task(self._keep_adding(redis))
        try:
            yield
        finally:
            adding.cancel()
            await asyncio.gather(adding, return_exceptions=True)
            await self.flush(redis)

    async def _keep_adding(self, redis: Redis) -> None:
        while True:
            await asyncio.sleep(EVERY)
            await self.flush(redis)

    async def flush(self, redis: Redis) -> None:
        """Add what was counted; without Redis it is kept, and added later."""
        used, self._used = self._used, Counter()
        untrusted, self._untrusted = self._untrusted, Counter()
        day = datetime.now(UTC).date()
        try:
            await _add(redis, f"{USED}:{day}", used)
            used = Counter()
            await _add(redis, f"{UNTRUSTED}:{day}", await _bounded(redis, day, untrusted))
            untrusted = Counter()
        except (RedisError, OSError) as error:
            if not self._away:
                log.warning("Redis is away, the use of documents is added up later: %s", error)
            self._away = True
        else:
            self._away = False
        finally:
            self._used.update(used)
            for what, times in untrusted.items():
                known = what in self._untrusted or len(self._untrusted) < MOST
                self._untrusted[what if known else OTHERS] += times


async def _add(redis: Redis, key: str, counted: Mapping[str, int]) -> None:
    if not counted:
        return
    async with redis.pipeline(transaction=True) as pipeline:
        for what, times in counted.items():
            pipeline.hincrby(key, what, times)
        pipeline.expire(key, timedelta(days=KEPT_DAYS))
        await pipeline.execute()


async def _bounded(redis: Redis, day: date, counted: Counter[str]) -> Counter[str]:
    """The same counts, under `OTHERS` where the day's hash is full."""
    if not counted:
        return counted
    key = f"{UNTRUSTED}:{day}"
    room = MOST - int(await redis.hlen(key))
    if room >= len(counted):
        return counted
    bounded: Counter[str] = Counter()
    names = list(counted)
    for what, known in zip(names, await redis.hmget(key, names), strict=True):
        if known is None:
            room -= 1
        bounded[what if known is not None or room >= 0 else OTHERS] += counted[what]
    return bounded


@dataclass(frozen=True, slots=True)
class Untrusted:
    """An operation that `only` would have refused."""

    name: str | None
    document: str | None
    client: str | None
    times: int


@dataclass(slots=True)
class Counted:
    """What was asked for in some days."""

    used: Counter[tuple[str, str]] = field(default_factory=Counter)  # document, operation
    untrusted: list[Untrusted] = field(default_factory=list)


async def counted(redis: Redis, *, days: int) -> Counted:
    """What was asked for in the last days, today included; most often first."""
    today = datetime.now(UTC).date()
    found, untrusted = Counted(), Counter[str]()
    for ago in range(days):
        day = today - timedelta(days=ago)
        for what, times in await _read(redis, f"{USED}:{day}"):
            document, _, name = what.partition("/")
            found.used[document, name] += times
        for what, times in await _read(redis, f"{UNTRUSTED}:{day}"):
            untrusted[what] += times
    for what, times in untrusted.most_common():
        name, sent, client = json.loads(what)
        found.untrusted.append(Untrusted(name, sent, client, times))
    return found


async def _read(redis: Redis, key: str) -> list[tuple[str, int]]:
    return [(str(what), int(times)) for what, times in (await redis.hgetall(key)).items()]
