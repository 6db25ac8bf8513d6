"""What gateways keep in common: an answer that one has made is another's too; none needs it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import httpx2
import pytest
from over_http import client_of
from redis.asyncio import Redis

from gateway.app import create_app
from gateway.settings import Settings

pytestmark = pytest.mark.anyio

COST = {"X-Nexus-Cost": "1"}


@asynccontextmanager
async def asking(
    settings: Settings, token: str, **changed: object
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a gateway of its own."""
    app = create_app(settings.model_copy(update={"freshness": 60.0, **changed}))
    async with (
        app.router.lifespan_context(app),
        client_of(app, Authorization=f"Bearer {token}") as client,
    ):
        app.state.plans.compiled.at_once = True
        yield client


def question() -> dict[str, str]:
    """One that nobody has asked before, not even in another run."""
    return {
        "query": f"query Q{uuid4().hex} {{ viewer {{ students {{ nodes {{ id version }} }} }} }}"
    }


async def statements(client: httpx2.AsyncClient, body: dict[str, str]) -> int:
    told = (await client.post("/graphql", json=body, headers=COST)).json()
    assert told["extensions"]["cost"]["path"] == "versioned"
    return int(told["extensions"]["cost"]["statements"])


@pytest.fixture
async def redis(gateway_settings: Settings) -> AsyncIterator[Redis]:
    async with Redis.from_url(gateway_settings.redis_url or "") as client:
        yield client


async def shared(redis: Redis) -> int:
    return len(await redis.keys("nexus:kept:*"))


async def test_what_one_gateway_has_made_another_need_not_make(
    gateway_settings: Settings, redis: Redis, coach, token_of
) -> None:
    body, token, before = question(), token_of(coach), await shared(redis)
    async with asking(gateway_settings, token) as one, asking(gateway_settings, token) as other:
        assert await statements(one, body) == 2
        async with eventually_more(redis, before):
            assert await statements(other, body) == 1
        first, second = [await each.post("/graphql", json=body) for each in (one, other)]
        assert first.content == second.content


@asynccontextmanager
async def eventually_more(redis: Redis, before: int) -> AsyncIterator[None]:
    while await shared(redis) == before:
        pass
    yield


async def test_an_answer_of_another_version_is_not_taken(
    gateway_settings: Settings, own_school: str, redis: Redis, coach, token_of
) -> None:
    body, token, before = question(), token_of(coach), await shared(redis)
    owner = await asyncpg.connect(own_school)
    async with (
        asking(gateway_settings, token, database_url=own_school) as one,
        asking(gateway_settings, token, database_url=own_school) as other,
    ):
        await statements(one, body)
        async with eventually_more(redis, before):
            await owner.execute("UPDATE nexus_app.students SET version = version + 1")
        assert await statements(other, body) == 2
    await owner.close()


async def test_without_redis_everything_is_answered_all_the_same(
    gateway_settings: Settings, coach, token_of
) -> None:
    away = {"redis_url": "redis://127.0.0.1:1"}
    async with asking(gateway_settings, token_of(coach), **away) as client:
        body = question()
        assert [await statements(client, body) for _ in range(2)] == [2, 1]
