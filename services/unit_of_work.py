"""One change, one transaction: who acts, when, on which session, and what was journaled."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from models.event import Event
from services.access import Viewer
from services.problems import ConflictError, NotFoundError, Refused

TELL = "nexus_told"  # an option of a connection: who counts its statements
ACT_AS = text(
    "SELECT set_config('nexus.viewer', :viewer, true), set_config('nexus.role', :role, true)"
)


def open_engine(url: str, *, size: int, statement_timeout_ms: int) -> AsyncEngine:
    """Connections for changes, as the API's role, which row-level security binds."""
    engine = create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=5,
        hide_parameters=True,  # what is logged of a fault repeats no pupil's words
        connect_args={
            "server_settings": {
                "application_name": "nexus",
                "jit": "off",
                "role": "nexus_api",
                "search_path": "nexus_app, public",
                "statement_timeout": str(statement_timeout_ms),
                "lock_timeout": str(statement_timeout_ms // 2),
                "idle_in_transaction_session_timeout": str(statement_timeout_ms * 3),
                "timezone": "UTC",
            }
        },
    )
    event.listen(engine.sync_engine, "before_cursor_execute", _counted)
    return engine


def _counted(connection: Connection, *_statement: Any) -> None:
    told: Callable[[], None] | None = connection.get_execution_options().get(TELL)
    if told is not None:
        told()


def sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    return async_sessionmaker(engine, expire_on_commit=False, autoflush=False)


@dataclass
class Work:
    """What every use case is given. `clock` is the instant at which all of it happens."""

    db: AsyncSession
    viewer: Viewer
    clock: datetime
    events: list[Event] = field(default_factory=list)
    jobs: list[UUID] = field(default_factory=list)
    """Jobs that were asked for or have moved: whoever commits rings for them, as for events."""

    @property
    def students(self) -> set[UUID]:
        """Whose journals have grown."""
        return {event.student_id for event in self.events}

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """A part that can fail alone: what it did is undone, what it journaled forgotten."""
        journaled, moved = len(self.events), len(self.jobs)
        try:
            async with self.db.begin_nested():
                yield
                await self.db.flush()
        except BaseException as error:
            del self.events[journaled:], self.jobs[moved:]
            if isinstance(error, DBAPIError) and (refused := collision(error)):
                raise refused from error
            raise


def collision(error: DBAPIError) -> Refused | None:
    """What a client is told where two changes met in a constraint or in a ring of locks."""
    match getattr(error.orig, "__cause__", None):
        case asyncpg.ExclusionViolationError() | asyncpg.UniqueViolationError():
            return Refused(ConflictError("déjà pris"))
        case asyncpg.ForeignKeyViolationError():
            return Refused(NotFoundError("ce qui était désigné vient de disparaître"))
        case asyncpg.DeadlockDetectedError():
            return Refused(ConflictError("une autre modification était en cours, réessayez"))
    return None


@asynccontextmanager
async def unit_of_work(
    make: async_sessionmaker[AsyncSession],
    viewer: Viewer,
    clock: datetime,
    *,
    told: Callable[[], None] | None = None,
) -> AsyncIterator[Work]:
    """The transaction: committed at the end, undone by any exception, committed by nobody else.

    `told` is called for each statement that is sent, but BEGIN and COMMIT.
    """
    async with make.begin() as db:
        await db.connection(execution_options={TELL: told})
        given: dict[str, Any] = {"viewer": viewer.id, "role": viewer.role.value}
        await db.execute(ACT_AS, given)
        work = Work(db, viewer, clock)
        yield work
        await db.flush()
