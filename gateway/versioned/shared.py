"""What the processes keep in common, in Redis: what one has made, the others need not make.

So the tag of an answer that drifts with the clock is the same whichever process is asked.

Nothing depends on it. It is asked for a moment only; while it is away nobody asks, and everything
is answered as if nothing were kept there. What it holds is under a digest of whose answer it is, to
what, of which versions, and by which statements: it never has to be told that anything changed.
"""

import asyncio
import logging
import struct
import time
from datetime import datetime, timedelta
from hashlib import blake2b

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.compiled.outcome import Plan
from gateway.versioned.instants import instant, told
from gateway.versioned.store import Kept, Question, tag_of

log = logging.getLogger("nexus")

PATIENCE = 0.25  # seconds: reading the rows again takes no longer
AWAY = 5.0  # seconds in which nobody asks again
LONGEST = timedelta(minutes=10)
MOST = 256  # answers on their way there; of more, some are not shared
HEAD = struct.Struct("!qq")  # since and until, in microseconds


class Shared:
    """Answers in Redis, put there by whichever process made them."""

    def __init__(self, redis: Redis) -> None:
        """`redis` must answer with bytes."""
        self._redis = redis
        self._back_at = 0.0
        self._away = False
        self._putting: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        if self._putting:
            await asyncio.wait(self._putting, timeout=1)
        await self._redis.aclose()

    async def get(self, question: Question, stamps: bytes, plan: Plan) -> Kept | None:
        """The answer that another process has made, if there is one."""
        if time.monotonic() < self._back_at:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._redis.get(_key(question, stamps, plan))
        except (RedisError, OSError) as error:
            self._gone(error)
            return None
        self._came()
        if not isinstance(found, bytes) or len(found) <= HEAD.size:
            return None
        since, until = HEAD.unpack_from(found)
        body = found[HEAD.size :]
        tag = tag_of(question.scope, body)
        return Kept(stamps, instant(since), instant(until), body, tag, 0)

    def put(self, question: Question, plan: Plan, kept: Kept, clock: datetime) -> None:
        """Let others have an answer; nobody waits for that."""
        left = min(kept.until - clock, LONGEST)
        if left <= timedelta(seconds=1) or len(self._putting) >= MOST:
            return
        if time.monotonic() < self._back_at:
            return
        putting = asyncio.create_task(self._put(_key(question, kept.stamps, plan), kept, left))
        self._putting.add(putting)
        putting.add_done_callback(self._putting.discard)

    async def _put(self, key: str, kept: Kept, left: timedelta) -> None:
        head = HEAD.pack(told(kept.since), told(kept.until))
        try:
            async with asyncio.timeout(1):
                await self._redis.set(key, head + kept.body, px=left)
        except (RedisError, OSError) as error:
            self._gone(error)

    def _gone(self, error: Exception) -> None:
        self._back_at = time.monotonic() + AWAY
        if not self._away:
            log.warning("Redis is away, answers are not shared: %s", type(error).__name__)
        self._away = True

    def _came(self) -> None:
        if self._away:
            log.warning("Redis is back, answers are shared again")
        self._away = False


def _key(question: Question, stamps: bytes, plan: Plan) -> str:
    digest = blake2b(question.scope, digest_size=24)
    digest.update(stamps)
    for each in plan.statements:  # another release of ours may say something else
        digest.update((each.sql or "").encode())
    return f"nexus:kept:{digest.hexdigest()}"
