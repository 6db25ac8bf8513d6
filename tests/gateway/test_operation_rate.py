"""How often an actor may ask: counted in the process, told as HTTP tells it."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from over_http import client_of

from gateway.app import create_app
from gateway.limits import OperationRate
from gateway.settings import Settings

pytestmark = pytest.mark.anyio

ME = {"query": "{ viewer { role } }"}


class Clock:
    """A clock that stands still until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_minutes_operations_may_come_at_once_and_then_one_each_period() -> None:
    clock = Clock()
    rate = OperationRate(60, clock)
    assert [rate.wait("a") for _ in range(60)] == [None] * 60
    assert rate.wait("a") == 1
    clock.now += 1
    assert (rate.wait("a"), rate.wait("a")) == (None, 1)
    clock.now += 3600
    assert [rate.wait("a") for _ in range(61)] == [None] * 60 + [1]


def test_one_actor_takes_nothing_from_another() -> None:
    rate = OperationRate(1, Clock())
    assert [rate.wait(actor) for actor in ("a", "b", "a")] == [None, None, 60]


def test_none_is_counted_where_the_rate_is_nought() -> None:
    rate = OperationRate(0, Clock())
    assert {rate.wait("a") for _ in range(10_000)} == {None}


def test_the_memory_of_actors_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OperationRate, "ACTORS", 2)
    rate = OperationRate(1, Clock())
    assert [rate.wait(actor) for actor in ("a", "b", "c")] == [None] * 3
    assert (rate.wait("c"), rate.wait("a")) == (60, None)


@pytest.fixture
async def hurried(
    gateway_settings: Settings, student, token_of
) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(gateway_settings.model_copy(update={"rate_operations": 2}))
    token = f"Bearer {token_of(student)}"
    async with app.router.lifespan_context(app), client_of(app, Authorization=token) as client:
        yield client


async def test_who_asks_too_often_is_told_when_to_come_back(hurried: httpx2.AsyncClient) -> None:
    answers = [await hurried.post("/graphql", json=ME) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 30
    (error,) = answers[-1].json()["errors"]
    assert error["extensions"]["code"] == "RATE_LIMITED"


async def test_what_is_refused_is_counted_too(hurried: httpx2.AsyncClient) -> None:
    refused = [{"documentId": "0" * 64}, {"query": 7}, ME]
    answers = [await hurried.post("/graphql", json=body) for body in refused]
    assert answers[-1].status_code == 429


async def test_a_batch_beyond_the_rate_is_refused_before_any_of_it_is_run(
    gateway_settings: Settings, student, token_of
) -> None:
    told = {"rate_operations": 2, "batch": 5}
    app = create_app(gateway_settings.model_copy(update=told))
    token = f"Bearer {token_of(student)}"
    async with app.router.lifespan_context(app), client_of(app, Authorization=token) as client:
        answer = await client.post("/graphql", json=[ME] * 3)
    assert (answer.status_code, "retry-after" in answer.headers) == (429, True)
