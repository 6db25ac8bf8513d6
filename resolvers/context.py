"""What a resolver may reach: the viewer, the clock, the loaders. Made anew for each operation."""

from dataclasses import dataclass, field
from datetime import datetime

import asyncpg
import strawberry

from loaders.by_column import Loaders
from loaders.pages import Pages
from loaders.rows import Reader
from services.access import Viewer


@dataclass
class Context:
    """`clock` is the instant of the operation: every field of one answer sees the same."""

    viewer: Viewer
    pool: asyncpg.Pool
    clock: datetime
    request_id: str
    reader: Reader = field(init=False)
    loaders: Loaders = field(init=False)
    pages: Pages = field(init=False)

    def __post_init__(self) -> None:
        self.reader = Reader(
            self.pool, viewer=self.viewer.id, role=self.viewer.role, clock=self.clock
        )
        self.loaders = Loaders(self.reader)
        self.pages = Pages(self.loaders)


Info = strawberry.Info[Context, None]
