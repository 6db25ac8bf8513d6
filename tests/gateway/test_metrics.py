"""Metrics: what Prometheus reads of a gateway, and who may read it."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from over_http import client_of
from starlette.applications import Starlette

from gateway.app import create_app
from gateway.settings import Settings, SettingsError, load

pytestmark = pytest.mark.anyio

HERE = "http://127.0.0.1/metrics"
TOKEN = "a token for Prometheus alone"


@pytest.fixture
async def fresh(gateway_settings: Settings) -> AsyncIterator[Starlette]:
    """A gateway that has answered nothing yet."""
    app = create_app(gateway_settings)
    async with app.router.lifespan_context(app):
        yield app


async def read(app: Starlette, url: str = HERE, **headers: str) -> httpx2.Response:
    async with client_of(app, **headers) as client:
        return await client.get(url)


async def samples(app: Starlette) -> dict[str, float]:
    """Each sample by its name and labels."""
    text = (await read(app)).text
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


async def test_operations_are_counted_by_what_became_of_them(
    fresh: Starlette, student, token_of
) -> None:
    async with client_of(fresh, Authorization=f"Bearer {token_of(student)}") as client:
        for query in ("{ viewer { student { id } } }", "{ nothing }", "{"):
            await client.post("/graphql", json={"query": query})
    found = await samples(fresh)
    count = "nexus_operations_total"
    assert found[count + '{kind="query",outcome="ok",path="reference"}'] == 1
    assert found[count + '{kind="none",outcome="refused",path="none"}'] == 2
    assert found['nexus_errors_total{code="GRAPHQL_PARSE_FAILED"}'] == 1
    assert found['nexus_operation_statements_sum{path="reference"}'] == 1
    assert found['nexus_operation_seconds_count{kind="query",path="reference"}'] == 1
    assert found['nexus_answer_bytes_count{kind="query"}'] == 1


async def test_the_pool_is_seen_as_it_stands(fresh: Starlette) -> None:
    async with fresh.state.pool.acquire():
        found = await samples(fresh)
    assert found['nexus_pool_connections{state="busy"}'] == 1


async def test_two_gateways_in_one_process_count_apart(
    fresh: Starlette, gateway_settings: Settings
) -> None:
    other = create_app(gateway_settings)
    async with other.router.lifespan_context(other):
        async with client_of(other) as client:
            await client.post("/graphql", json={"query": "{ __typename }"})
        assert "nexus_operations_total" in (await read(other)).text
    assert [name for name in await samples(fresh) if name.startswith("nexus_operations_t")] == []


async def test_it_is_the_text_that_prometheus_reads(fresh: Starlette) -> None:
    answer = await read(fresh)
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "# TYPE nexus_operations_total counter" in answer.text


async def test_another_machine_or_another_name_finds_nothing(fresh: Starlette) -> None:
    transport = httpx2.ASGITransport(fresh, client=("10.0.0.9", 4711))
    async with httpx2.AsyncClient(transport=transport) as elsewhere:
        assert (await elsewhere.get(HERE)).status_code == 404
    assert (await read(fresh, "http://evil.example/metrics")).status_code == 404


async def test_with_a_token_only_who_has_it_may_read(gateway_settings: Settings) -> None:
    changed = load(**{**gateway_settings.model_dump(), "metrics_token": TOKEN})
    app = create_app(changed)
    async with app.router.lifespan_context(app):
        statuses = [
            (await read(app, "http://far.example/metrics", **headers)).status_code
            for headers in (
                {"Authorization": f"Bearer {TOKEN}"},
                {"Authorization": f"Bearer {TOKEN}x"},
                {"Authorization": TOKEN},
                {"Authorization": "Bearer "},
                {},
            )
        ]
        assert statuses == [200, 404, 404, 404, 404]
        assert (await read(app)).status_code == 404


async def test_in_production_nobody_may_read_without_a_token(gateway_settings: Settings) -> None:
    app = create_app(gateway_settings.model_copy(update={"env": "production"}))
    async with app.router.lifespan_context(app):
        assert (await read(app)).status_code == 404


def test_in_production_a_token_must_be_long() -> None:
    with pytest.raises(SettingsError, match="NEXUS_METRICS_TOKEN"):
        load(env="production", metrics_token="short")
