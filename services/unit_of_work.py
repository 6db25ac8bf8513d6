"""One change, one transaction: who acts, when, on which session, and what was journaled."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Connection, Select, UpdateBase, event, text
from sqlalchemy.engine import ExceptionContext, ExecutionContext
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

TELL = "nexus_told"  # an option of a connection: who hears of its statements
ENDS = "nexus_ends"  # of a connection: what to call when its statement has come to its end
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
    event.listen(engine.sync_engine, "before_cursor_execute", _begun)
    event.listen(engine.sync_engine, "after_cursor_execute", _over)
    event.listen(engine.sync_engine, "handle_error", _failed)
    return engine


@dataclass(frozen=True, slots=True)
class Told:
    """Who hears of the statements of a change: of each that is sent, and, where `began` is given,
    of what it does, and then of its end."""

    counted: Callable[[], None]
    began: Callable[[str], Callable[[], None]] | None = None


def _begun(connection: Connection, _cursor: Any, _sql: str, _values: Any, *given: Any) -> None:
    told: Told | None = connection.get_execution_options().get(TELL)
    if told is None:
        return
    told.counted()
    if told.began is not None:
        connection.info[ENDS] = told.began(_said(given[0]))


def _over(connection: Connection, *_statement: Any) -> None:
    ended = connection.info.pop(ENDS, None)
    if ended is not None:
        ended()


def _failed(failure: ExceptionContext) -> None:
    if failure.connection is not None:
        _over(failure.connection)


def _said(context: ExecutionContext) -> str:
    """What a statement does, to which table: nothing of its values."""
    statement: Any = getattr(context.compiled, "statement", None)
    if statement is ACT_AS:
        return "act as"
    if isinstance(statement, UpdateBase):
        return f"{statement.__visit_name__} {_name(statement.table)}"
    tables = statement.get_final_froms() if isinstance(statement, Select) else ()
    return f"read {_name(tables[0])}" if tables else "statement"


def _name(table: Any) -> str:
    return str(getattr(table, "name", "rows"))


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
    told: Told | None = None,
) -> AsyncIterator[Work]:
    """The transaction: committed at the end, undone by any exception, committed by nobody else.

    `told` hears of each statement that is sent, but BEGIN and COMMIT.
    """
    async with make.begin() as db:
        await db.connection(execution_options={TELL: told})
        given: dict[str, Any] = {"viewer": viewer.id, "role": viewer.role.value}
        await db.execute(ACT_AS, given)
        work = Work(db, viewer, clock)
        yield work
        await db.flush()
