"""What a resolver may reach: the viewer, the clock, the loaders. Made anew for each operation."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import asyncpg
import strawberry
from graphql import GraphQLError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from loaders.by_column import Loaders
from loaders.pages import Pages
from loaders.rows import Reader
from services.access import Viewer
from subscriptions.bell import Bell
from subscriptions.followers import Followers


class Limiter(Protocol):
    """Counts what an actor does."""

    async def wait(self, actor: str, rate: str) -> int | None:
        """Seconds to wait before doing it again, or None: it is counted and may be done."""


@dataclass
class Context:
    """`clock` is the instant of the operation: every field of one answer sees the same.

    `faults` are errors of ours that null nothing: a mutation's payload is not nullable, and one
    root that fails must not take away the answers of those that were committed.
    `resume` is the last `seq` that a client was sent before its stream was cut; `begins` is where
    in a student's journal the opened subscription begins.
    `patience` is how many seconds a change may take; then it is undone, and said to have failed.
    `began` is told what each statement of a change does, and gives what is to be called at its end.
    """

    viewer: Viewer
    pool: asyncpg.Pool
    sessions: async_sessionmaker[AsyncSession]
    limiter: Limiter
    followers: Followers
    bell: Bell
    clock: datetime
    request_id: str
    idempotency_key: str | None = None
    resume: int | None = None
    begins: int | None = None
    patience: float = 15.0
    began: Callable[[str], Callable[[], None]] | None = None
    roots: Counter[str] = field(default_factory=Counter)
    faults: list[GraphQLError] = field(default_factory=list)
    reader: Reader = field(init=False)
    loaders: Loaders = field(init=False)
    pages: Pages = field(init=False)

    def __post_init__(self) -> None:
        self.reader = Reader(
            self.pool, viewer=self.viewer.id, role=self.viewer.role, clock=self.clock
        )
        self.renew()

    def renew(self) -> None:
        """Forget what was read: after a change, every read starts fresh."""
        self.loaders = Loaders(self.reader)
        self.pages = Pages(self.loaders)


Info = strawberry.Info[Context, None]
