"""What a pupil sees first."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from loaders import dashboard as loaded
from loaders.calendar import first_open, next_epreuves, next_sessions, next_tasks
from loaders.rows import Row
from resolvers.context import Info
from resolvers.inputs import refused
from services import dashboard as reckoned
from services.dashboard import Kpis, Upcoming

MAX_FIRST = 100


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A student's dashboard at an instant."""

    student: Row
    as_of: datetime


def dashboard(root: Row, info: Info) -> Dashboard:
    """The student's situation now."""
    return Dashboard(root, info.context.clock)


async def kpis(root: Dashboard, info: Info) -> Kpis:
    """The key figures."""
    facts = await loaded.facts(info.context.loaders).load(root.student.id)
    return reckoned.kpis(facts, root.as_of)


async def upcoming(root: Dashboard, info: Info, first: int = 7) -> list[Upcoming]:
    """The next things on the calendar, soonest first."""
    size = _size(first)
    pages, id = info.context.pages, root.student.id
    sessions, epreuves, tasks = await asyncio.gather(
        next_sessions(pages, size).load(id),
        next_epreuves(pages, size).load(id),
        next_tasks(pages, size).load(id),
    )
    return reckoned.upcoming(
        sessions=sessions,
        epreuves=epreuves,
        tasks=tasks,
        time_zone=root.student.time_zone,
        first=size,
    )


async def tasks(root: Dashboard, info: Info, first: int = 5) -> list[Row]:
    """Open tasks, highest priority first."""
    return await first_open(info.context.pages, _size(first)).load(root.student.id)


def _size(first: int) -> int:
    if not 0 <= first <= MAX_FIRST:
        raise refused(f"`first` must be between 0 and {MAX_FIRST}")
    return first
