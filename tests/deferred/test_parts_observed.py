"""What is known of an answer in parts: one line, one count, one bill; faults of ours are masked."""

import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
from in_parts import TAKES_PARTS, merged, parts_of
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from over_http import client_of
from starlette.applications import Starlette

from gateway import app as application
from gateway.app import create_app
from gateway.logs import Seen
from gateway.observations import Observation
from gateway.settings import Settings
from gateway.tracing import Traced
from loaders.rows import Reader
from services.access import Viewer

pytestmark = pytest.mark.anyio

TASKS = """query Tasks { viewer { student { displayName
  ... @defer(label: "tasks") { tasks(first: 2) { nodes { label } } } } } }"""
HEADERS = {"Accept": TAKES_PARTS}


class Lines(logging.Handler):
    """What is logged of operations."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Observation] = []

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record, Seen):
            self.seen.append(record.operation)


@pytest.fixture
def lines() -> Iterator[Lines]:
    logger, handler = logging.getLogger("nexus.operations"), Lines()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel("INFO")
    yield handler
    logger.setLevel(before)
    logger.removeHandler(handler)


async def test_an_answer_in_parts_is_one_line_with_all_its_bytes_and_statements(
    http: httpx2.AsyncClient, lines: Lines
) -> None:
    answer = await http.post("/graphql", json={"query": TASKS}, headers=HEADERS)
    (seen,) = lines.seen
    assert (seen.name, seen.path, seen.status, seen.codes) == ("Tasks", "reference", 200, ())
    assert (seen.bytes, seen.statements) == (len(answer.content), 2)


async def test_an_answer_in_parts_is_counted_once(http: httpx2.AsyncClient, app: Starlette) -> None:
    labels = {"kind": "query", "path": "reference", "outcome": "ok"}
    registry = app.state.metrics.registry
    before = registry.get_sample_value("nexus_operations_total", labels) or 0
    await http.post("/graphql", json={"query": TASKS}, headers=HEADERS)
    assert registry.get_sample_value("nexus_operations_total", labels) == before + 1


async def test_an_actor_is_counted_as_for_any_answer(
    gateway_settings: Settings, student: Viewer, token_of: Any
) -> None:
    app = create_app(
        gateway_settings.model_copy(update={"rate_operations": 1, "paths": "reference"})
    )
    async with (
        app.router.lifespan_context(app),
        client_of(app, Authorization=f"Bearer {token_of(student)}", **HEADERS) as client,
    ):
        answers = [await client.post("/graphql", json={"query": TASKS}) for _ in range(60)]
    assert answers[0].status_code == 200
    assert answers[-1].status_code == 429


async def test_the_last_part_tells_the_bill_of_all(http: httpx2.AsyncClient) -> None:
    headers = {**HEADERS, "X-Nexus-Cost": "1"}
    answer = await http.post("/graphql", json={"query": TASKS}, headers=headers)
    *before, last = parts_of(answer.text)
    assert not any("extensions" in part for part in before)
    assert last["extensions"]["cost"]["statements"] == 2
    whole = await http.post(
        "/graphql", json={"query": TASKS}, headers={**headers, "Accept": "application/json"}
    )
    estimated = whole.json()["extensions"]["cost"]["estimated"]
    assert last["extensions"]["cost"]["estimated"] == estimated


@pytest.fixture
async def production(
    gateway_settings: Settings, student: Viewer, token_of: Any
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a gateway as it stands in production, whose tasks cannot be read."""
    app = create_app(
        gateway_settings.model_copy(update={"env": "production", "paths": "reference"})
    )
    async with (
        app.router.lifespan_context(app),
        client_of(app, Authorization=f"Bearer {token_of(student)}", **HEADERS) as client,
    ):
        yield client


@pytest.mark.parametrize(
    ("table", "failed"), [("tasks", [["viewer", "student"]]), ("students", [])]
)
async def test_a_fault_in_a_part_is_masked(
    production: httpx2.AsyncClient,
    lines: Lines,
    monkeypatch: pytest.MonkeyPatch,
    table: str,
    failed: list[list[str]],
) -> None:
    """Whether it takes its fragment away, or stands beside what could be read of it."""
    reads = Reader.rows

    async def breaks(reader: Reader, statement: Any, **values: Any) -> Any:
        if statement.table == table:
            raise RuntimeError("secret host")
        return await reads(reader, statement, **values)

    monkeypatch.setattr(Reader, "rows", breaks)
    query = TASKS if failed else "{ viewer { role ... @defer { id student { id } } } }"
    headers = {"X-Request-Id": "abc"}
    answer = await production.post("/graphql", json={"query": query}, headers=headers)
    assert "secret" not in answer.text
    found = merged(parts_of(answer.text))
    assert found.failed == failed
    (error,) = found.errors
    assert error["message"] == "the server failed"
    assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR", "requestId": "abc"}
    assert lines.seen[0].codes == ("INTERNAL_SERVER_ERROR",)


async def test_in_production_a_misfit_in_a_part_tells_no_type(
    production: httpx2.AsyncClient,
) -> None:
    query = """query ($later: Boolean) { viewer { role
      ... @defer { student { ... @include(if: true) { ... @defer(if: $later) { id } } } } } }"""
    told = await production.post("/graphql", json={"query": query, "variables": {"later": None}})
    (error,) = merged(parts_of(told.text)).errors
    assert error["message"] == "Argument 'if' has invalid value: it does not fit its type"


async def test_statements_of_parts_are_spans_inside_of_their_operation(
    gateway_settings: Settings, student: Viewer, token_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr(application, "tracing", lambda _settings: Traced(provider))
    app = create_app(gateway_settings.model_copy(update={"paths": "reference"}))
    async with (
        app.router.lifespan_context(app),
        client_of(app, Authorization=f"Bearer {token_of(student)}", **HEADERS) as client,
    ):
        await client.post("/graphql", json={"query": TASKS})
    operation, *statements, parts = spans.get_finished_spans()
    assert [operation.name, parts.name] == ["query Tasks", "parts"]
    assert parts.parent is not None
    assert parts.parent.span_id == operation.context.span_id
    assert {span.parent.span_id for span in statements if span.parent} == {parts.context.span_id}
    assert parts.attributes is not None
    assert parts.attributes["nexus.statements"] == len(statements) == 2
