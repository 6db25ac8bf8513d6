"""What was measured, as medians and ratios: a table to read and a document to keep."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from gateway.bench.peers.contest import Run

PEERS = ("postgraphile", "mercurius")
LEGEND = (
    "×P, ×M: requests/s against PostGraphile's and Mercurius'. p50, p95, p99: latency, ms.\n"
    "server, PG: CPU ms per request of the server (Valkey's with it) and of PostgreSQL."
)


@dataclass(frozen=True)
class Figures:
    """The medians of one contestant's runs; times in milliseconds, CPU per request."""

    contestant: str
    operation: str
    connections: int
    per_second: float
    ratios: dict[str, float]  # of requests/s, to each peer
    p50: float
    p95: float
    p99: float
    server_cpu: float
    postgres_cpu: float
    redis_cpu: float
    bytes: float  # of one answer, with its headers
    failed: int


def figures(runs: Sequence[Run]) -> list[Figures]:
    """One line for each operation, number of connections and contestant, as they were run."""
    groups: dict[tuple[str, int, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.operation, run.connections, run.contestant), []).append(run)
    speeds = {key: median(_per_second(run) for run in group) for key, group in groups.items()}
    return [
        Figures(
            contestant=contestant,
            operation=operation,
            connections=width,
            per_second=speeds[operation, width, contestant],
            ratios={
                peer: speeds[operation, width, contestant] / speeds[operation, width, peer]
                for peer in PEERS
                if speeds.get((operation, width, peer))
            },
            p50=median(run.load.p50 for run in group),
            p95=median(run.load.p95 for run in group),
            p99=median(run.load.p99 for run in group),
            server_cpu=median(_each(run, run.server_cpu) for run in group),
            postgres_cpu=median(_each(run, run.postgres_cpu) for run in group),
            redis_cpu=median(_each(run, run.redis_cpu) for run in group),
            bytes=median(run.load.bytes / max(1, run.load.requests) for run in group),
            failed=sum(run.load.failed for run in group),
        )
        for (operation, width, contestant), group in sorted(
            groups.items(), key=lambda item: item[0][:2]
        )
    ]


def tables(found: Sequence[Figures]) -> list[Table]:
    """One table for each operation and number of connections."""
    made = []
    for operation, width in dict.fromkeys((one.operation, one.connections) for one in found):
        title = f"\n{operation}, {width} connections"
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
        table.add_column("", no_wrap=True)
        for heading in ("req/s", "×P", "×M", "p50", "p95", "p99", "server", "PG"):
            table.add_column(heading, justify="right", no_wrap=True)
        for one in found:
            if (one.operation, one.connections) == (operation, width):
                table.add_row(*_cells(one))
        made.append(table)
    return made


def document(found: Sequence[Figures], **about: Any) -> dict[str, Any]:
    """Everything, for a machine."""
    return {
        **about,
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "figures": [asdict(one) for one in found],
    }


def _cells(one: Figures) -> list[str]:
    name = f"{one.contestant} ({one.failed} failed)" if one.failed else one.contestant
    ratios = [_short(one.ratios[peer], 2) if peer in one.ratios else "–" for peer in PEERS]
    seen = one.per_second > 0  # else no answer came within a run: there is no latency to tell
    latencies = [_short(ms, 1) if seen else "–" for ms in (one.p50, one.p95, one.p99)]
    spent = [_short(ms, 2) for ms in (one.server_cpu + one.redis_cpu, one.postgres_cpu)]
    return [name, f"{one.per_second:,.0f}", *ratios, *latencies, *spent]


def _short(value: float, digits: int) -> str:
    return f"{value:,.{0 if value >= 100 else digits}f}"


def _per_second(run: Run) -> float:
    return run.load.requests / run.load.seconds


def _each(run: Run, seconds: float) -> float:
    return seconds * 1000 / max(1, run.load.requests)
