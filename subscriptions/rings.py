"""Hearing that some journal rang, whichever it was: for work that follows a burst of events."""

import asyncio
import logging
from collections.abc import Callable

from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as Lost
from redis.exceptions import RedisError

from subscriptions.bell import JOURNAL
from subscriptions.connection import connect

log = logging.getLogger("nexus")

SILENCE = 5.0  # seconds without a ring after which someone is asked for; as many more are granted
SOONEST, LATEST = 0.1, 2.0  # seconds between two attempts to connect


async def hear(url: str, rang: Callable[[], None]) -> None:
    """Call `rang` at every ring, for as long as the process lives, whatever happens to Redis.

    Also each time that Redis is reached: what rang before may have been missed.
    """
    redis = connect(url)
    pause, away = SOONEST, False

    def reached() -> None:
        nonlocal pause, away
        if away:
            log.warning("Redis is back, bursts are heard again")
        pause, away = SOONEST, False

    try:
        while True:
            try:
                async with redis.pubsub() as ear:
                    await ear.psubscribe(f"{JOURNAL}*")
                    await _listen(ear, rang, reached)
            except (RedisError, OSError) as error:
                if not away:
                    log.warning("bursts are not heard: %s", type(error).__name__)
                away = True
            await asyncio.sleep(pause)
            pause = min(pause * 2, LATEST)
    finally:
        await redis.aclose()


async def _listen(ear: PubSub, rang: Callable[[], None], reached: Callable[[], None]) -> None:
    """Until the connection is lost, or so silent that it must be."""
    asked = False
    while True:
        message = await ear.get_message(timeout=SILENCE)
        if message is None:
            if asked:
                raise Lost("not even a pong")
            await ear.ping()
        asked = message is None
        if message is not None and message["type"] in ("psubscribe", "pmessage"):
            reached()
            rang()
