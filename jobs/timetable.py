"""What is done at set times, and when."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import asyncpg

from jobs import agents, summary
from jobs.desk import Desk
from jobs.housekeeping import expire_entitlements, forget_answers, forget_queue
from jobs.wording import ask_for_words
from services.wording import Reword


@dataclass(frozen=True)
class Chore:
    """Done by one worker each time. `at` is a line of cron, in UTC."""

    name: str
    at: str
    do: Callable[[], Awaitable[object]]


def timetable(queue: asyncpg.Pool, desk: Desk, reword: Reword | None = None) -> list[Chore]:
    """The chores. Missed ones are not made up for: each sees to all that has become due."""
    clock = desk.clock
    words = [Chore("words of the agents", "*/5 * * * *", partial(ask_for_words, desk))]
    return [
        *(words if reword else []),
        Chore("refresh summary", "*/5 * * * *", partial(summary.refresh_now, queue, clock)),
        Chore("expire entitlements", "* * * * *", partial(expire_entitlements, desk)),
        Chore("forget answers", "7 * * * *", partial(forget_answers, queue, clock)),
        Chore("agents by night", "40 1 * * *", partial(agents.ask_for_the_night, desk)),
        Chore("agents by day", "*/5 * * * *", partial(agents.ask_by_day, desk)),
        Chore("forget queue", "17 3 * * *", partial(forget_queue, queue, clock)),
    ]
