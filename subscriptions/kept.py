"""Parts of a process that must not end: a fault in one is told, and it begins again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger("nexus")

PAUSE = 2.0  # seconds


async def kept(part: Callable[[], Awaitable[None]]) -> None:
    """Run a part for as long as the process lives."""
    while True:
        try:
            await part()
        except Exception:
            log.exception("a part of what follows journals has failed, and begins again")
        await asyncio.sleep(PAUSE)
