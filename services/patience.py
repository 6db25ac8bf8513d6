"""Waiting no longer than is said, even for what takes its time to stop."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

GRACE = 1.0  # seconds for what was called off to undo what it began

_left: set[asyncio.Task[Any]] = set()  # called off, and not over: asyncio itself would forget them


async def within(seconds: float, work: Coroutine[Any, Any, T], *, grace: float = GRACE) -> T:
    """What the work comes to; TimeoutError where it takes longer.

    A driver whose server is frozen waits for it to say that it has stopped. That goes on without
    us; what was finished in the meantime is returned, for it was done.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=grace)
    finally:
        if not task.done():
            task.cancel()
            _left.add(task)
            task.add_done_callback(_forget)
    if not task.done() or task.cancelled():
        raise TimeoutError
    return task.result()


def _forget(task: asyncio.Task[Any]) -> None:
    _left.discard(task)
    if not task.cancelled():
        task.exception()  # nobody may be left to hear of it
