"""Prometheus metrics: what was asked and how long it took, and how the pool of connections stands.

`/metrics` is read by who has `NEXUS_METRICS_TOKEN`. Where none is set, in development, this machine
may read it; in production nobody may: behind a proxy, everyone seems to come from this machine.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hmac import compare_digest
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.local import at_home
from gateway.observations import Observation
from gateway.settings import Settings
from gateway.versioned import VersionedAnswers

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)
STATEMENTS = (0, 1, 2, 4, 8, 16, 32, 64, 128)
BYTES = (256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576)


class Spread:
    """How often a value was in each bucket, and what all came to."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def buckets(self) -> list[tuple[str, float]]:
        """Each bound with how many values were not above it."""
        bounds = [*map(str, map(float, self.bounds)), "+Inf"]
        return list(zip(bounds, accumulate(self.counts), strict=True))


@dataclass(slots=True)
class Tally:
    """What was seen of operations with the same labels."""

    count: int = 0
    seconds: Spread = field(default_factory=lambda: Spread(SECONDS))
    statements: Spread = field(default_factory=lambda: Spread(STATEMENTS))
    bytes: Spread = field(default_factory=lambda: Spread(BYTES))


class Metrics:
    """The metrics of one application, in a registry of its own.

    They are counted in one thread, without the locks of Prometheus' client, and told when asked.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._tallies: dict[tuple[str, str, str], Tally] = {}
        self._errors: Counter[str] = Counter()
        self.registry.register(self)

    def operation(self, seen: Observation) -> None:
        labels = seen.kind or "none", seen.path or "none", _outcome(seen)
        tally = self._tallies.get(labels)
        if tally is None:
            tally = self._tallies[labels] = Tally()
        tally.count += 1
        tally.seconds.observe(seen.seconds)
        tally.bytes.observe(seen.bytes)
        if seen.path is not None:
            tally.statements.observe(seen.statements)
        if seen.codes:
            self._errors.update(seen.codes)

    def collect(self) -> Iterable[Metric]:
        count = CounterMetricFamily(
            "nexus_operations",
            "Operations answered, by what became of them.",
            labels=("kind", "path", "outcome"),
        )
        for labels, tally in self._tallies.items():
            count.add_metric(labels, tally.count)
        yield count
        yield self._spread(
            "nexus_operation_seconds",
            "From the request's first byte to the answer's last.",
            ("kind", "path"),
            lambda labels, tally: (labels[:2], tally.seconds),
        )
        yield self._spread(
            "nexus_operation_statements",
            "SQL statements an operation took.",
            ("path",),
            lambda labels, tally: (labels[1:2], tally.statements),
        )
        yield self._spread(
            "nexus_answer_bytes",
            "Bytes of an answer before compression.",
            ("kind",),
            lambda labels, tally: (labels[:1], tally.bytes),
        )
        errors = CounterMetricFamily(
            "nexus_errors", "Errors told to clients, by code.", labels=("code",)
        )
        for code, times in self._errors.items():
            errors.add_metric((code,), times)
        yield errors

    def _spread(
        self,
        name: str,
        help: str,
        labels: tuple[str, ...],
        part: Callable[[tuple[str, ...], Tally], tuple[tuple[str, ...], Spread]],
    ) -> Metric:
        """One histogram, of all that was counted under its few labels."""
        found: dict[tuple[str, ...], list[Spread]] = {}
        for all_labels, tally in self._tallies.items():
            some, spread = part(all_labels, tally)
            found.setdefault(some, []).append(spread)
        family = HistogramMetricFamily(name, help, labels=labels)
        for some, spreads in found.items():
            if summed := summed_up(spreads):
                family.add_metric(some, summed.buckets(), summed.sum)
        return family

    def watch(self, pool: Any) -> None:
        """Tell of a pool of connections too, as it stands when asked."""
        self.registry.register(_Pool(pool))

    def watch_kept(self, answers: VersionedAnswers) -> None:
        """Tell of the answers that are kept too."""
        self.registry.register(_Kept(answers))

    def text(self) -> bytes:
        return generate_latest(self.registry)


def summed_up(spreads: list[Spread]) -> Spread | None:
    """All of them in one; None where nothing was in any."""
    whole = Spread(spreads[0].bounds)
    for spread in spreads:
        whole.sum += spread.sum
        whole.counts = [one + other for one, other in zip(whole.counts, spread.counts, strict=True)]
    return whole if any(whole.counts) else None


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
