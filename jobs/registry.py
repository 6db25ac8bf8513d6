"""What the handler of a job is given, and what it may do."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from jobs.desk import Desk
from models.job import JobMove
from models.vocabulary import JobKind
from services import jobs
from services.unit_of_work import Work


class Overtaken(Exception):
    """The job has ended already, or waits for another turn: nothing is left to do here."""


@dataclass(frozen=True)
class Running:
    """A job under way.

    It may have been begun before, by a worker that was killed or stopped: what a handler writes
    before its end, it must bear to write twice. What it writes in `ending()` is written once.
    """

    id: UUID
    kind: JobKind
    student_id: UUID | None
    requested_by: str | None
    given: Mapping[str, Any]
    desk: Desk

    async def advance(self, progress: float, *, message: str | None = None) -> None:
        """Tell who waits how far it has come, 0..1, and perhaps with what, in French."""
        async with self.desk.change() as work:
            await jobs.advance(work, self.id, progress, message=message)

    @asynccontextmanager
    async def ending(self, *, message: str | None = None) -> AsyncIterator[Work]:
        """The last transaction: what it writes and the job's success are one. Raises Overtaken."""
        async with self.desk.change() as work:
            if await jobs.move(work, self.id, JobMove.SUCCEED, message=message) is None:
                raise Overtaken
            yield work


Handler = Callable[[Running], Awaitable[None]]
"""Ends well by returning, with or without `ending()`. Whatever it raises is tried again, save
`Refused`, whose message the user is shown. It never blocks: arithmetic goes to a thread."""
