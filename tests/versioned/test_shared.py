"""What gateways keep in common: an answer that one has made is another's too; none needs it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest.mock import ANY
from uuid import uuid4

import asyncpg
import httpx2
import pytest
from keeping import bearing, keeping, path_of
from redis.asyncio import Redis

from gateway.compiled.outcome import Plan
from gateway.settings import Settings
from gateway.versioned.shared import Shared, key_of
from gateway.versioned.store import Kept, Question
from subscriptions.connection import connect

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def asking(
    settings: Settings, token: str, **changed: object
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a gateway of its own."""
    async with keeping(settings, **changed) as app, bearing(app, token) as client:
        yield client


def question() -> dict[str, str]:
    """One that nobody has asked before, not even in another run."""
    return {
        "query": f"query Q{uuid4().hex} {{ viewer {{ students {{ nodes {{ id version }} }} }} }}"
    }


async def statements(client: httpx2.AsyncClient, body: dict[str, str]) -> int:
    path, count = await path_of(client, **body)
    assert path == "versioned"
    return count


NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def made(body: bytes) -> Kept:
    return Kept(b"1", NOW, NOW + timedelta(minutes=1), body, "a tag", 1)


@pytest.fixture
async def shared_here(gateway_settings: Settings) -> AsyncIterator[Shared]:
    """Room for two answers of 400 bytes."""
    found = Shared(connect(gateway_settings.redis_url or "", texts=False), room=1_000)
    yield found
    await found.close()


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


async def test_a_redis_that_says_nothing_is_not_waited_for() -> None:
    over, closed = asyncio.Event(), asyncio.Event()

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()
        closed.set()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    silent = Shared(Redis(port=port, socket_timeout=None))
    assert await silent.get(Question((), b"whose"), b"1", Plan([], [], [], [])) is None
    assert silent.away
    await silent.close()
    over.set()
    await closed.wait()
    server.close()


async def test_an_answer_to_another_question_is_not_taken(
    redis: Redis, shared_here: Shared
) -> None:
    plan, ours, theirs = Plan([], [], [], []), Question((), b"ours"), Question((), b"theirs")
    shared_here.put(theirs, plan, made(b"{}"), NOW)
    await shared_here.flush()
    told = await redis.get(key_of(theirs, b"1", plan))
    await redis.set(key_of(ours, b"1", plan), told, ex=60)
    assert await shared_here.get(theirs, b"1", plan) == replace(made(b"{}"), tag=ANY, statements=0)
    assert await shared_here.get(ours, b"1", plan) is None


async def test_one_gateway_has_no_more_in_redis_than_its_room(
    redis: Redis, shared_here: Shared
) -> None:
    plan = Plan([], [], [], [])
    questions = [Question((), uuid4().bytes) for _ in range(4)]
    for each in questions:
        shared_here.put(each, plan, made(b"x" * 400), NOW)
    await shared_here.flush()
    found = [await shared_here.get(each, b"1", plan) for each in questions]
    assert [each is not None for each in found] == [True, True, False, False]
