"""Traces with OpenTelemetry, where its extra is installed and an address set; else nothing at all.

A span for each operation, over whichever transport it came, one for each event that is rendered for
those who follow, and one for each statement below; none for fields. Spans name documents and
tables, never variables or values.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from typing import Any

from gateway.observations import Observation
from gateway.settings import Settings, SettingsError
from resolvers.context import Context

NOTHING = nullcontext()
STATEMENT = {"db.system.name": "postgresql"}
# the text of an exception may repeat a row, and a row is a pupil's
SILENT: dict[str, Any] = {"record_exception": False, "set_status_on_exception": False}


class Untraced:
    """No traces."""

    def operation(
        self, seen: Observation, headers: Mapping[str, str]
    ) -> AbstractContextManager[Any]:
        return NOTHING

    def event(self, name: str | None) -> AbstractContextManager[Any]:
        return NOTHING

    def parts(self, seen: Observation) -> AbstractContextManager[Any]:
        return NOTHING

    def statements(self, context: Context) -> None:
        """Leave the statements of an operation unseen."""

    def close(self) -> None: ...


class Traced:
    """A span an operation, which a client's `traceparent` may be the parent of."""

    def __init__(self, provider: Any) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("nexus")

    @contextmanager
    def operation(self, seen: Observation, headers: Mapping[str, str]) -> Iterator[None]:
        from opentelemetry.trace import SpanKind, Status, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        parent = TraceContextTextMapPropagator().extract(headers)
        with self._tracer.start_as_current_span(
            "graphql", context=parent, kind=SpanKind.SERVER, **SILENT
        ) as span:
            try:
                yield
            finally:
                if seen.name or seen.kind:
                    span.update_name(f"{seen.kind} {seen.name or 'anonymous'}")
                told = {
                    "graphql.operation.name": seen.name,
                    "graphql.operation.type": seen.kind,
                    "graphql.document.id": seen.document,
                    "nexus.path": seen.path,
                    "nexus.cost": seen.cost,
                    "nexus.statements": seen.statements,
                    "nexus.request_id": seen.request_id,
                    "http.response.status_code": seen.status,
                    "nexus.errors": list(seen.codes),
                }
                span.set_attributes(
                    {key: value for key, value in told.items() if value is not None}
                )
                if seen.codes:
                    span.set_status(Status(StatusCode.ERROR))

    def parts(self, seen: Observation) -> AbstractContextManager[None]:
        """A span for an operation's answer in parts, which outlasts the operation's own."""
        from opentelemetry.context import get_current

        return self._parts(seen, get_current())

    @contextmanager
    def _parts(self, seen: Observation, operation: Any) -> Iterator[None]:
        with self._tracer.start_as_current_span("parts", context=operation, **SILENT) as span:
            yield
            span.set_attributes(
                {
                    "nexus.path": seen.path or "",
                    "nexus.statements": seen.statements,
                    "nexus.errors": list(seen.codes),
                    "http.response.status_code": seen.status,
                }
            )

    def event(self, name: str | None) -> AbstractContextManager[Any]:
        """A span of an event, as it is rendered for those who follow with this operation."""
        from opentelemetry.context import Context as Nowhere

        span: AbstractContextManager[Any] = self._tracer.start_as_current_span(
            f"event {name or 'anonymous'}", context=Nowhere(), **SILENT
        )
        return span

    def statements(self, context: Context) -> None:
        """Make a span of each statement of an operation, those of its changes too."""
        context.reader.span = self._read
        context.began = self._began

    def _read(self, table: str) -> AbstractContextManager[Any]:
        span: AbstractContextManager[Any] = self._tracer.start_as_current_span(
            f"read {table}", attributes=STATEMENT, **SILENT
        )
        return span

    def _began(self, said: str) -> Callable[[], None]:
        end: Callable[[], None] = self._tracer.start_span(said, attributes=STATEMENT, **SILENT).end
        return end

    def close(self) -> None:
        self._provider.shutdown()


def tracing(settings: Settings) -> Traced | Untraced:
    """As the settings say; SettingsError where they ask for what is not installed."""
    if settings.otlp_endpoint is None:
        return Untraced()
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.exporter") is None:
        raise SettingsError("OTEL_EXPORTER_OTLP_ENDPOINT is set: install the extra `otel`")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "nexus"}))
    exporter = OTLPSpanExporter(endpoint=f"{settings.otlp_endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return Traced(provider)
