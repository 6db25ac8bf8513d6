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
from collections import deque
from datetime import datetime, timedelta
from functools import cache
from hashlib import blake2b

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.compiled.outcome import Plan
from gateway.settings import ROOT
from gateway.versioned.instants import instant, told
from gateway.versioned.store import Kept, Question, tag_of

log = logging.getLogger("nexus")

PATIENCE = 0.25  # seconds: reading the rows again takes no longer
AWAY = 5.0  # seconds in which nobody asks again
LONGEST = timedelta(minutes=10)
MOST = 256  # answers on their way there; of more, some are not shared
ROOM = 32_000_000  # bytes that one process may have there
HEAD = struct.Struct("!24sqq")  # of which question; since and until, in microseconds

MADE_BY = ("models", "services", "loaders", "resolvers", "schema", "gateway/compiled")
SOURCES = {".py", ".yaml"}


class Shared:
    """Answers in Redis, put there by whichever process made them."""

    def __init__(self, redis: Redis, room: int = ROOM) -> None:
        """`redis` must answer with bytes."""
        release()  # before anyone waits for it
        self._redis = redis
        self._room = room
        self._there: deque[tuple[float, int]] = deque()  # until when how many bytes
        self._size = 0
        self._back_at = 0.0
        self._away = False
        self._putting: set[asyncio.Task[None]] = set()

    @property
    def away(self) -> bool:
        """Whether Redis did not answer when it was last asked."""
        return self._away

    async def flush(self) -> None:
        """Wait for what is on its way there, but not for long."""
        if self._putting:
            await asyncio.wait(self._putting, timeout=1)

    async def close(self) -> None:
        await self.flush()
        await self._redis.aclose()

    async def get(self, question: Question, stamps: bytes, plan: Plan) -> Kept | None:
        """The answer that another process has made, if there is one."""
        if time.monotonic() < self._back_at:
            return None
        digest = _digest(question, stamps, plan)
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._redis.get(_key(digest))
        except (RedisError, OSError) as error:
            self._gone(error)
            return None
        self._came()
        if not isinstance(found, bytes) or len(found) <= HEAD.size:
            return None
        whose, since, until = HEAD.unpack_from(found)
        if whose != digest:  # an answer to somebody else is worse than none
            log.error("Redis answered another question than it was asked")
            return None
        body = found[HEAD.size :]
        tag = tag_of(question.scope, body)
        return Kept(stamps, instant(since), instant(until), body, tag, 0)

    def put(self, question: Question, plan: Plan, kept: Kept, clock: datetime) -> None:
        """Let others have an answer; nobody waits for that."""
        left = min(kept.until - clock, LONGEST)
        if left <= timedelta(seconds=1) or len(self._putting) >= MOST:
            return
        if time.monotonic() < self._back_at or not self._fits(HEAD.size + len(kept.body), left):
            return
        digest = _digest(question, kept.stamps, plan)
        putting = asyncio.create_task(self._put(digest, kept, left))
        self._putting.add(putting)
        putting.add_done_callback(self._putting.discard)

    def _fits(self, size: int, left: timedelta) -> bool:
        """Whether there is room for so much more, which is taken for so long."""
        now = time.monotonic()
        while self._there and self._there[0][0] <= now:
            self._size -= self._there.popleft()[1]
        if self._size + size > self._room:
            return False
        # one that is gone sooner than those before it is counted as long as they are
        self._there.append((now + left.total_seconds(), size))
        self._size += size
        return True

    async def _put(self, digest: bytes, kept: Kept, left: timedelta) -> None:
        head = HEAD.pack(digest, told(kept.since), told(kept.until))
        try:
            async with asyncio.timeout(1):
                await self._redis.set(_key(digest), head + kept.body, px=left)
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


def _digest(question: Question, stamps: bytes, plan: Plan) -> bytes:
    """Whose answer it is, to what, of which versions, by which statements and which release."""
    digest = blake2b(question.scope, digest_size=24, key=release())
    digest.update(stamps)
    for each in plan.statements:
        digest.update((each.sql or "").encode())
    return digest.digest()


def key_of(question: Question, stamps: bytes, plan: Plan) -> str:
    """Under which key its answer lies."""
    return _key(_digest(question, stamps, plan))


def _key(digest: bytes) -> str:
    return f"nexus:kept:{digest.hex()}"


@cache
def release() -> bytes:
    """A digest of all that answers are made by beside their statements: the code and its data."""
    digest = blake2b(digest_size=16)
    for folder in MADE_BY:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in SOURCES:
                digest.update(path.read_bytes())
    return digest.digest()
