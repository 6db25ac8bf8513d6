"""Parts over a real socket: the first does not wait; who goes, or takes too long, ends the rest."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx2
import pytest
from conftest import database
from in_parts import TAKES_PARTS, Part, merged, parts_in
from serving import Served, serving

from gateway.deferred import executing
from gateway.deferred.executing import InParts
from gateway.embedded import Servers
from gateway.logs import Seen
from gateway.settings import Settings

pytestmark = pytest.mark.anyio

TASKS = """{ viewer { role student { displayName
  ... @defer(label: "tasks") { tasks { nodes { label } } }
  ... @defer(label: "name") { firstName: displayName } } } }"""
RUNNING = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'nexus'"
    " AND state = 'active' AND datname = current_database()"
)


@pytest.fixture(scope="module")
def dsn(servers: Servers, loaded: str) -> Iterator[str]:
    """A school of this module's own, of which it holds up some."""
    with database(servers, loaded) as made:
        yield made


@pytest.fixture(scope="module")
def settings(gateway_settings: Settings, dsn: str) -> Settings:
    return gateway_settings.model_copy(update={"database_url": dsn, "paths": "reference"})


@pytest.fixture(scope="module")
def served(settings: Settings) -> Iterator[Served]:
    with serving(settings) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def hasty(settings: Settings) -> Iterator[Served]:
    """A gateway that gives no operation much time."""
    with serving(settings.model_copy(update={"operation_timeout": 0.7})) as gateway:
        yield gateway


@pytest.fixture
async def owner(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """Who can make others wait."""
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()


@pytest.fixture
async def watcher(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """Who sees what runs."""
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()


class Line(logging.Handler):
    """The statuses of the operations that are over."""

    def __init__(self) -> None:
        super().__init__()
        self.statuses: list[int] = []

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record, Seen):
            self.statuses.append(record.operation.status)


@pytest.fixture
def line() -> Iterator[Line]:
    logger, handler = logging.getLogger("nexus.operations"), Line()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel("INFO")
    yield handler
    logger.setLevel(before)
    logger.removeHandler(handler)


async def until(holds: Callable[[], Awaitable[Any]]) -> None:
    """Wait until something is so; the test fails where it never is."""
    for _ in range(250):  # less than any statement may take by itself
        if await holds():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it never came to be")


@asynccontextmanager
async def asking(served: Served, token: str, query: str = TASKS) -> AsyncIterator[Any]:
    """An answer as it comes."""
    headers = {"Authorization": f"Bearer {token}", "Accept": TAKES_PARTS}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as client,
        client.stream("POST", f"{served.url}/graphql", json={"query": query}) as answer,
    ):
        yield answer


async def test_the_first_part_comes_while_the_rest_is_waited_for(
    served: Served, owner: asyncpg.Connection, student: Any, token_of: Any
) -> None:
    async with asking_under_lock(served, owner, token_of(student)) as (first, rest):
        assert first["data"]["viewer"]["student"].keys() == {"displayName"}
        soon = await anext(rest)
        assert [each["data"].keys() for each in soon["incremental"]] == [{"firstName"}]
        await owner.execute("ROLLBACK")
        found = merged([first, soon, *[part async for part in rest]])
    assert found.data["viewer"]["student"]["tasks"]["nodes"]


@asynccontextmanager
async def asking_under_lock(
    served: Served, owner: asyncpg.Connection, token: str
) -> AsyncIterator[tuple[Part, AsyncIterator[Part]]]:
    """The first part of an answer whose tasks cannot be read yet, and the others as they come."""
    await owner.execute("BEGIN")
    await owner.execute("LOCK TABLE nexus_app.tasks IN ACCESS EXCLUSIVE MODE")
    async with asking(served, token) as answer:
        parts = parts_in(answer.aiter_raw())
        yield await anext(parts), parts


async def test_a_client_that_goes_between_parts_ends_its_query_in_postgresql(
    served: Served,
    owner: asyncpg.Connection,
    watcher: asyncpg.Connection,
    student: Any,
    token_of: Any,
    line: Line,
) -> None:
    async def waits() -> bool:
        return await watcher.fetchval(RUNNING) == 1

    async def ended() -> bool:
        return await watcher.fetchval(RUNNING) == 0

    async def observed() -> bool:
        return line.statuses == [499]

    async def given_back() -> bool:
        pool = served.app.state.pool
        return pool.get_idle_size() == pool.get_size()

    async with asking_under_lock(served, owner, token_of(student)):
        await until(waits)
    await until(ended)  # while the table is still locked: nothing else could have ended it
    await until(observed)
    await until(given_back)


async def test_the_time_of_an_operation_is_that_of_all_its_parts(
    hasty: Served,
    owner: asyncpg.Connection,
    watcher: asyncpg.Connection,
    student: Any,
    token_of: Any,
) -> None:
    async def ended() -> bool:
        return await watcher.fetchval(RUNNING) == 0

    async with asking_under_lock(hasty, owner, token_of(student)) as (first, rest):
        found = merged([first, *[part async for part in rest]])
        await until(ended)
    assert found.failed == [["viewer", "student"]]
    assert [error["extensions"]["code"] for error in found.errors] == ["TIMEOUT"]
    assert found.data["viewer"]["student"].keys() == {"displayName", "firstName"}


async def test_a_first_part_that_takes_too_long_is_an_answer_like_any_other(
    hasty: Served, owner: asyncpg.Connection, student: Any, token_of: Any
) -> None:
    await owner.execute("BEGIN")
    await owner.execute("LOCK TABLE nexus_app.tasks IN ACCESS EXCLUSIVE MODE")
    query = "{ viewer { student { tasks { totalCount } ... @defer { id } } } }"
    async with asking(hasty, token_of(student), query) as answer:
        await answer.aread()
    assert answer.headers["content-type"].startswith("application/json")
    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["TIMEOUT"]


async def test_a_fault_between_parts_ends_the_answer_with_a_masked_error(
    served: Served, student: Any, token_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(_: InParts) -> AsyncIterator[Part]:
        raise RuntimeError("secret host")
        yield {}

    monkeypatch.setattr(executing.InParts, "rest", breaks)
    async with asking(served, token_of(student)) as answer:
        parts = [part async for part in parts_in(answer.aiter_raw())]
    assert [part["hasNext"] for part in parts] == [True, False]
    assert [each["id"] for each in parts[1]["completed"]] == ["0", "1"]
    assert {each["errors"][0]["message"] for each in parts[1]["completed"]} == {"the server failed"}


async def test_a_fault_before_any_part_is_an_answer_like_any_other(
    served: Served, student: Any, token_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(_: InParts) -> Part:
        raise RuntimeError("secret host")

    monkeypatch.setattr(executing.InParts, "first", breaks)
    async with asking(served, token_of(student)) as answer:
        await answer.aread()
    assert answer.status_code == 500
    assert answer.json()["errors"][0]["message"] == "the server failed"
