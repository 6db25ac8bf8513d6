"""The contest: equal answers first, then warm-up, then everybody in turn, round after round."""

import http.client
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gateway.bench.peers import wrk
from gateway.bench.peers.contestants import OPERATIONS, Contestant, Field
from gateway.bench.peers.facts import difference
from gateway.bench.peers.processes import Server, cpu_seconds, serving
from gateway.bench.peers.wrk import Load, Request
from gateway.cli.display import Failure, progress

COMPARED = {"dashboard": 40, "pupils": 8}  # answers that are compared, of each contestant
WARMING = 16  # connections
QUIET = 0.1  # of a core: what servers do that have nothing left to do
LONGEST_UNREST = 30.0  # seconds


@dataclass(frozen=True)
class Run:
    """One run, and the seconds of CPU that the server, PostgreSQL and Valkey spent meanwhile."""

    contestant: str
    operation: str
    connections: int
    load: Load
    server_cpu: float
    postgres_cpu: float
    redis_cpu: float


@dataclass(frozen=True)
class Stage:
    """The servers that run, and the requests prepared for each contestant and operation."""

    contestants: Sequence[Contestant]
    servers: dict[str, Server]
    files: dict[tuple[str, str], Path]
    postgres: int
    redis: int


@contextmanager
def staged(field: Field, home: Path, *, postgres: int, redis: int) -> Iterator[Stage]:
    """Start the servers, see that all say the same, and prepare the requests."""
    with ExitStack() as stack:
        servers = {}
        for name, plan in field.servers.items():
            progress.print(f"[dim]starting {name}[/]")
            servers[name] = stack.enter_context(
                serving(name, plan.command, plan.environment, logs=home, copies=plan.copies)
            )
        for operation in OPERATIONS:
            _compare(field.contestants, servers, operation)
        files = {}
        for one in field.contestants:
            port = servers[one.server].port
            for operation in OPERATIONS:
                requests = one.requests(operation)
                if one.keeps:
                    progress.print(f"[dim]{one.name} is asked every {operation} once[/]")
                    _lap(port, requests)
                if one.conditional:
                    requests = [_tagged(port, request) for request in requests]
                file = home / f"{one.name.replace(' ', '-')}.{operation}.requests"
                wrk.write(file, port, requests)
                files[one.name, operation] = file
        yield Stage(field.contestants, servers, files, postgres, redis)


def measured(
    stage: Stage, *, widths: Sequence[int], rounds: int, seconds: int, warming: int
) -> Iterator[Run]:
    """Warm everybody up, looking at each answer; then everybody in turn, round after round."""
    for one in stage.contestants:
        for operation in OPERATIONS:
            progress.print(f"[dim]warming up {one.name}, {operation}[/]")
            load = _load(stage, one, operation, WARMING, warming, check=True)
            _settle([*stage.servers[one.server].pids, stage.postgres])
            if load.failed:
                raise Failure(f"{one.name} failed {load.failed} of {load.requests} {operation}")
    for number in range(rounds):
        for operation in OPERATIONS:
            for width in widths:
                progress.print(f"[dim]round {number + 1}: {operation}, {width} connections[/]")
                for one in stage.contestants:
                    yield _run(stage, one, operation, width, seconds)


def _run(stage: Stage, one: Contestant, operation: str, width: int, seconds: int) -> Run:
    groups = (stage.servers[one.server].pids, (stage.postgres,), (stage.redis,))
    before = [cpu_seconds(pids) for pids in groups]
    load = _load(stage, one, operation, width, seconds)
    spent = [cpu_seconds(pids) - was for pids, was in zip(groups, before, strict=True)]
    _settle([pid for pids in groups for pid in pids])
    return Run(one.name, operation, width, load, *spent)


def _settle(pids: Sequence[int]) -> None:
    """Wait until nobody works for clients that have left: it would fall on who comes next."""
    deadline = time.monotonic() + LONGEST_UNREST
    busy = True
    while busy and time.monotonic() < deadline:
        began, before = time.monotonic(), cpu_seconds(pids)
        time.sleep(0.25)
        busy = cpu_seconds(pids) - before > QUIET * (time.monotonic() - began)


def _load(
    stage: Stage,
    one: Contestant,
    operation: str,
    width: int,
    seconds: int,
    *,
    check: bool = False,
) -> Load:
    return wrk.run(
        stage.servers[one.server].port,
        stage.files[one.name, operation],
        connections=width,
        seconds=seconds,
        expected=304 if one.conditional else 200,
        check=check,
    )


def _compare(contestants: Sequence[Contestant], servers: dict[str, Server], operation: str) -> None:
    """Everybody's answers to the same questions; Failure where one says something else."""
    first, *others = [one for one in contestants if one.name != "bare answer"] or contestants
    count = COMPARED[operation]
    expected = [_facts(first, servers, operation, request) for request in
                first.requests(operation)[:count]]  # fmt: skip
    for one in others:
        for wanted, request in zip(expected, one.requests(operation), strict=False):
            found = _facts(one, servers, operation, request)
            if said := difference(wanted, found):
                raise Failure(f"{operation}: {first.name} and {one.name} differ at {said}")


def _facts(one: Contestant, servers: dict[str, Server], operation: str, request: Request) -> Any:
    status, _, body = _ask(servers[one.server].port, request)
    answer = json.loads(body or b"{}")
    if status != 200 or answer.get("errors") or not answer.get("data"):
        raise Failure(f"{one.name} answers {status} to {operation}: {body[:300]!r}")
    return one.facts(operation, answer["data"])


def _lap(port: int, requests: Sequence[Request]) -> None:
    """Every request once to each of the processes, which are handed connections in turn."""
    connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=30) for _ in range(2)]
    for connection in connections:
        connection.connect()
    for one in requests:
        for connection in connections:  # both in turn: who is silent for long is cut off
            connection.request(one.method, one.path, one.body or None, dict(one.headers))
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise Failure(f"{one.method} answers {answer.status}")
    for connection in connections:
        connection.close()


def _tagged(port: int, request: Request) -> Request:
    """The request of who has the answer already."""
    status, tag, _ = _ask(port, request)
    if status != 200 or tag is None:
        raise Failure(f"no ETag to ask again with: {request.method} answers {status}")
    tagged = replace(request, headers={**request.headers, "If-None-Match": tag})
    if (status := _ask(port, tagged)[0]) != 304:
        raise Failure(f"the answer's own ETag is answered by {status}, not by 304")
    return tagged


def _ask(port: int, request: Request) -> tuple[int, str | None, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(
            request.method, request.path, request.body or None, dict(request.headers)
        )
        answer = connection.getresponse()
        return answer.status, answer.headers.get("ETag"), answer.read()
    finally:
        connection.close()
