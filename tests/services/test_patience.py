"""Waiting no longer than is said, whatever the work does when it is called off."""

import asyncio

import pytest

from services.patience import within

pytestmark = pytest.mark.anyio


async def test_what_is_done_in_time_is_returned() -> None:
    async def quick() -> int:
        return 7

    assert await within(5, quick()) == 7


async def test_what_fails_in_time_fails_as_it_did() -> None:
    async def broken() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await within(5, broken())


async def test_what_does_not_stop_when_called_off_is_not_waited_for() -> None:
    thawed = asyncio.Event()

    async def frozen() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await thawed.wait()

    with pytest.raises(TimeoutError):
        await within(0.01, frozen(), grace=0.01)
    thawed.set()


async def test_what_is_finished_although_it_was_called_off_is_returned() -> None:
    async def stubborn() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "committed"
        return "never"

    assert await within(0.01, stubborn()) == "committed"


async def test_the_work_ends_with_who_waits_for_it() -> None:
    ended = asyncio.Event()
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    waiting = asyncio.create_task(within(60, work()))
    await begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.wait_for(ended.wait(), 5)
