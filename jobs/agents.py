"""Agents that nobody asked for: by night for every pupil, and after what happens by day."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from jobs.desk import Desk, tell
from jobs.pace import Pace
from jobs.registry import Running
from jobs.summary import settled
from models.vocabulary import JobKind, JobStatus
from services import agents, jobs, students
from services.agents import Pass
from services.problems import Refused
from services.wording import Reword

log = logging.getLogger("nexus")

CHUNK = 40  # pupils of one transaction: who changes one of them waits so long
ABREAST = 2
TURN = 1000  # pupils of one job: what a killed worker had done of it is done again, for nothing
NIGHTS = "agents/night/"
MISSED = timedelta(days=1)
"""What happened longer ago is the night's."""


async def ask_for_the_night(desk: Desk) -> None:
    """Ask for every pupil to be planned and coached, unless that is under way."""
    async with desk.change() as work:
        await jobs.enqueue(work, JobKind.RUN_AGENTS, given={"pass": Pass.NIGHT}, key=_night(None))


async def ask_by_day(desk: Desk) -> bool:
    """Ask for agents where somebody's journal wants some; False where a job already under way may
    have looked too early. While the night goes on, it is the one that looks."""
    async with desk.change() as work:
        if await jobs.under_way(work, NIGHTS):
            return False
        since = work.clock - MISSED
        if not await agents.awaiting(work, since=since, limit=CHUNK):
            return True
        job = await jobs.enqueue(
            work, JobKind.RUN_AGENTS, given={"pass": Pass.DAY}, key="agents/day"
        )
        return job.status is JobStatus.QUEUED


async def follow(
    desk: Desk, rung: asyncio.Event, pace: Pace, *, reword: Reword | None = None
) -> None:
    """Ask after every burst of events: any number of workers may, the queue takes one job."""
    while True:
        await settled(rung, pace)
        try:
            if not await ask_by_day(desk):
                rung.set()
        except (DBAPIError, OSError, TimeoutError) as error:
            log.warning("no agents are asked for, for now: %s", type(error).__name__)
            await asyncio.sleep(pace.election)
            rung.set()


async def by_night(running: Running) -> None:
    """So many pupils, in the order of their ids; then a job for those who come after.

    Begun again, it finds those done to whom nothing is left to do.
    """
    after = running.given.get("after")
    last = UUID(after) if after else None
    done = 0
    while done < TURN:
        async with running.desk.change() as work:
            ids = await students.following(work, last, limit=ABREAST * CHUNK)
        async with asyncio.TaskGroup() as chunks:  # one is thought about while one is stored
            for first in range(0, len(ids), CHUNK):
                chunk = ids[first : first + CHUNK]
                chunks.create_task(_run(running.desk, chunk, night=True))
        done += len(ids)
        last = ids[-1] if ids else last
        await running.advance(min(1.0, done / TURN))
        if len(ids) < ABREAST * CHUNK:
            return
    async with running.ending() as work:
        given = {"pass": Pass.NIGHT, "after": str(last)}
        await jobs.enqueue(work, JobKind.RUN_AGENTS, given=given, key=_night(last))


async def by_day(running: Running) -> None:
    """Every pupil whose journal wants agents."""
    last: UUID | None = None
    while True:
        async with running.desk.change() as work:
            since = work.clock - MISSED
            ids = await agents.awaiting(work, since=since, after=last, limit=CHUNK)
        if not ids:
            return
        await _run(running.desk, ids, night=False)
        last = ids[-1]


async def _run(desk: Desk, ids: Sequence[UUID], *, night: bool) -> None:
    """All who are free at once; then, one by one, who was being changed and who failed."""
    try:
        async with desk.change() as work:
            held = await students.hold_free(work, ids)
            await agents.run_for_held(work, held, night=night)
            done = {student.id for student in held}
    except Exception as fault:
        tell("agents for several students", fault)
        done = set()
    for id in ids:
        if id not in done:
            await _run_one(desk, id, night=night)


async def _run_one(desk: Desk, id: UUID, *, night: bool) -> None:
    try:
        async with desk.change() as work:
            await agents.run_for_held(work, [await students.hold(work, id)], night=night)
    except Refused:
        return  # the pupil has left meanwhile
    except Exception as fault:
        if isinstance(fault, DBAPIError) and fault.connection_invalidated:
            raise
        tell(f"agents for student {id}", fault)  # one is no reason to keep the rest


def _night(after: UUID | None) -> str:
    return f"{NIGHTS}{after or 'all'}"
