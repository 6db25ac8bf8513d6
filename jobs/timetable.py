"""What is done at set times, and when."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import asyncpg

from jobs import agents, summary
from jobs.desk import Desk
from jobs.housekeeping import expire_entitlements, forget_answers, forget_queue


@dataclass(frozen=True)
class Chore:
    """Done by one worker each time. `at` is a line of cron, in UTC."""

    name: str
    at: str
    do: Callable[[], Awaitable[object]]


def timetable(queue: asyncpg.Pool, desk: Desk) -> list[Chore]:
    """The chores. Missed ones are not made up for: each sees to all that has become due."""
    clock = desk.clock
    return [
        Chore("refresh summary", "*/5 * * * *", partial(summary.refresh_now, queue, clock)),
        Chore("expire entitlements", "* * * * *", partial(expire_entitlements, desk)),
        Chore("forget answers", "7 * * * *", partial(forget_answers, queue, clock)),
        Chore("agents by night", "40 1 * * *", partial(agents.ask_for_the_night, desk)),
        Chore("agents by day", "*/5 * * * *", partial(agents.ask_by_day, desk)),
        Chore("forget queue", "17 3 * * *", partial(forget_queue, queue, clock)),
    ]
