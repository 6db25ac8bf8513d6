"""Futures that are waited for together: each ends in its time, and none is waited for longer."""

import asyncio

import pytest
from following import eventually

from gateway.versioned.patience import Late, Patience

pytestmark = pytest.mark.anyio


def future() -> asyncio.Future[int]:
    return asyncio.get_running_loop().create_future()


async def test_what_never_comes_is_late_and_what_came_is_told() -> None:
    patience = Patience(0.05)
    came, never = patience.bounded(future()), patience.bounded(future())
    came.set_result(1)
    with pytest.raises(Late):
        await asyncio.wait_for(never, 10)
    assert await came == 1


async def test_who_asks_later_is_waited_for_as_long() -> None:
    patience = Patience(0.2)
    first = patience.bounded(future())
    await asyncio.sleep(0.15)
    second = patience.bounded(future())
    with pytest.raises(Late):
        await first
    assert not second.done()
    with pytest.raises(Late):
        await asyncio.wait_for(second, 10)


async def test_nothing_is_held_of_those_who_do_not_wait_any_more() -> None:
    patience = Patience(0.05)
    for _ in range(100):
        patience.bounded(future()).cancel()
    await eventually(lambda: patience._looking is None)
    assert not patience._waiting
