"""Who uses which document: counted, added up in Redis, bounded, and without a word of a pupil."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from over_http import client_of
from redis.asyncio import Redis

from gateway.app import create_app
from gateway.embedded import Servers
from gateway.observations import Observation
from gateway.settings import Settings
from gateway.trusted import usage
from gateway.trusted.policy import Modes
from gateway.trusted.registry import OURS
from gateway.trusted.texts import digest
from gateway.trusted.usage import OTHERS, Untrusted, Usage, counted
from subscriptions.connection import connect

pytestmark = pytest.mark.anyio

TEXT = (OURS / "Dashboard.graphql").read_text()
STRANGE = "query Strange($secret: String) { viewer { students(search: $secret) { totalCount } } }"


@pytest.fixture
async def redis(servers: Servers) -> AsyncIterator[Redis]:
    """The suite's Redis, with nothing counted in it."""
    client = connect(servers.redis_url)

    async def forget() -> None:
        keys = [key async for key in client.scan_iter("nexus:documents:*")]
        if keys:
            await client.delete(*keys)

    await forget()
    yield client
    await forget()
    await client.aclose()


Gateway = Callable[..., Any]


@pytest.fixture
def gateway(gateway_settings: Settings, student, token_of) -> Gateway:
    """A gateway in this mode, asked by this client application; it adds up when it ends."""

    @asynccontextmanager
    async def started(documents: str, client: str) -> AsyncIterator[httpx2.AsyncClient]:
        app = create_app(gateway_settings.model_copy(update={"documents": documents}))
        token = f"Bearer {token_of(student, client=client)}"
        async with app.router.lifespan_context(app), client_of(app, Authorization=token) as http:
            yield http

    return started


async def test_trusted_documents_are_counted_by_their_text(
    gateway: Gateway, redis: Redis, people
) -> None:
    sent = {"documentId": digest(TEXT), "variables": {"studentId": str(people.students[0].id)}}
    async with gateway("open", "dashboard") as http:
        for _ in range(3):
            assert (await http.post("/graphql", json=sent)).json()["data"]
        assert (await http.post("/graphql", json={"query": STRANGE})).json()["data"]
    found = await counted(redis, days=1)
    assert found.used == {(digest(TEXT), "Dashboard"): 3}
    assert found.untrusted == []


async def test_log_counts_what_only_would_refuse(gateway: Gateway, redis: Redis, people) -> None:
    secret = {"query": STRANGE, "variables": {"secret": "Lina Marchand"}}
    known = {"query": TEXT, "variables": {"studentId": str(people.students[0].id)}}
    async with gateway("open,dashboard=log", "dashboard") as http:
        for sent in (secret, secret, known):
            assert (await http.post("/graphql", json=sent)).json()["data"]
        await http.post("/graphql", json={"query": "query Bad { nothing }"})
    found = await counted(redis, days=1)
    assert found.untrusted == [
        Untrusted("Strange", digest(STRANGE), "dashboard", 2),
        Untrusted("Dashboard", digest(TEXT), "dashboard", 1),
    ]
    everything = [
        text
        async for key in redis.scan_iter("nexus:documents:*")
        for text in await redis.hgetall(key)
    ]
    assert "Marchand" not in json.dumps(everything)
    assert str(people.students[0].id) not in json.dumps(everything)


def seen(document: str, *, trusted: bool = False, name: str | None = None) -> Observation:
    found = Observation("request", name=name, document=document)
    found.trusted = trusted
    return found


async def test_counts_are_bounded_in_the_process_and_in_redis(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "MOST", 3)
    counting = Usage(Modes("log"))
    for number in range(10):
        counting.operation(seen(f"a{number}"))
    await counting.flush(redis)
    for number in range(10):
        counting.operation(seen(f"a{number}"))
        counting.operation(seen(f"b{number}"))
    await counting.flush(redis)
    found = await counted(redis, days=1)
    others = json.loads(OTHERS)
    assert sum(each.times for each in found.untrusted) == 30
    assert len(found.untrusted) <= 4
    assert [each.name for each in found.untrusted if each.document is None] == [others[0]]


async def test_long_names_are_cut(redis: Redis) -> None:
    counting = Usage(Modes("log"))
    counting.operation(seen("a", name="N" * 50_000))
    await counting.flush(redis)
    ((only,),) = [(await counted(redis, days=1)).untrusted]
    assert only.name == "N" * usage.LONGEST_NAME


async def test_without_redis_nothing_counted_is_lost(redis: Redis) -> None:
    counting = Usage(Modes("log"))
    counting.operation(seen("a", trusted=True, name="A"))
    counting.operation(seen("b"))
    away = connect("redis://127.0.0.1:1/0")
    await counting.flush(away)
    counting.operation(seen("a", trusted=True, name="A"))
    await counting.flush(redis)
    await away.aclose()
    found = await counted(redis, days=1)
    assert found.used == {("a", "A"): 2}
    assert [each.times for each in found.untrusted] == [1]


async def test_counts_do_not_stay_for_ever(redis: Redis) -> None:
    counting = Usage(Modes("log"))
    counting.operation(seen("a", trusted=True, name="A"))
    counting.operation(seen("b"))
    await counting.flush(redis)
    keys = [key async for key in redis.scan_iter("nexus:documents:*")]
    assert len(keys) == 2
    for key in keys:
        assert 0 < await redis.ttl(key) <= usage.KEPT_DAYS * 86_400
