"""Prometheus metrics: what was asked and how long it took, and how the pool of connections stands.

`/metrics` is read by who has `NEXUS_METRICS_TOKEN`. Where none is set, in development, this machine
may read it; in production nobody may: behind a proxy, everyone seems to come from this machine.
"""

from collections.abc import Iterable
from functools import cache
from hmac import compare_digest
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.local import at_home
from gateway.observations import Observation
from gateway.settings import Settings
from gateway.versioned import VersionedAnswers

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)
STATEMENTS = (0, 1, 2, 4, 8, 16, 32, 64, 128)
BYTES = (256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576)


class Metrics:
    """The metrics of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._operations = Counter(
            "nexus_operations",
            "Operations answered, by what became of them.",
            ("kind", "path", "outcome"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "nexus_operation_seconds",
            "From the request's first byte to the answer's last.",
            ("kind", "path"),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._statements = Histogram(
            "nexus_operation_statements",
            "SQL statements an operation took.",
            ("path",),
            buckets=STATEMENTS,
            registry=self.registry,
        )
        self._bytes = Histogram(
            "nexus_answer_bytes",
            "Bytes of an answer before compression.",
            ("kind",),
            buckets=BYTES,
            registry=self.registry,
        )
        self._errors = Counter(
            "nexus_errors", "Errors told to clients, by code.", ("code",), registry=self.registry
        )

    def operation(self, seen: Observation) -> None:
        kind, path = seen.kind or "none", seen.path or "none"
        count, seconds, size, statements = self._of(kind, path, _outcome(seen))
        count.inc()
        seconds.observe(seen.seconds)
        size.observe(seen.bytes)
        if seen.path is not None:
            statements.observe(seen.statements)
        for code in seen.codes:
            self._errors.labels(code).inc()

    @cache  # noqa: B019 - as long as the application, and of few labels
    def _of(
        self, kind: str, path: str, outcome: str
    ) -> tuple[Counter, Histogram, Histogram, Histogram]:
        """The four with their labels, which take long to look up."""
        return (
            self._operations.labels(kind, path, outcome),
            self._seconds.labels(kind, path),
            self._bytes.labels(kind),
            self._statements.labels(path),
        )

    def watch(self, pool: Any) -> None:
        """Tell of a pool of connections too, as it stands when asked."""
        self.registry.register(_Pool(pool))

    def watch_kept(self, answers: VersionedAnswers) -> None:
        """Tell of the answers that are kept too."""
        self.registry.register(_Kept(answers))

    def text(self) -> bytes:
        return generate_latest(self.registry)


def _outcome(seen: Observation) -> str:
    """`hung_up`, `refused` before anything was run, `errors` beside the data, or `ok`."""
    if seen.status == 499:
        return "hung_up"
    if seen.codes:
        return "refused" if seen.path is None else "errors"
    return "ok"


class _Pool:
    """The gauges of a pool of connections."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    def collect(self) -> Iterable[Metric]:
        gauge = GaugeMetricFamily(
            "nexus_pool_connections", "Connections to PostgreSQL for reads.", labels=("state",)
        )
        idle = self._pool.get_idle_size()
        gauge.add_metric(("idle",), idle)
        gauge.add_metric(("busy",), self._pool.get_size() - idle)
        yield gauge


class _Kept:
    """The answers of the versioned path, by where they came from, and what it keeps."""

    def __init__(self, answers: VersionedAnswers) -> None:
        self._answers = answers

    def collect(self) -> Iterable[Metric]:
        told = self._answers.told
        answers = CounterMetricFamily(
            "nexus_kept_answers",
            "Answers of the versioned path: kept here, shared in Redis, made anew, or joined with"
            " who was making them.",
            labels=("source",),
        )
        for source, count in told.answers.items():
            answers.add_metric((source,), count)
        yield answers
        yield CounterMetricFamily(
            "nexus_kept_evictions", "Questions forgotten for want of room.", told.evicted
        )
        yield GaugeMetricFamily("nexus_kept_questions", "Questions known.", told.questions)
        yield GaugeMetricFamily("nexus_kept_bytes", "Bytes kept in this process.", told.bytes)


def may_read(request: Request, settings: Settings) -> bool:
    if settings.metrics_token is None:
        return at_home(request, settings)
    given = request.headers.get("authorization", "")
    wanted = f"Bearer {settings.metrics_token.get_secret_value()}"
    return compare_digest(given.encode(), wanted.encode())


async def metrics(request: Request) -> Response:
    """The text that Prometheus reads; for all others there is nothing here."""
    if not may_read(request, request.app.state.settings):
        return JSONResponse({"error": "not found"}, 404)
    found: Metrics = request.app.state.metrics
    headers = {"Content-Type": CONTENT_TYPE_PLAIN_0_0_4, "Cache-Control": "no-store"}
    return Response(found.text(), headers=headers)
