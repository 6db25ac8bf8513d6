"""How often an actor may do things: the generic cell rate algorithm.

Changes are counted in Redis, for all processes together. Operations are counted in each process by
itself: asking Redis first would cost every answer a round trip, to guard against what one process
can see alone.
"""

import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.settings import Settings
from schema.mutating import AGENTS, CANCEL, CANCEL_MANY, WRITE

log = logging.getLogger("nexus")

# GCRA, after ITU-T I.371: the key holds the theoretical arrival time of the next request, in ms of
# the server's own clock. A request is taken when that time is no more than a whole burst ahead.
GCRA = """
local now = redis.call('TIME')
now = now[1] * 1000 + now[2] / 1000
local period, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + period
local early = arrival - period * burst - now
if early > 0 then return math.ceil(early) end
redis.call('SET', KEYS[1], arrival, 'PX', math.ceil(arrival - now) + 1)
return 0
"""


class Limiter:
    """Per actor and rate. Without Redis nothing is refused: a pupil is never locked out."""

    def __init__(self, redis: Redis, settings: Settings) -> None:
        self._script = redis.register_script(GCRA)
        self._per_minute = {
            WRITE: settings.rate_writes,
            CANCEL: settings.rate_cancellations,
            CANCEL_MANY: settings.rate_bulk_cancellations,
            AGENTS: settings.rate_agents,
        }
        self._away = False

    async def wait(self, actor: str, rate: str) -> int | None:
        """Seconds until it may be done, or None when it may now; then it is counted."""
        allowed = self._per_minute[rate]
        try:
            wait_ms = await self._script(
                keys=[f"nexus:rate:{rate}:{actor}"], args=[60_000 / allowed, allowed]
            )
        except (RedisError, OSError) as error:
            if not self._away:
                log.warning("Redis is away, rates are not limited: %s", error)
            self._away = True
            return None
        if self._away:
            log.warning("Redis is back, rates are limited again")
        self._away = False
        return math.ceil(int(wait_ms) / 1000) or None


class OperationRate:
    """Per actor, in this process: a minute's operations at once, then what time gives back."""

    ACTORS = 10_000  # remembered; of more, those who asked longest ago start anew

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._period = 60 / per_minute if per_minute else 0.0
        self._clock = clock
        self._arrivals: OrderedDict[str, float] = OrderedDict()

    def wait(self, actor: str) -> int | None:
        """Seconds until the actor may ask again, or None when it may now; then it is counted."""
        if not self._period:
            return None
        now = self._clock()
        arrival = max(self._arrivals.get(actor, now), now) + self._period
        if (early := arrival - 60 - now) > 1e-9:
            return math.ceil(early)
        self._arrivals[actor] = arrival
        self._arrivals.move_to_end(actor)
        if len(self._arrivals) > self.ACTORS:
            self._arrivals.popitem(last=False)
        return None

    def give_back(self, actor: str) -> None:
        """One that was counted was none."""
        if actor in self._arrivals:
            self._arrivals[actor] -= self._period
