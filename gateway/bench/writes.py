"""What a change costs: `completeTask` over HTTP, on as many pupils as tasks and on one alone."""

import asyncio
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import URLError

import asyncpg

from gateway.bench.load import Outcome, Request, run
from gateway.cli.database import upgrade
from gateway.cli.display import Failure
from gateway.embedded import embedded
from gateway.settings import ROOT, Settings, inherited
from gateway.tokens import mint
from models.base import uuid7
from services import demo_school

PUPILS = 500
TASKS = 6000  # of each case: more than a run can complete
COMPLETE = """
mutation CompleteTask($id: ID!) {
  completeTask(input: {id: $id}) { task { id status } events { seq } errors { message } }
}
"""


def measure(settings: Settings, *, connections: int, seconds: int) -> dict[str, Outcome]:
    """Both cases on a school of their own, with rates that do not limit; `failed` are refusals."""
    with TemporaryDirectory(prefix="nexus-") as home:
        alone = settings.model_copy(update={"home": Path(home)})
        with embedded(alone) as servers:
            reached = servers.within(alone)
            upgrade(reached)
            cases = asyncio.run(_prepare(reached))
            with _serving(reached) as url:
                return {
                    name: _run(reached, url, requests, connections=connections, seconds=seconds)
                    for name, requests in cases.items()
                }


def _run(
    settings: Settings, url: str, requests: list[Request], *, connections: int, seconds: int
) -> Outcome:
    """One run; what counts is what the tables hold afterwards."""
    before = asyncio.run(_done(settings))
    outcome = run(url, requests, connections=connections, seconds=seconds, ordered=True)
    done = asyncio.run(_done(settings)) - before
    sent = outcome.per_second * seconds
    return Outcome(
        done / seconds, outcome.p50, outcome.p95, outcome.p99, max(0, round(sent) - done)
    )


async def _done(settings: Settings) -> int:
    connection = await asyncpg.connect(settings.asyncpg_dsn)
    count: int = await connection.fetchval(
        "SELECT count(*) FROM nexus_app.events WHERE kind = 'TASK_COMPLETED' AND at > $1",
        datetime.now(UTC) - timedelta(hours=1),
    )
    await connection.close()
    return count


async def _prepare(settings: Settings) -> dict[str, list[Request]]:
    """Open tasks for both cases, and the requests that complete them."""
    secret = settings.signing_secret() or ""
    now = datetime.now(UTC)
    connection = await asyncpg.connect(settings.asyncpg_dsn)
    await demo_school.load(connection, now.date(), scale=PUPILS)
    pupils = await connection.fetch("SELECT id, user_id FROM nexus_app.students ORDER BY id")

    async def requests(chosen: list[Any]) -> list[Request]:
        tokens = {
            pupil["id"]: mint(
                secret, sub=pupil["user_id"], role="STUDENT", ttl=timedelta(hours=1), now=now
            )
            for pupil in chosen
        }
        owners = [chosen[i % len(chosen)]["id"] for i in range(TASKS)]
        ids = [uuid7() for _ in owners]
        await connection.execute(
            "INSERT INTO nexus_app.tasks (id, student_id, label, category, weight, status, source,"
            " created_at) SELECT id, owner, 'x', 'AUTRE', 1, 'Todo', 'Coach', $3"
            " FROM unnest($1::uuid[], $2::uuid[]) AS t (id, owner)",
            ids,
            owners,
            now,
        )
        return [
            Request(tokens[owner], COMPLETE, {"id": str(id)})
            for id, owner in zip(ids, owners, strict=True)
        ]

    found = {
        "completeTask, distinct pupils": await requests(list(pupils)),
        "completeTask, one pupil": await requests([pupils[0]]),
    }
    await connection.execute("ANALYZE")
    await connection.close()
    return found


@contextmanager
def _serving(settings: Settings) -> Iterator[str]:
    """A gateway of our own on a free port."""
    port = 18765
    url = f"http://127.0.0.1:{port}"
    environment = inherited(
        DATABASE_URL=settings.asyncpg_dsn,
        REDIS_URL=settings.redis_url or "",
        NEXUS_HOME=str(settings.home),
        NEXUS_PORT=str(port),
        NEXUS_RATE_WRITES="1000000000",
    )
    child = subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "serve"], cwd=ROOT, env=environment
    )
    try:
        _wait(url, child)
        yield url
    finally:
        child.terminate()
        child.wait(20)


def _wait(url: str, child: "subprocess.Popen[bytes]") -> None:
    for _ in range(100):
        if child.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{url}/ready", timeout=2)  # noqa: S310  our own address
            return
        except (URLError, OSError):
            time.sleep(0.2)
    raise Failure("the gateway to be measured did not come up")
