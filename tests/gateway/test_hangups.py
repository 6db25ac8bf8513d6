"""A client that hangs up: its query ends in PostgreSQL too, its change is finished."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import asyncpg
import httpx2
import pytest
from serving import Served, serving

from gateway.settings import Settings

pytestmark = pytest.mark.anyio

TASKS = "{ viewer { student { tasks { nodes { label } } dashboard { tasks { label } } } } }"
COMPLETE = "mutation ($id: ID!) { completeTask(input: {id: $id}) { task { status } } }"
RUNNING = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'nexus'"
    " AND state = 'active' AND datname = current_database()"
)


@pytest.fixture
def served(gateway_settings: Settings, own_school: str) -> Iterator[Served]:
    told = {"database_url": own_school, "pool_size": 4, "paths": "reference"}
    settings = gateway_settings.model_copy(update=told)
    with serving(settings) as gateway:
        yield gateway


@pytest.fixture
async def owner(own_school: str) -> AsyncIterator[asyncpg.Connection]:
    """Who can make others wait."""
    connection = await asyncpg.connect(own_school)
    yield connection
    await connection.close()


@pytest.fixture
async def watcher(own_school: str) -> AsyncIterator[asyncpg.Connection]:
    """Who sees what runs: outside of any transaction, for inside of one it never changes."""
    connection = await asyncpg.connect(own_school)
    yield connection
    await connection.close()


async def until(holds: Callable[[], Any]) -> None:
    """Wait until something is so; the test fails where it never is."""
    for _ in range(250):
        if await holds():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it never came to be")


async def call_off(asking: asyncio.Task[Any]) -> None:
    asking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asking


async def test_a_query_that_nobody_waits_for_ends_in_postgresql(
    served: Served, owner, watcher, student, token_of
) -> None:
    async def statements() -> int:
        return await watcher.fetchval(RUNNING)

    headers = {"Authorization": f"Bearer {token_of(student)}"}
    async with httpx2.AsyncClient(headers=headers) as client, owner.transaction():
        await owner.execute("LOCK TABLE nexus_app.tasks IN ACCESS EXCLUSIVE MODE")
        asking = asyncio.ensure_future(
            client.post(f"{served.url}/graphql", json={"query": TASKS}, timeout=30)
        )

        async def begun() -> bool:
            return await statements() > 0

        async def ended() -> bool:
            return await statements() == 0

        await until(begun)
        await call_off(asking)
        await until(ended)  # while the table is still locked: nothing else could have ended them
        pool = served.app.state.pool

        async def given_back() -> bool:
            return pool.get_idle_size() == pool.get_size()

        await until(given_back)
        assert await statements() == 0


async def test_after_many_hangups_the_gateway_answers_as_before(
    served: Served, owner, watcher, student, token_of
) -> None:
    headers = {"Authorization": f"Bearer {token_of(student)}"}
    async with httpx2.AsyncClient(headers=headers) as client:
        async with owner.transaction():
            await owner.execute("LOCK TABLE nexus_app.tasks IN ACCESS EXCLUSIVE MODE")
            many = [
                asyncio.ensure_future(
                    client.post(f"{served.url}/graphql", json={"query": TASKS}, timeout=30)
                )
                for _ in range(20)
            ]

            async def all_taken() -> bool:
                return await watcher.fetchval(RUNNING) == 4

            await until(all_taken)
            for asking in many:
                await call_off(asking)
        answer = await client.post(f"{served.url}/graphql", json={"query": TASKS})
    assert list(answer.json()) == ["data"]
    assert 1 <= served.app.state.pool.get_size() <= 4


async def test_a_change_that_has_begun_is_finished(
    served: Served, owner, watcher, student, token_of
) -> None:
    task = await owner.fetchval(
        "SELECT t.id FROM nexus_app.tasks t JOIN nexus_app.students s ON s.id = t.student_id"
        " WHERE s.user_id = $1 AND t.status = 'Todo' LIMIT 1",
        student.id,
    )

    async def status() -> str:
        return await watcher.fetchval("SELECT status FROM nexus_app.tasks WHERE id = $1", task)

    headers = {"Authorization": f"Bearer {token_of(student)}"}
    async with httpx2.AsyncClient(headers=headers) as client:
        async with owner.transaction():
            await owner.execute("SELECT 1 FROM nexus_app.tasks WHERE id = $1 FOR UPDATE", task)
            asking = asyncio.ensure_future(
                client.post(
                    f"{served.url}/graphql",
                    json={"query": COMPLETE, "variables": {"id": str(task)}},
                    timeout=30,
                )
            )

            async def begun() -> bool:
                return await watcher.fetchval(RUNNING) > 0

            await until(begun)
            await call_off(asking)

        async def done() -> bool:
            return await status() == "Done"

        await until(done)
    assert await status() == "Done"


async def test_an_operation_that_takes_too_long_ends_in_postgresql(
    gateway_settings: Settings, own_school: str, owner, watcher, student, token_of
) -> None:
    changed = {"database_url": own_school, "operation_timeout": 0.3}
    with serving(gateway_settings.model_copy(update=changed)) as served:
        headers = {"Authorization": f"Bearer {token_of(student)}"}
        async with httpx2.AsyncClient(headers=headers) as client, owner.transaction():
            await owner.execute("LOCK TABLE nexus_app.tasks IN ACCESS EXCLUSIVE MODE")
            answer = await client.post(f"{served.url}/graphql", json={"query": TASKS}, timeout=30)
            assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["TIMEOUT"]

            async def ended() -> bool:
                return await watcher.fetchval(RUNNING) == 0

            await until(ended)
