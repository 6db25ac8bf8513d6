"""Where the journals end is read again where anything was committed, and only there."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from gateway.versioned.versions import Versions, Wanted
from models.vocabulary import Role
from services.access import Viewer

pytestmark = pytest.mark.anyio


@pytest.fixture
async def db(own_school: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(own_school, server_settings={"search_path": "nexus_app"})
    yield connection
    await connection.close()


@pytest.fixture
async def versions(own_school: str, anyio_backend: str) -> AsyncIterator[Versions]:
    found = Versions(own_school, patience=10.0)
    yield found
    await found.close()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Of whom the versions were read, each time that rows were looked at."""
    asked: list[Any] = []
    plain = asyncpg.Connection.fetchrow

    async def noted(self: Any, sql: str, viewers: Any, *others: Any) -> Any:
        asked.append(viewers)
        return await plain(self, sql, viewers, *others)

    monkeypatch.setattr(asyncpg.Connection, "fetchrow", noted)
    return asked


def mine(coach: Viewer) -> Wanted:
    return Wanted(Role.COACH, coach.id, None)


async def test_where_nothing_was_committed_no_row_is_read_again(
    versions: Versions, coach: Viewer, read: list[Any]
) -> None:
    found = [await versions.of(mine(coach)) for _ in range(20)]
    assert found[0]
    assert found == [found[0]] * 20
    assert len(read) < 20  # of all in the cluster, PostgreSQL's own chores may commit once or twice


async def test_what_is_committed_is_seen_by_who_asks_next(
    versions: Versions, coach: Viewer, db: asyncpg.Connection
) -> None:
    before = await versions.of(mine(coach))
    await db.execute("UPDATE students SET version = version + 1")
    assert await versions.of(mine(coach)) != before


async def test_what_was_begun_before_and_is_committed_later_is_seen_then(
    versions: Versions, coach: Viewer, db: asyncpg.Connection
) -> None:
    transaction = db.transaction()
    await transaction.start()
    await db.execute("DELETE FROM coachings WHERE person_id = $1", coach.id)
    before = await versions.of(mine(coach))
    assert await versions.of(mine(coach)) == before
    await transaction.commit()
    assert await versions.of(mine(coach)) == b""
    assert before != b""


async def test_a_part_of_a_transaction_counts_when_the_whole_is_committed(
    versions: Versions, coach: Viewer, db: asyncpg.Connection
) -> None:
    async with db.transaction():
        async with db.transaction():  # a savepoint
            await db.execute("UPDATE students SET version = version + 1")
        before = await versions.of(mine(coach))
    assert await versions.of(mine(coach)) != before


async def test_another_connection_begins_anew(
    versions: Versions, coach: Viewer, read: list[Any]
) -> None:
    await versions.of(mine(coach))
    assert versions._connection is not None
    versions._connection.terminate()
    await versions.of(mine(coach))
    assert len(read) == 2


async def test_what_is_remembered_is_bounded(
    versions: Versions, coach: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.versioned.versions.ROOM", 10_000)
    for number in range(100):
        await versions.of(Wanted(Role.COACH, f"nobody-{number}", None))
    assert 0 < len(versions._seen) <= 25
