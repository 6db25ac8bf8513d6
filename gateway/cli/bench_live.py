"""`scripts/nexus bench live`: what live costs and carries, in one table."""

import json

import typer
from rich.table import Table

from gateway.bench.live import Figures, measure
from gateway.cli.display import progress, result
from gateway.cli.signals import obeying_signals
from gateway.settings import Settings

MB = 1e6


def bench_live(settings: Settings, *, as_json: bool) -> None:
    """Measure on servers of its own, and print."""
    with obeying_signals():
        found = measure(settings, lambda said: progress.print(f"[dim]{said}[/]"))
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=2))
        return
    result.print(_latencies(found))
    result.print(_sizes(found))


def _latencies(found: Figures) -> Table:
    table = Table(
        "selection", "events/s", "written", "p50 ms", "p95 ms", "p99 ms", "longest", "missing",
        "CPU ms/event", "pause ms",
    )  # fmt: skip
    for one in found.latencies:
        waits = (one.p50, one.p95, one.p99, one.longest)
        table.add_row(
            one.selection,
            f"{one.asked:.0f}",
            f"{one.written:.0f}",
            *(f"{wait:.1f}" for wait in waits),
            str(one.missing),
            f"{one.cpu:.2f}",
            f"{one.pause:.0f}",
        )
    return table


def _sizes(found: Figures) -> Table:
    table = Table("figure", "value")
    for name, rate in found.opened.items():
        table.add_row(f"sockets accepted a second, {name}", f"{rate:.0f}")
    for name, rate in found.saturated_at.items():
        table.add_row(f"events/s with p95 under a second, {name}", f"{rate:.0f}")
    for watchers, count in found.statements.items():
        table.add_row(f"statements for an event, {watchers} watchers", f"{count:.2f}")
    table.add_row("gateway without sockets", f"{found.idle / MB:.0f} MB")
    table.add_row(f"with {found.sockets} sockets", f"{found.held / MB:.0f} MB")
    table.add_row("the same after events", f"{found.held_after_events / MB:.0f} MB")
    table.add_row("for each socket", f"{found.per_socket / 1024:.1f} KiB")
    return table
