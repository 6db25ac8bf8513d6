"""The load: which requests are sent, and what came back."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

SCRIPT = Path(__file__).with_name("post.lua")


class NoLoadGenerator(Exception):
    """wrk is not on this machine."""


@dataclass(frozen=True)
class Request:
    token: str
    query: str
    variables: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """One run: requests per second, and latencies in milliseconds."""

    per_second: float
    p50: float
    p95: float
    p99: float
    failed: int


def run(
    url: str,
    requests: Sequence[Request],
    *,
    connections: int,
    seconds: int,
    ordered: bool = False,
) -> Outcome:
    """Send the requests in turn over kept connections, for some seconds.

    `ordered` begins with the first, for requests that work once.
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        raise NoLoadGenerator("wrk is not installed (Debian: apt-get install wrk)")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listed:
        for request in requests:
            body = json.dumps({"query": request.query, "variables": request.variables})
            listed.write(f"{request.token}\t{body}\n")
        listed.flush()
        told = subprocess.run(  # noqa: S603  our own script, a program from PATH
            [wrk, "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "30s",
             "-s", str(SCRIPT), url, "--", listed.name, "ordered" if ordered else "anywhere"],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    found = json.loads(told.stdout.strip().splitlines()[-1])
    return Outcome(
        found["requests"] / found["seconds"],
        found["p50"],
        found["p95"],
        found["p99"],
        found["failed"],
    )


def middle(outcomes: Sequence[Outcome]) -> Outcome:
    """The median of each figure; failures add up."""
    return Outcome(
        median(one.per_second for one in outcomes),
        median(one.p50 for one in outcomes),
        median(one.p95 for one in outcomes),
        median(one.p99 for one in outcomes),
        sum(one.failed for one in outcomes),
    )
