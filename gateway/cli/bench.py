"""`scripts/nexus bench`: the dashboard and the coach's list, interleaved, in one run."""

import asyncio
import json
import os
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table

from gateway import settings as configuration
from gateway.bench.agents import Night
from gateway.bench.agents import measure as measure_agents
from gateway.bench.load import NoLoadGenerator, Outcome, Request, middle, run
from gateway.bench.peers.compare import Effort, compare
from gateway.bench.peers.report import LEGEND, tables
from gateway.bench.rows import measure
from gateway.bench.writes import measure as measure_writes
from gateway.cli.bench_live import bench_live
from gateway.cli.database import connected
from gateway.cli.display import Failure, progress, result, warn
from gateway.cli.people import School, people
from gateway.embedded import embedded
from gateway.settings import ROOT

DOCUMENTS = ROOT / "schema" / "documents"
WIDTHS = [16, 64]
BUSY = 0.7  # the load of a machine that does something beside


class Measured(StrEnum):
    """What is measured."""

    DOCUMENTS = "documents"
    PEERS = "peers"
    LIVE = "live"
    AGENTS = "agents"


def bench(
    what: Annotated[
        Measured,
        typer.Argument(
            help="Our documents alone, or beside PostGraphile and Mercurius; the streams; a night"
            " of the agents."
        ),
    ] = Measured.DOCUMENTS,
    *,
    connections: Annotated[list[int] | None, typer.Option(min=1, max=1000)] = None,
    seconds: Annotated[int, typer.Option(min=1, max=120, help="Of each run.")] = 5,
    rounds: Annotated[int, typer.Option(min=1, max=20, help="Runs of each, interleaved.")] = 3,
    rows: Annotated[bool, typer.Option("--rows", help="Measure ways of reading rows.")] = False,
    writes: Annotated[bool, typer.Option("--writes", help="Measure completeTask.")] = False,
    pupils: Annotated[
        int, typer.Option(min=100, max=100_000, help="Of the scratch database.")
    ] = 5000,
    only: Annotated[
        list[str] | None, typer.Option(help="Beside the peers: only this one, and others named so.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Of `peers` and `live`: print JSON.")
    ] = False,
) -> None:
    """Measure requests per second and latency.

    `documents` needs the gateway that `scripts/run` serves; `peers` brings everything itself, and
    takes two to three minutes with `--seconds 2 --rounds 1`.
    """
    settings = configuration.load()
    if what is Measured.LIVE:
        bench_live(settings, as_json=as_json)
        return
    if what is Measured.AGENTS:
        _agents(measure_agents(settings, pupils=pupils))
        return
    if what is Measured.PEERS:
        effort = Effort(pupils, connections or WIDTHS, rounds, seconds, only or [])
        _peers(settings, effort, as_json=as_json)
        return
    table = Table("document", "connections", "requests/s", "p50 ms", "p95 ms", "p99 ms", "failed")
    if writes:
        for name, outcome in measure_writes(settings, connections=16, seconds=seconds).items():
            _row(table, name, 16, outcome)
        result.print(table)
        return
    if rows:
        with connected(settings) as reached:
            _rows(asyncio.run(measure(reached)))
        return
    with embedded(settings, share=True) as servers:
        if servers.gateway_url is None:
            raise Failure("no gateway is running: start scripts/run first")
        cases = _cases(people(servers.within(settings)))
        for width in connections or WIDTHS:
            for name, outcome in _interleaved(
                servers.gateway_url, cases, width, seconds=seconds, rounds=rounds
            ).items():
                _row(table, name, width, outcome)
    result.print(table)


def _peers(settings: configuration.Settings, effort: Effort, *, as_json: bool) -> None:
    busy = os.getloadavg()[0]
    if busy > BUSY:
        warn(f"something else is running (load {busy:.1f}): the figures are no more than a hint")
    found, everything = compare(settings, effort)
    if as_json:
        typer.echo(json.dumps(everything, indent=2))
        return
    for table in tables(found):
        result.print(table)
    result.print(LEGEND)


def _agents(nights: list[Night]) -> None:
    table = Table(
        "night", "pupils", "seconds", "pupils/s", "CPU ms of the worker, a pupil", "pupils changed",
        "entries", "transactions",
    )  # fmt: skip
    for one in nights:
        figures = (one.pupils / one.seconds, one.worker_seconds / one.pupils * 1000)
        table.add_row(
            one.name,
            str(one.pupils),
            f"{one.seconds:.1f}",
            f"{figures[0]:.0f}",
            f"{figures[1]:.2f}",
            str(one.changed),
            str(one.entries),
            str(one.commits),
        )
    result.print(table)


def _interleaved(
    url: str, cases: dict[str, list[Request]], width: int, *, seconds: int, rounds: int
) -> dict[str, Outcome]:
    """Every case once a round, so that what else the machine does falls on all alike."""
    found: dict[str, list[Outcome]] = {name: [] for name in cases}
    for number in range(rounds):
        for name, requests in cases.items():
            progress.print(f"[dim]{name}, {width} connections, round {number + 1}[/]")
            try:
                found[name].append(run(url, requests, connections=width, seconds=seconds))
            except NoLoadGenerator as error:
                raise Failure(str(error)) from None
    return {name: middle(outcomes) for name, outcomes in found.items()}


def _row(table: Table, name: str, width: int, one: Outcome) -> None:
    figures = (f"{one.per_second:.0f}", f"{one.p50:.1f}", f"{one.p95:.1f}", f"{one.p99:.1f}")
    table.add_row(name, str(width), *figures, str(one.failed))


def _rows(found: dict[str, float]) -> None:
    table = Table("way", f"ms for {found['rows']:.0f} rows", "ratio to record")
    for name in ("orm", "core", "record"):
        table.add_row(name, f"{found[name]:.2f}", f"{found[name] / found['record']:.1f}")
    result.print(table)


def _cases(school: School) -> dict[str, list[Request]]:
    """The documents, each for everyone it is made for."""
    dashboard = (DOCUMENTS / "Dashboard.graphql").read_text()
    pupils = (DOCUMENTS / "CoachPupils.graphql").read_text()
    now = datetime.now(UTC).isoformat()
    return {
        "__typename": [
            Request(student["token"], "{ __typename }", {}) for student in school["students"]
        ],
        "Dashboard": [
            Request(student["token"], dashboard, {"studentId": student["id"]})
            for student in school["students"]
        ],
        "CoachPupils": [
            Request(coach["token"], pupils, {"first": 50, "now": now})
            for coach in school["coaches"]
        ],
    }
