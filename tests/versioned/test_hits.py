"""Answers that are kept are operations like any other: counted, limited, logged, and told of."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import httpx2
import pytest
from keeping import COST, FILE, bearing, keeping, path_of
from starlette.applications import Starlette

from gateway.logs import formatter
from gateway.settings import Settings

pytestmark = pytest.mark.anyio

MANY = 100


@pytest.fixture
async def own_app(
    gateway_settings: Settings, own_school: str, anyio_backend: str
) -> AsyncIterator[Starlette]:
    # without Redis: a tag that an earlier run has left there would be a hit too
    away = {"redis_url": "redis://127.0.0.1:1"}
    async with keeping(gateway_settings, database_url=own_school, **away) as made:
        yield made


@pytest.fixture
async def mine(own_app, student, token_of) -> AsyncIterator[httpx2.AsyncClient]:
    async with bearing(own_app, token_of(student)) as client:
        yield client


@pytest.fixture
def body(people) -> dict[str, Any]:
    return {"query": FILE, "variables": {"id": str(people.students[0].id)}}


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the ready ways ask PostgreSQL, as it is asked."""
    asked: list[str] = []
    plain = asyncpg.Connection.fetchval

    async def noted(self: Any, sql: str, *values: Any, **named: Any) -> Any:
        asked.append(sql)
        return await plain(self, sql, *values, **named)

    monkeypatch.setattr(asyncpg.Connection, "fetchval", noted)
    return asked


@pytest.mark.parametrize("known", ["known", "new"])
async def test_a_hundred_who_ask_the_same_at_once_make_one_statement(
    mine, own_school: str, body, statements: list[str], known: str
) -> None:
    if known == "known":
        await mine.post("/graphql", json=body)
    writer = await asyncpg.connect(own_school)
    await writer.execute("UPDATE nexus_app.students SET version = version + 1")
    await writer.close()
    statements.clear()
    answers = await asyncio.gather(
        *(mine.post("/graphql", json=body, headers=COST) for _ in range(MANY))
    )
    reading = [sql for sql in statements if "openTaskCount" in sql]
    assert len(reading) == 1
    assert len(statements) - len(reading) <= 2  # versions: of the first, and of those behind it
    costs = [each.json()["extensions"]["cost"] for each in answers]
    assert {cost["path"] for cost in costs} == {"versioned"}
    assert sorted(cost["statements"] for cost in costs) == [1] * (MANY - 1) + [2]
    assert len({json.dumps(each.json()["data"]) for each in answers}) == 1


async def test_who_is_hasty_is_told_to_wait_though_the_answer_is_kept(
    gateway_settings: Settings, student, token_of, body
) -> None:
    async with (
        keeping(gateway_settings, rate_operations=3) as app,
        bearing(app, token_of(student)) as client,
    ):
        answers = [await client.post("/graphql", json=body) for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]


async def test_a_hit_costs_as_much_of_the_budget_as_the_first_answer(mine, body) -> None:
    made, hit = [
        (await mine.post("/graphql", json=body, headers=COST)).json()["extensions"]["cost"]
        for _ in range(2)
    ]
    assert hit == {**made, "statements": 1}
    assert made["statements"] == 2


class Lines(logging.Handler):
    """What is logged, as production writes it."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.setFormatter(formatter(settings.model_copy(update={"env": "production"})))
        self.told: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(json.loads(self.format(record)))


@pytest.fixture
def lines(gateway_settings: Settings) -> Iterator[Lines]:
    logger, handler = logging.getLogger("nexus.operations"), Lines(gateway_settings)
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel("INFO")
    yield handler
    logger.setLevel(before)
    logger.removeHandler(handler)


async def test_the_log_says_that_an_answer_was_kept(mine, body, lines: Lines) -> None:
    sizes = [len((await mine.post("/graphql", json=body)).content) for _ in range(2)]
    told = [(line["path"], line["statements"], line["bytes"]) for line in lines.told]
    assert told == [("versioned", 2, sizes[0]), ("versioned", 1, sizes[1])]


async def test_the_metrics_tell_hits_from_what_was_made(mine, own_app, body) -> None:
    before = own_app.state.plans.told.bytes
    size = len((await mine.post("/graphql", json=body)).content)
    for _ in range(3):
        await mine.post("/graphql", json=body)
    text = own_app.state.metrics.text().decode()
    found = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("nexus_"))
    assert float(found['nexus_kept_answers_total{source="made"}']) == 1
    assert float(found['nexus_kept_answers_total{source="kept"}']) == 3
    assert float(found["nexus_kept_evictions_total"]) == 0
    assert float(found["nexus_kept_questions"]) == 1
    assert float(found["nexus_kept_bytes"]) >= before + size


@pytest.mark.parametrize("paths", ["reference", "compiled", "versioned"])
async def test_no_way_is_taken_that_the_settings_do_not_allow(
    gateway_settings: Settings, student, token_of, body, paths: str
) -> None:
    async with keeping(gateway_settings, paths=paths) as app, bearing(app, token_of(student)) as me:
        taken = [(await path_of(me, **body))[0] for _ in range(3)]
    assert taken[-1] == paths
