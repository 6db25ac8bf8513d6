"""Reading a list page by page, as a client does: by its cursors."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import asyncpg
from conftest import CLOCK, reading

from loaders.keyset import Order
from loaders.pages import Relation
from models.vocabulary import Role
from resolvers.pages import Page, page_of
from services.access import Viewer

Between = Callable[[int, Page], Awaitable[None]]

ADMIN = Viewer("admin", Role.ADMIN)
NO_PAGE = dict.fromkeys(("first", "after", "last", "before"))


@dataclass(frozen=True)
class Listing:
    """A list that pages are asked of."""

    pool: asyncpg.Pool
    relation: Relation
    order: Order
    parent: UUID | None = None

    async def page(self, *, clock: datetime = CLOCK, **given: Any) -> Page:
        """One page, by a fresh operation."""
        info: Any = SimpleNamespace(context=reading(ADMIN, self.pool, clock))
        root = SimpleNamespace(id=self.parent)
        return await page_of(info, self.relation, self.order, root, {**NO_PAGE, **given})

    async def walk(
        self,
        sizes: Iterable[int],
        *,
        backward: bool = False,
        between: Between | None = None,
        **filters: Any,
    ) -> list[Page]:
        """Every page from one end to the other; each is asked for an hour after the last."""
        pages: list[Page] = []
        size, place = ("last", "before") if backward else ("first", "after")
        cursor = None
        for number, wanted in zip(count(), sizes, strict=False):
            page = await self.page(
                clock=CLOCK + timedelta(hours=number), **{size: wanted, place: cursor, **filters}
            )
            pages.append(page)
            if between:
                await between(number, page)
            info = page.page_info
            if not (info.has_previous_page if backward else info.has_next_page):
                break
            cursor = info.start_cursor if backward else info.end_cursor
        return pages


def ids(page: Page) -> list[UUID]:
    return [row.id for row in page.nodes]
