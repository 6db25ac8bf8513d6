"""The cohort's summary, refreshed at set times and soon after what changes it."""

import asyncio
import logging
import time

import asyncpg

from jobs.connections import LOST
from jobs.desk import Clock
from jobs.pace import Pace

log = logging.getLogger("nexus")

LEADER = 0x6E6578757301  # "nexus" in ASCII, 1: the advisory lock of the worker that hears bursts
PATIENCE = 120.0  # seconds for one refresh; it holds nobody up
BUT_FOR_REFRESH = f"SET LOCAL statement_timeout = '{PATIENCE:.0f}s'"


async def refresh(connection: asyncpg.Connection, clock: Clock) -> None:
    """Compute every pupil's line anew; who reads meanwhile sees the old ones."""
    began = time.monotonic()
    async with connection.transaction():
        await connection.execute(BUT_FOR_REFRESH)
        await connection.execute(
            "SELECT nexus_app.refresh_dashboard_summary($1)", clock(), timeout=PATIENCE
        )
    log.info("the summary was refreshed in %.3f s", time.monotonic() - began)


async def refresh_now(pool: asyncpg.Pool, clock: Clock) -> None:
    """Refresh on a connection of its own."""
    async with pool.acquire() as connection:
        await refresh(connection, clock)


async def settled(rung: asyncio.Event, pace: Pace) -> None:
    """Wait for a ring, and then for the end of the burst that it begins."""
    await rung.wait()
    loop = asyncio.get_running_loop()
    latest = loop.time() + pace.longest_burst
    while True:
        rung.clear()
        until = min(loop.time() + pace.quiet, latest)
        try:
            async with asyncio.timeout_at(until):
                await rung.wait()
        except TimeoutError:
            return


async def follow(pool: asyncpg.Pool, rung: asyncio.Event, clock: Clock, pace: Pace) -> None:
    """Refresh after bursts, in one worker of all: the one whose connection holds the lock."""
    while True:
        try:
            async with pool.acquire(timeout=pace.election) as connection:
                if await connection.fetchval("SELECT pg_try_advisory_lock($1)", LEADER):
                    await _lead(connection, rung, clock, pace)
        except LOST as error:
            log.warning("no refresh after bursts for now: %s", type(error).__name__)
        await asyncio.sleep(pace.election)


async def _lead(
    connection: asyncpg.Connection, rung: asyncio.Event, clock: Clock, pace: Pace
) -> None:
    while True:
        await settled(rung, pace)
        try:
            await refresh(connection, clock)
        except BaseException:
            rung.set()  # the burst is still to be seen to
            raise
