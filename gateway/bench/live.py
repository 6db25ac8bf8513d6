"""What live costs and carries: sockets, memory, latency from commit to client, statements."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gateway.bench.gateways import HOST, Gateway, many_files, serving
from gateway.bench.live_parts import Listeners, Moment, Writer
from gateway.bench.live_school import People, prepare
from gateway.bench.statements import Counted
from gateway.bench.workers import Worker, worker
from gateway.cli.database import upgrade
from gateway.cli.display import Failure
from gateway.embedded import embedded
from gateway.settings import Settings

PORT = 18_766
SOCKETS = 2_000  # for latencies, each on a pupil of its own
MOST = 5_000  # for memory
SECONDS = 6.0  # of each run
# events/s, until it is saturated
RATES = {
    "event": (200, 1_000, 1_500, 2_000, 3_000, 4_000, 6_000),
    "summary": (50, 100, 200, 300, 400, 600, 1_000),
}
SATURATED = 1.0  # seconds of p95
PROVING = 250.0  # events/s
PATIENCE = 120.0  # seconds for every socket to have heard something
LATE = 20.0  # seconds for the last events to arrive
WATCHERS = (1, 10, 100)
EVENTS = 40  # for the statements of each

EVENT = """
subscription ($id: ID!) { dashboardUpdates(studentId: $id) { event { seq kind at } } }
"""
SUMMARY = """
subscription ($id: ID!) {
  dashboardUpdates(studentId: $id) {
    event { seq kind at }
    student {
      dashboard { kpis { progressOverall streakDays lastEvalScore openTaskCount nextSessionAt } }
    }
  }
}
"""
SELECTIONS = {"event": EVENT, "summary": SUMMARY}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Latency:
    """From commit to client, in milliseconds, at so many events a second."""

    selection: str
    asked: float
    written: float
    p50: float
    p95: float
    p99: float
    longest: float
    missing: int
    cpu: float
    """Milliseconds of the gateway's CPU for an event."""
    pause: float
    """The longest time in which the gateway did nothing else, in milliseconds."""


@dataclass
class Figures:
    """All of it; memory in bytes, rates in 1/s."""

    latencies: list[Latency] = field(default_factory=list)
    opened: dict[str, float] = field(default_factory=dict)
    saturated_at: dict[str, float] = field(default_factory=dict)
    statements: dict[int, float] = field(default_factory=dict)
    sockets: int = 0
    idle: int = 0
    held: int = 0
    held_after_events: int = 0

    @property
    def per_socket(self) -> float:
        return (self.held - self.idle) / max(1, self.sockets)

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "per_socket": self.per_socket}


@dataclass
class Bench:
    """A school that is served, a writer, and whoever listens."""

    settings: Settings
    people: People
    writer: Worker
    say: Say

    @contextmanager
    def heard_by(self, people: People, query: str) -> Iterator["Heard"]:
        """A fresh gateway, and a socket for each of these."""
        with (
            serving(self.settings, PORT) as gateway,
            worker(Listeners, HOST, PORT) as listeners,
            worker(Listeners, HOST, PORT) as probe,
        ):
            probe.call("probe", self.people[0][1])
            idle = gateway.resident
            seconds = listeners.call("open", people, query)
            heard = Heard(self, gateway, listeners, probe, people, idle, seconds)
            heard.prove()
            yield heard


@dataclass
class Heard:
    """A gateway with its sockets open."""

    bench: Bench
    gateway: Gateway
    listeners: Worker
    probe: Worker
    people: People
    idle: int
    seconds: float

    def prove(self) -> None:
        """Let every socket hear something: from then on, all are subscribed."""
        deadline = time.monotonic() + PATIENCE
        before = None
        while silent := self.listeners.call("silent"):
            self.listeners.call("arrivals")  # raises what the gateway refused
            if time.monotonic() > deadline:
                raise Failure(f"{len(silent)} sockets never hear anything")
            if silent == before or before is None:  # nothing is on its way
                students = [self.people[number][0] for number in silent]
                self.bench.writer.call("write", students, PROVING, len(students))
            before = silent
            time.sleep(1.0)
        self.listeners.call("arrivals")
        self.probe.call("longest_pause")

    def latency(self, name: str, rate: float, seconds: float) -> Latency:
        """One run over all pupils."""
        count = int(rate * seconds)
        worked = self.gateway.worked
        students = [student_id for student_id, _ in self.people]
        written: list[Moment] = self.bench.writer.call("write", students, rate, count)
        arrived: dict[tuple[int, int], float] = {}
        deadline = time.monotonic() + LATE
        while len(arrived) < len(written) and time.monotonic() < deadline:
            for pupil, seq, at in self.listeners.call("arrivals"):
                arrived[pupil, seq] = at
            time.sleep(0.2)
        waits = sorted(
            (arrived[one.pupil, one.seq] - one.at) * 1000
            for one in written
            if (one.pupil, one.seq) in arrived
        )
        began = min(one.at for one in written)
        found = Latency(
            selection=name,
            asked=rate,
            written=len(written) / (max(one.at for one in written) - began),
            p50=_part(waits, 0.50),
            p95=_part(waits, 0.95),
            p99=_part(waits, 0.99),
            longest=waits[-1],
            missing=len(written) - len(waits),
            cpu=(self.gateway.worked - worked) / len(written) * 1000,
            pause=self.probe.call("longest_pause") * 1000,
        )
        self.bench.say(f"{name}, {rate:.0f} events/s: p50 {found.p50:.1f}, p95 {found.p95:.1f} ms")
        return found


def measure(settings: Settings, say: Say) -> Figures:
    """Everything, on servers of its own."""
    many_files()
    found = Figures()
    with TemporaryDirectory(prefix="nexus-live-") as home:
        alone = settings.model_copy(
            update={"home": Path(home), "database_url": None, "redis_url": None}
        )
        with embedded(alone) as servers:
            reached = servers.within(alone)
            say(f"loading {MOST} pupils")
            upgrade(reached)
            people = asyncio.run(prepare(reached, MOST))
            with worker(Writer, reached.asyncpg_dsn, reached.redis_url) as writer:
                writer.call("open")
                bench = Bench(reached, people, writer, say)
                for name, query in SELECTIONS.items():
                    _latencies(bench, found, name, query)
                _statements(bench, found)
                _memory(bench, found)
    return found


def _latencies(bench: Bench, found: Figures, name: str, query: str) -> None:
    with bench.heard_by(bench.people[:SOCKETS], query) as heard:
        found.opened[name] = SOCKETS / heard.seconds
        bench.say(f"{name}: {SOCKETS} sockets, {found.opened[name]:.0f} accepted a second")
        for rate in RATES[name]:
            one = heard.latency(name, rate, SECONDS)
            found.latencies.append(one)
            if one.p95 > SATURATED * 1000 or one.missing or one.written < rate * 0.8:
                break
        sustained = [
            one.written
            for one in found.latencies
            if one.selection == name and one.p95 <= SATURATED * 1000 and not one.missing
        ]
        found.saturated_at[name] = max(sustained, default=0.0)


def _statements(bench: Bench, found: Figures) -> None:
    """Of the gateway, for one event, as watchers of one pupil grow."""
    for watchers in WATCHERS:
        with (
            bench.heard_by(bench.people[:1] * watchers, SUMMARY) as heard,
            Counted(bench.settings) as counted,
        ):
            before = counted()
            heard.bench.writer.call("write", [bench.people[0][0]], 20.0, EVENTS)
            arrived = 0
            while arrived < EVENTS * watchers:
                arrived += len(heard.listeners.call("arrivals"))
                time.sleep(0.1)
            found.statements[watchers] = (counted() - before) / EVENTS
        bench.say(f"{watchers} watchers: {found.statements[watchers]:.2f} statements for an event")


def _memory(bench: Bench, found: Figures) -> None:
    with bench.heard_by(bench.people, EVENT) as heard:
        found.sockets, found.idle, found.held = MOST, heard.idle, heard.gateway.resident
        found.latencies.append(heard.latency(f"event, {MOST} sockets", 1_000, SECONDS))
        found.held_after_events = heard.gateway.resident
        bench.say(f"{MOST} sockets: {found.held / 1e6:.0f} MB, {found.idle / 1e6:.0f} without")


def _part(ordered: list[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
