"""Traces: a span for an operation, one for each of its statements, none for fields."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from asyncpg.pool import PoolConnectionProxy
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from over_http import client_of
from starlette.applications import Starlette

from gateway import app as application
from gateway.app import create_app
from gateway.settings import Settings, SettingsError
from gateway.tracing import Traced, Untraced, tracing

pytestmark = pytest.mark.anyio

MINE = "query Mine { viewer { student { displayName tasks(first: 2) { nodes { label } } } } }"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
async def traced(
    gateway_settings: Settings, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Starlette]:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr(application, "tracing", lambda _settings: Traced(provider))
    app = create_app(gateway_settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def client(traced: Starlette, student, token_of) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(traced, Authorization=f"Bearer {token_of(student)}") as opened:
        yield opened


async def test_statements_are_spans_inside_of_their_operation(
    client: httpx2.AsyncClient, spans: InMemorySpanExporter
) -> None:
    await client.post("/graphql", json={"query": MINE}, headers={"traceparent": PARENT})
    *statements, operation = spans.get_finished_spans()
    assert operation.name == "query Mine"
    assert format(operation.context.trace_id, "032x") == PARENT.split("-")[1]
    assert [span.name for span in statements] == ["read students", "read tasks"]
    assert {span.parent.span_id for span in statements if span.parent} == {
        operation.context.span_id
    }
    assert operation.attributes is not None
    assert operation.attributes["nexus.statements"] == len(statements)
    assert operation.attributes["http.response.status_code"] == 200


async def test_a_refusal_is_a_span_with_its_code(
    client: httpx2.AsyncClient, spans: InMemorySpanExporter
) -> None:
    await client.post("/graphql", json={"query": "{ nothing }"})
    (operation,) = spans.get_finished_spans()
    assert operation.attributes is not None
    assert operation.attributes["nexus.errors"] == ("GRAPHQL_VALIDATION_FAILED",)
    assert not operation.status.is_ok


async def test_what_a_client_sends_or_reads_is_in_no_span(
    client: httpx2.AsyncClient, spans: InMemorySpanExporter, people, student
) -> None:
    first = people.students[0]
    query = "query ($id: ID!) { student(id: $id) { displayName } } # canary"
    await client.post("/graphql", json={"query": query, "variables": {"id": str(first.id)}})
    written = "".join(span.to_json() for span in spans.get_finished_spans())
    assert written
    for secret in (str(first.id), student.id, first.name, "canary"):
        assert secret not in written


def test_nothing_is_traced_where_no_address_is_set(gateway_settings: Settings) -> None:
    assert isinstance(tracing(gateway_settings), Untraced)


def test_an_address_without_the_extra_is_said_at_the_start(gateway_settings: Settings) -> None:
    told = gateway_settings.model_copy(update={"otlp_endpoint": "http://127.0.0.1:4318"})
    with pytest.raises(SettingsError, match="extra `otel`"):
        tracing(told)


async def test_the_text_of_a_fault_is_in_no_span(
    client: httpx2.AsyncClient, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_given: object) -> None:
        raise ValueError("canary")

    monkeypatch.setattr(PoolConnectionProxy, "fetch", breaks)
    await client.post("/graphql", json={"query": MINE})
    written = "".join(span.to_json() for span in spans.get_finished_spans())
    assert "read students" in written
    assert "canary" not in written
