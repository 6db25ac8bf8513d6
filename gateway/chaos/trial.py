"""A trial: a school that works, subscribers that come and go, servers that are killed."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import httpx2

from gateway.bench.gateways import many_files
from gateway.chaos.cluster import Cluster, cluster
from gateway.chaos.school import Journals, School
from gateway.chaos.subscribers import Crowd, Subscriber, crowd
from gateway.chaos.verdict import Fault, judge
from gateway.chaos.writers import Writers

DOWN = 2.0  # seconds that a server is away, at most
AGAIN = 3.0  # seconds between two last words to those who have not heard one
LOOK_EVERY = 0.25
AT_ONCE = 20

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How large, how long, and the seed of all that is left to chance."""

    seconds: float
    pupils: int = 200
    writers: int = 20
    subscribers: int = 400
    gateways: int = 2
    seed: int = 0
    patience: float = 90.0  # seconds for all to have heard everything, once all is up


@dataclass(frozen=True)
class Outcome:
    """What happened; it went well where there are no faults."""

    seed: int
    mistreatments: tuple[str, ...]
    committed: int
    undone: int
    unanswered: int
    connections: int
    delivered: int
    settled_in: float
    faults: tuple[Fault, ...]


def run(plan: Plan, home: Path, say: Say = lambda _: None) -> Outcome:
    """One trial, on servers of its own under `home`."""
    many_files()
    return asyncio.run(_trial(plan, home, say))


async def _trial(plan: Plan, home: Path, say: Say) -> Outcome:
    async with cluster(home, plan.gateways) as servers:
        say(f"loading {plan.pupils} pupils")
        school = await School.make(servers.settings, plan.pupils)
        for gateway in servers.gateways:
            await servers.do(gateway.start)
        before = await school.journals()
        dice = Random(plan.seed)  # noqa: S311  it is to be repeated
        urls = [gateway.url for gateway in servers.gateways]
        subscribers = crowd(school, before, plan.subscribers, Random(dice.random()))  # noqa: S311
        listeners = Crowd(subscribers, urls, Random(dice.random()))  # noqa: S311
        writers = Writers(servers, school, Random(dice.random()))  # noqa: S311
        try:
            async with _running(listeners.follow(one) for one in subscribers):
                async with _running(writers.write() for _ in range(plan.writers)):
                    done = await _mistreat(servers, plan.seconds, Random(dice.random()), say)  # noqa: S311
                say("waiting until everyone has heard everything")
                listeners.staying.set()
                began = time.monotonic()
                await _settle(school, writers, subscribers, plan.patience)
                settled_in = time.monotonic() - began
        finally:
            await writers.close()
        after = await school.journals()
    return Outcome(
        seed=plan.seed,
        mistreatments=tuple(done),
        committed=_count(after) - _count(before),
        undone=len(writers.undone),
        unanswered=writers.failed,
        connections=sum(one.connections for one in subscribers),
        delivered=sum(len(one.heard) for one in subscribers),
        settled_in=settled_in,
        faults=tuple(judge(after, writers.undone, subscribers)),
    )


def _count(journals: Journals) -> int:
    return sum(map(len, journals.values()))


@asynccontextmanager
async def _running(parts: Iterable[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """All of these at once, for ever; called off at the end, and what one raised is raised."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for each in ended:
        if isinstance(each, BaseException) and not isinstance(each, asyncio.CancelledError):
            raise each


async def _mistreat(servers: Cluster, seconds: float, dice: Random, say: Say) -> list[str]:
    """Everything that can happen to a server, in any order, each healed before the next."""
    began = time.monotonic()
    done: list[str] = []
    down = partial(dice.uniform, 0, DOWN)

    def ways() -> dict[str, Callable[[], Awaitable[None]]]:
        number = dice.randrange(len(servers.gateways))
        return {
            "the bell is cut": servers.cut_the_bell,
            "Valkey is killed": lambda: servers.kill_valkey(down()),
            "PostgreSQL is restarted": lambda: servers.restart_postgres(down()),
            "PostgreSQL crashes": lambda: servers.crash_postgres(down()),
            f"gateway {number} is killed": lambda: servers.kill_gateway(number, down()),
            f"gateway {number} is stopped": lambda: servers.stop_gateway(number, down()),
        }

    while not done or time.monotonic() - began < seconds:
        for name, mistreat in dice.sample(list(ways().items()), k=len(ways())):
            await asyncio.sleep(dice.uniform(0.2, 2.0))
            say(name)
            await mistreat()
            done.append(name)
    return done


async def _settle(
    school: School, writers: Writers, subscribers: list[Subscriber], patience: float
) -> None:
    """A last word to every pupil: who has heard it has heard all that came before.

    Who started now, and has not been told where that is, is given another one.
    """
    waiting, due = list(subscribers), 0.0
    deadline = time.monotonic() + patience
    while waiting and time.monotonic() < deadline:
        if time.monotonic() >= due:
            await _say(writers, school.students if not due else _unheard(waiting))
            journals = await school.journals()
            due = time.monotonic() + AGAIN
        await asyncio.sleep(LOOK_EVERY)
        waiting = [one for one in subscribers if not one.has_all(journals)]


def _unheard(waiting: list[Subscriber]) -> list[UUID]:
    found: set[UUID] = set()
    for one in waiting:
        if one.student_id is None or one.last is None:
            found |= one.allowed
    return sorted(found)


async def _say(writers: Writers, students: list[UUID]) -> None:
    left = iter(students)

    async def some() -> None:
        for student_id in left:
            try:
                await writers.say(student_id)
            except (httpx2.HTTPError, ValueError):
                continue  # the next round

    await asyncio.gather(*(some() for _ in range(AT_ONCE)))
