"""PostgreSQL and Redis that are gone, or answer nothing any more: it is said, in time."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from over_http import client_of
from relaying import Relay

from gateway import health
from gateway.app import create_app
from gateway.settings import Settings

pytestmark = pytest.mark.anyio

CREATE = (
    "mutation ($id: ID!)"
    ' { createTask(input: {studentId: $id, label: "Réviser"}) { task { label } } }'
)
LONG = 30  # seconds: whoever waits for a frozen server would wait for ever


@dataclass(frozen=True)
class Behind:
    """A gateway that reaches its servers through relays."""

    http: httpx2.AsyncClient
    database: Relay
    redis: Relay

    async def ready(self) -> tuple[int, dict[str, str]]:
        answer = await asyncio.wait_for(self.http.get("/ready"), LONG)
        return answer.status_code, answer.json()


@pytest.fixture(scope="module")
async def gateway(
    gateway_settings: Settings, student, token_of, anyio_backend: str
) -> AsyncIterator[Behind]:
    at = urlsplit(gateway_settings.database_url or "")
    asked = parse_qs(at.query)
    database = Relay(f"unix://{asked['host'][0]}/.s.PGSQL.{asked['port'][0]}")
    redis = Relay(gateway_settings.redis_url or "")
    await database.up()
    await redis.up()
    settings = gateway_settings.model_copy(
        update={
            "database_url": f"postgresql://{at.username}@127.0.0.1:{database.port}{at.path}",
            "redis_url": redis.url,
            "operation_timeout": 0.5,
        }
    )
    app = create_app(settings)
    token = f"Bearer {token_of(student)}"
    async with app.router.lifespan_context(app), client_of(app, Authorization=token) as http:
        yield Behind(http, database, redis)
    await database.down()
    await redis.down()


@pytest.fixture
def behind(gateway: Behind, monkeypatch: pytest.MonkeyPatch) -> Iterator[Behind]:
    """Servers that answer, and will again."""
    monkeypatch.setattr(health, "PATIENCE", 1.5)
    yield gateway
    gateway.database.thaw()
    gateway.redis.thaw()


async def test_a_database_that_is_frozen_is_not_ready(behind: Behind) -> None:
    behind.database.freeze()
    status, told = await behind.ready()
    assert (status, told["database"], told["redis"]) == (503, "does not answer in time", "ok")


async def test_a_redis_that_is_frozen_is_not_ready(behind: Behind) -> None:
    behind.redis.freeze()
    status, told = await behind.ready()
    assert (status, told["database"], told["redis"]) == (503, "ok", "does not answer in time")


async def test_a_database_that_is_gone_is_not_ready(behind: Behind) -> None:
    await behind.database.down()
    status, told = await behind.ready()
    await behind.database.up()
    assert (status, told["database"]) == (503, "cannot be reached")


async def test_who_thaws_is_ready_again(behind: Behind, monkeypatch: pytest.MonkeyPatch) -> None:
    behind.database.freeze()
    await behind.ready()
    behind.database.thaw()
    monkeypatch.setattr(health, "PATIENCE", LONG)
    assert await behind.ready() == (200, {"status": "ok", "database": "ok", "redis": "ok"})


async def test_a_change_in_a_frozen_database_is_said_to_have_failed(behind: Behind, people) -> None:
    behind.database.freeze()
    body = {"query": CREATE, "variables": {"id": str(people.students[0].id)}}
    answer = await asyncio.wait_for(behind.http.post("/graphql", json=body), LONG)
    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["TIMEOUT"]


async def test_a_question_is_answered_though_redis_is_frozen(behind: Behind) -> None:
    behind.redis.freeze()
    body = {"query": "{ viewer { role } }"}
    answer = await asyncio.wait_for(behind.http.post("/graphql", json=body), LONG)
    assert answer.json() == {"data": {"viewer": {"role": "STUDENT"}}}
