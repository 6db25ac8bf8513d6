"""`scripts/nexus bench peers`: from nothing to the figures, leaving nothing behind."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis

from gateway.bench.peers import node, wrk
from gateway.bench.peers.contest import Run, measured, staged
from gateway.bench.peers.contestants import everybody
from gateway.bench.peers.database import scratch
from gateway.bench.peers.report import Figures, document, figures
from gateway.cli.display import Failure
from gateway.settings import Settings

WARMING = 3  # seconds, for each operation


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    pupils: int
    widths: Sequence[int]
    rounds: int
    seconds: int
    only: Sequence[str]


def compare(settings: Settings, effort: Effort) -> tuple[list[Figures], dict[str, Any]]:
    """Run the contest; the figures, and the same with all that is to be said about them."""
    wrk.executable()
    node.install()
    versions = node.versions()
    with (
        tempfile.TemporaryDirectory(prefix="nexus-peers-") as home,
        scratch(settings, Path(home) / "home", pupils=effort.pupils) as data,
    ):
        field = everybody(data)
        known = [one.name for one in field.contestants]
        if unknown := sorted(set(effort.only) - set(known)):
            raise Failure(f"{', '.join(unknown)}: not among {', '.join(known)}")
        field.keep(effort.only)
        redis = _pid(data.settings)
        with staged(field, Path(home), postgres=data.postgres, redis=redis) as stage:
            runs: list[Run] = list(
                measured(
                    stage,
                    widths=effort.widths,
                    rounds=effort.rounds,
                    seconds=effort.seconds,
                    warming=WARMING,
                )
            )
    found = figures(runs)
    return found, document(
        found,
        pupils=effort.pupils,
        rounds=effort.rounds,
        seconds=effort.seconds,
        versions={**versions, "postgresql": data.version},
    )


def _pid(settings: Settings) -> int:
    with Redis.from_url(settings.redis_url or "") as client:
        return int(client.info("server")["process_id"])
