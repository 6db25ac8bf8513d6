"""Fixtures: two families that must never meet, in a database that may be changed."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
import two_families
from conftest import Gate, database, gate
from every_mutation import document
from fresh_rows import Rows
from graphql import GraphQLError
from two_families import Families

from gateway.embedded import Servers
from services.access import Viewer


@dataclass(frozen=True)
class Body:
    """All of an answer."""

    done: dict[str, Any]
    errors: list[GraphQLError]

    def refusals(self) -> set[str]:
        """The types of its refusals, those of single operations too."""
        found = [error["__typename"] for error in self.done["errors"]]
        for result in self.done.get("results") or ():
            if result.get("error"):
                found.append(result["error"]["__typename"])
            elif result["outcome"] == "NOT_FOUND":
                found.append("NotFoundError")
        return set(found)


@dataclass(frozen=True)
class Crossing:
    """Two families, and what one of them asks about the other; `db` is bound by no lock."""

    gate: Gate
    db: asyncpg.Connection
    families: Families
    rows: Rows

    async def send(self, viewer: Viewer, place: str, given: dict[str, Any], **more: Any) -> Body:
        """What the place's mutation answers to an input."""
        name = place.partition(".")[0]
        answer = await self.gate.ask(viewer, document(name), input=given, **more)
        assert answer.data is not None
        return Body(answer.data["done"], list(answer.errors or ()))


@pytest.fixture(scope="module")
def crossing_dsn(servers: Servers, migrated: str) -> Iterator[str]:
    with database(servers, migrated) as dsn:
        yield dsn


@pytest.fixture(scope="module")
async def crossing(crossing_dsn: str, anyio_backend: str) -> AsyncIterator[Crossing]:
    """One for all tests of a file: each brings the rows that it changes."""
    db = await asyncpg.connect(crossing_dsn)
    families, rows = await two_families.write(db), Rows(db)
    for family in (families.ours, families.theirs):
        await rows.prepare(family)
    async with gate(crossing_dsn) as opened:
        yield Crossing(opened, db, families, rows)
    await db.close()
