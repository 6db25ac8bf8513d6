"""How often an actor may change things, counted in a real Valkey."""

import asyncio
import logging
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest
from over_http import SECRET, client_of
from own_tutoring import Desk
from redis.asyncio import Redis
from relaying import Relay
from tutoring import HOUR, MORNING

from gateway.app import create_app
from gateway.embedded import Servers
from gateway.limits import Limiter
from gateway.settings import Settings
from models.vocabulary import Role
from schema.mutating import AGENTS, CANCEL, CANCEL_MANY, WRITE
from services.access import Viewer
from subscriptions.connection import connect

pytestmark = pytest.mark.anyio

PER_MINUTE = {WRITE: 120, CANCEL: 20, CANCEL_MANY: 40, AGENTS: 30}
NOWHERE = "redis://127.0.0.1:1"

_numbers = count(1)
_hours = count()


@pytest.fixture
async def redis(servers: Servers, anyio_backend: str) -> AsyncIterator[Redis]:
    opened = connect(servers.redis_url)
    yield opened
    await opened.aclose()


@pytest.fixture
def actor() -> str:
    """Somebody who has done nothing yet."""
    return f"an-actor-{next(_numbers)}"


@pytest.fixture
def limiter(redis: Redis, home: Path) -> Limiter:
    return Limiter(redis, Settings(home=home))


async def server_clock(redis: Redis) -> float:
    """Seconds, as the counting server reckons them."""
    seconds, micros = await redis.time()
    return float(seconds) + micros / 1_000_000


@pytest.mark.parametrize("rate", PER_MINUTE)
async def test_of_many_at_once_as_many_as_a_minute_allows_are_taken(
    limiter: Limiter, redis: Redis, actor: str, rate: str
) -> None:
    """And no more than what the time they took gives back."""
    allowed = PER_MINUTE[rate]
    began = await server_clock(redis)
    waits = await asyncio.gather(*(limiter.wait(actor, rate) for _ in range(allowed + 80)))
    given_back = (await server_clock(redis) - began) * allowed / 60
    taken = waits.count(None)
    assert allowed <= taken <= allowed + given_back + 1
    longest = 60 / allowed + 1  # one place becomes free each period
    assert all(1 <= wait <= longest for wait in waits if wait is not None)


async def test_the_rates_are_those_of_the_settings(redis: Redis, home: Path, actor: str) -> None:
    settings = Settings(
        home=home,
        rate_writes=2,
        rate_cancellations=1,
        rate_bulk_cancellations=3,
        rate_agents=4,
    )
    limiter = Limiter(redis, settings)
    for rate, allowed in ((WRITE, 2), (CANCEL, 1), (CANCEL_MANY, 3), (AGENTS, 4)):
        waits = [await limiter.wait(actor, rate) for _ in range(allowed + 1)]
        assert waits[:-1] == [None] * allowed
        assert 1 <= (waits[-1] or 0) <= 60 // allowed


async def test_each_actor_and_each_rate_is_counted_alone(
    redis: Redis, home: Path, actor: str
) -> None:
    limiter = Limiter(redis, Settings(home=home, rate_writes=1, rate_cancellations=1))
    assert await limiter.wait(actor, WRITE) is None
    assert await limiter.wait(actor, WRITE) is not None
    assert await limiter.wait(actor, CANCEL) is None
    assert await limiter.wait(f"{actor} too", WRITE) is None


async def test_two_gateways_count_together(servers: Servers, home: Path, actor: str) -> None:
    settings = Settings(home=home, rate_writes=4)
    clients = [connect(servers.redis_url) for _ in range(2)]
    limiters = [Limiter(client, settings) for client in clients]
    waits = [await limiters[n % 2].wait(actor, WRITE) for n in range(5)]
    assert [wait is None for wait in waits] == [True] * 4 + [False]
    for client in clients:
        await client.aclose()


async def test_what_is_refused_is_not_counted(redis: Redis, home: Path, actor: str) -> None:
    """Asking again does not put off the moment at which it may be done."""
    limiter = Limiter(redis, Settings(home=home, rate_writes=1))
    await limiter.wait(actor, WRITE)
    waits = [await limiter.wait(actor, WRITE) or 0 for _ in range(30)]
    assert sorted(waits, reverse=True) == waits
    assert max(waits) <= 60


async def test_a_count_is_forgotten_when_it_limits_nothing_any_more(
    redis: Redis, home: Path, actor: str
) -> None:
    await Limiter(redis, Settings(home=home, rate_writes=1)).wait(actor, WRITE)
    assert 0 < await redis.pttl(f"nexus:rate:{WRITE}:{actor}") <= 60_001


async def test_without_redis_nothing_is_refused_until_it_is_back(
    servers: Servers, home: Path, actor: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged once that it went, and once that it came back."""
    relay = Relay(servers.redis_url)
    await relay.up()
    client = connect(relay.url)
    limiter = Limiter(client, Settings(home=home, rate_writes=1))
    with caplog.at_level(logging.WARNING, "nexus"):
        waits = [await limiter.wait(actor, WRITE) for _ in range(2)]
        await relay.down()
        away = [await limiter.wait(actor, WRITE) for _ in range(5)]
        assert ["away" in message for message in caplog.messages] == [True]
        await relay.up()
        back = [await limiter.wait(actor, WRITE) for _ in range(3)]
        assert ["back" in message for message in caplog.messages] == [False, True]
        await relay.down()
        await limiter.wait(actor, WRITE)
        assert ["away" in message for message in caplog.messages] == [True, False, True]
    assert [wait is None for wait in waits] == [True, False]
    assert away == [None] * 5
    assert [wait is None for wait in back] == [False] * 3
    await client.aclose()


async def test_many_more_at_once_than_there_are_connections_are_all_counted(
    redis: Redis, home: Path, actor: str, caplog: pytest.LogCaptureFixture
) -> None:
    limiter = Limiter(redis, Settings(home=home, rate_writes=1))
    waits = await asyncio.gather(*(limiter.wait(actor, WRITE) for _ in range(500)))
    assert waits.count(None) == 1
    assert caplog.messages == []


# --- through the application


@pytest.fixture
async def client_as(desk: Desk, servers: Servers, home: Path, token_of) -> AsyncIterator[Any]:
    """A client of any viewer, where a minute allows two writes, one cancellation, one of many."""
    app = create_app(
        Settings(
            home=home,
            database_url=desk.at,
            redis_url=servers.redis_url,
            jwt_secret=SECRET,
            rate_writes=2,
            rate_cancellations=1,
            rate_bulk_cancellations=1,
            rate_agents=1,
        )
    )

    def made(viewer: Viewer) -> httpx2.AsyncClient:
        return client_of(app, Authorization=f"Bearer {token_of(viewer)}")

    async with app.router.lifespan_context(app):
        yield made


RATES = {
    "completeTask": 2,
    "updateTask": 2,
    "cancelSession": 1,
    "cancelSessions": 1,
    "runAgents": 1,
}


def document(name: str) -> str:
    kind = f"{name[0].upper()}{name[1:]}Input!"
    return f"""mutation ($input: {kind}) {{ done: {name}(input: $input) {{
      events {{ kind }}
      errors {{ __typename path message ... on RateLimitedError {{ retryAfterSeconds }} }} }} }}"""


async def given(desk: Desk, name: str) -> dict[str, Any]:
    if name.startswith("cancel"):
        start = MORNING + next(_hours) * HOUR
        id = await desk.school.session(desk.pupil, start)
        return {"ids": [id]} if name == "cancelSessions" else {"id": id}
    if name == "runAgents":
        return {"studentId": str(desk.pupil.id)}
    id = await desk.task()
    return {"id": id, "weight": 4.0} if name == "updateTask" else {"id": id}


@pytest.mark.parametrize("name", RATES)
async def test_too_many_changes_are_told_when_to_try_again(
    desk: Desk, client_as: Any, actor: str, name: str
) -> None:
    async with client_as(Viewer(actor, Role.ADMIN)) as client:
        answers = []
        for _ in range(RATES[name] + 1):
            sent = {"query": document(name), "variables": {"input": await given(desk, name)}}
            answers.append((await client.post("/graphql", json=sent)).json())
            version = await desk.version()
    assert [answer["data"]["done"]["errors"] for answer in answers[:-1]] == [[]] * RATES[name]
    done = answers[-1]["data"]["done"]
    (error,) = done["errors"]
    assert (error["__typename"], error["path"], done["events"]) == ("RateLimitedError", [], [])
    assert 1 <= error["retryAfterSeconds"] <= 60
    assert "errors" not in answers[-1]
    assert await desk.version() == version


async def test_a_refused_rate_leaves_reading_free(desk: Desk, client_as: Any, actor: str) -> None:
    async with client_as(Viewer(actor, Role.ADMIN)) as client:
        for _ in range(4):
            sent = {"query": document("cancelSession"), "variables": {"input": {"id": "x"}}}
            await client.post("/graphql", json=sent)
        answer = await client.post("/graphql", json={"query": "{ viewer { id } }"})
    assert answer.json() == {"data": {"viewer": {"id": actor}}}


async def test_a_pupil_is_not_locked_out_of_its_file_while_redis_is_away(
    desk: Desk, home: Path, token_of
) -> None:
    app = create_app(
        Settings(
            home=home, database_url=desk.at, redis_url=NOWHERE, jwt_secret=SECRET, rate_writes=1
        )
    )
    token = f"Bearer {token_of(desk.pupil.viewer)}"
    async with app.router.lifespan_context(app), client_of(app, Authorization=token) as client:
        for _ in range(3):
            sent = {
                "query": document("completeTask"),
                "variables": {"input": await given(desk, "completeTask")},
            }
            done = (await client.post("/graphql", json=sent)).json()["data"]["done"]
            assert done == {"events": [{"kind": "TASK_COMPLETED"}], "errors": []}
