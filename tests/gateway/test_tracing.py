"""Traces: a span for an operation, one for each of its statements, none for fields."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from asyncpg.pool import PoolConnectionProxy
from asyncpg.prepared_stmt import PreparedStatement
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from over_http import client_of
from served import Served, serving, until_followed
from starlette.applications import Starlette
from talking import talking

from gateway import app as application
from gateway.app import create_app
from gateway.settings import Settings, SettingsError
from gateway.tracing import Traced, Untraced, tracing

pytestmark = pytest.mark.anyio

MINE = "query Mine { viewer { student { displayName tasks(first: 2) { nodes { label } } } } }"
CREATE = """
mutation Create($id: ID!, $label: String!) {
  createTask(input: {studentId: $id, label: $label}) { task { id } errors { message } }
}
"""
FOLLOW = """
subscription Follow($id: ID!) {
  dashboardUpdates(studentId: $id) { student { tasks(first: 1) { nodes { label } } } }
}
"""
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


def provider_of(spans: InMemorySpanExporter) -> TracerProvider:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    return provider


@pytest.fixture
async def traced(
    gateway_settings: Settings, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Starlette]:
    monkeypatch.setattr(application, "tracing", lambda _settings: Traced(provider_of(spans)))
    app = create_app(gateway_settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def traced_live(
    live_settings: Settings, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    """A gateway on a socket, over a school of the test's own."""
    monkeypatch.setattr(application, "tracing", lambda _settings: Traced(provider_of(spans)))
    async with serving(live_settings.model_copy(update={"paths": "reference"})) as gateway:
        yield gateway


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


def below(spans: InMemorySpanExporter, name: str) -> list[str]:
    """The spans right below the one of a name, in order."""
    finished = spans.get_finished_spans()
    (above,) = (span.context.span_id for span in finished if span.name == name and span.context)
    return [span.name for span in finished if span.parent and span.parent.span_id == above]


async def test_the_statements_of_a_change_are_spans_that_say_nothing_of_its_values(
    traced_live: Served, spans: InMemorySpanExporter, student, people, token_of
) -> None:
    pupil, variables = str(people.students[0].id), {"label": "canary"}
    body = {"query": CREATE, "variables": {"id": pupil, **variables}}
    async with client_of(traced_live.app, Authorization=f"Bearer {token_of(student)}") as mine:
        answer = await mine.post("/graphql", json=body)
    assert not answer.json()["data"]["createTask"]["errors"]
    found = below(spans, "mutation Create")
    assert found[0] == "act as"
    for said in ("read students", "insert tasks", "insert events", "update students"):
        assert said in found
    (change,) = (span for span in spans.get_finished_spans() if span.name == "mutation Create")
    assert change.attributes is not None
    assert change.attributes["nexus.statements"] == len(found)
    written = "".join(span.to_json() for span in spans.get_finished_spans())
    for secret in (pupil, student.id, "canary"):
        assert secret not in written


async def test_a_statement_that_fails_is_a_span_that_ends(
    traced_live: Served, spans: InMemorySpanExporter, student, people, token_of, monkeypatch
) -> None:
    async def breaks(*_given: object, **_named: object) -> None:
        raise ValueError("canary")

    pupil = str(people.students[0].id)
    body = {"query": CREATE, "variables": {"id": pupil, "label": "x"}}
    async with client_of(traced_live.app, Authorization=f"Bearer {token_of(student)}") as mine:
        await mine.post("/graphql", json=body)
        spans.clear()
        monkeypatch.setattr(PreparedStatement, "fetch", breaks)
        await mine.post("/graphql", json=body)
    assert below(spans, "mutation Create") == ["act as"]
    assert "canary" not in "".join(span.to_json() for span in spans.get_finished_spans())


async def test_what_is_asked_on_a_socket_is_a_span_with_its_statements(
    traced_live: Served, spans: InMemorySpanExporter, student, token_of
) -> None:
    async with talking(traced_live.socket_url, token_of(student)) as talk:
        await talk.ask("1", MINE)
        await talk.subscribe("2", "query Wrong { nothing }")
        await talk.hear()
    assert below(spans, "query Mine") == ["read students", "read tasks"]
    refused = spans.get_finished_spans()[-1]
    assert refused.attributes is not None
    assert refused.attributes["nexus.errors"] == ("GRAPHQL_VALIDATION_FAILED",)


async def test_an_event_is_a_span_of_its_own_however_many_follow(
    traced_live: Served, spans: InMemorySpanExporter, student, people, token_of
) -> None:
    pupil = people.students[0].id
    async with talking(traced_live.socket_url, token_of(student)) as talk:
        for name in "ab":
            await talk.subscribe(name, FOLLOW, id=str(pupil))
        await until_followed(traced_live, 2)
        names = [span.name for span in spans.get_finished_spans()]
        assert names.count("subscription Follow") == 2
        spans.clear()
        await traced_live.work(student, pupil)
        for _ in "ab":
            await talk.hear()
    assert below(spans, "event Follow") == ["read students", "read tasks"]


async def test_what_is_asked_on_an_event_stream_is_a_span(
    traced_live: Served, spans: InMemorySpanExporter, student, token_of
) -> None:
    headers = {"Authorization": f"Bearer {token_of(student)}", "Accept": "text/event-stream"}
    async with client_of(traced_live.app, **headers) as mine:
        await mine.post("/graphql", json={"query": MINE})
    assert below(spans, "query Mine") == ["read students", "read tasks"]
