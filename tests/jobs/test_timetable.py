"""Chores are done at set times: by one worker each time, and again whatever became of the last."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from conftest import CLOCK
from working import HASTY, PATIENCE, Office

from jobs.connections import open_queue
from jobs.desk import Desk
from jobs.pace import Shift
from jobs.queue import assemble, serve
from jobs.timetable import Chore
from jobs.turns import Turns
from subscriptions.bell import Bell
from subscriptions.connection import connect

pytestmark = pytest.mark.anyio

EVERY_SECOND = "* * * * * *"
SECRET = "Camille a 8 en maths"


class Count:
    """A chore that is counted, and may never end."""

    def __init__(self, *, ends: bool = True, fails: bool = False) -> None:
        self.times = 0
        self._ends, self._fails = ends, fails
        self._next = asyncio.Event()

    async def __call__(self) -> None:
        self.times += 1
        self._next.set()
        if self._fails:
            raise ValueError(SECRET)
        if not self._ends:
            await asyncio.Event().wait()

    async def reach(self, times: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.times < times:
                self._next.clear()
                await self._next.wait()


@asynccontextmanager
async def keeping(office: Office, *chores: Chore) -> AsyncIterator[None]:
    """What a worker does about a timetable, and nothing else."""
    pool, shift = await open_queue(office.dsn), Shift(0.1)
    desk = Desk(office.sessions, Bell(connect("redis://127.0.0.1:1")), lambda: CLOCK)
    queue = assemble(pool, Turns(desk, pool, {}, shift, HASTY), chores, shift)
    serving = asyncio.create_task(serve(queue, HASTY))
    try:
        yield
    finally:
        shift.stop()
        queue.shutdown.set()
        async with asyncio.timeout(PATIENCE):
            await serving
        await pool.close()


async def test_a_chore_under_way_in_one_worker_is_begun_by_no_other(office: Office) -> None:
    slow, quick = Count(ends=False), Count()
    chores = Chore("slow", EVERY_SECOND, slow), Chore("quick", EVERY_SECOND, quick)
    async with keeping(office, *chores), keeping(office, *chores):
        await slow.reach(1)
        begun = quick.times
        await quick.reach(begun + 3)
        assert slow.times == 1
    assert quick.times >= 3


async def test_a_chore_that_fails_is_done_again_and_stops_no_other(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = Count(fails=True), Count()
    async with keeping(office, Chore("bad", EVERY_SECOND, bad), Chore("good", EVERY_SECOND, good)):
        await bad.reach(2)
        await good.reach(2)
    assert "bad: ValueError" in caplog.text
    assert SECRET not in caplog.text


async def test_a_chore_that_was_cut_off_is_done_by_the_next_worker(office: Office) -> None:
    slow = Count(ends=False)
    for times in (1, 2):
        async with keeping(office, Chore("slow", EVERY_SECOND, slow)):
            await slow.reach(times)
    assert slow.times == 2
