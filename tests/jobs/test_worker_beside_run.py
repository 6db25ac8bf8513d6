"""`scripts/run` keeps a worker beside the gateway: started, restarted, and never left behind."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from running import PATIENCE, Run, free_port, living
from working import opened


def until(condition: Callable[[], Any]) -> Any:
    """Wait until something holds, and give it; the test fails where it never does."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def workers(home: Path) -> list[int]:
    return [pid for pid, command in living(home).items() if "gateway.cli worker" in command]


def ask(run: Run) -> UUID:
    """Ask for work that only a worker can end."""
    found = json.loads((run.home / "servers.json").read_text())

    async def asking() -> UUID:
        async with opened(found["database_url"], found["redis_url"]) as office:
            return await office.ask()

    return asyncio.run(asking())


def ends(run: Run, id: UUID) -> None:
    """Wait for the end of a job."""
    status = f"SELECT status FROM nexus_app.jobs WHERE id = '{id}'"  # noqa: S608
    until(lambda: run.sql(status) == ["FAILED"])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("beside") / "home"
    yield path
    assert living(path) == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_starts_a_worker_and_takes_it_along_when_it_ends(
    home: Path, number: signal.Signals
) -> None:
    with Run(home, free_port()) as run:
        ends(run.ready(), ask(run))
        assert len(workers(home)) == 1
        assert run.stop(number) == 0
        assert "Traceback" not in run.said
    assert living(home) == {}
    said = (home / "logs" / "worker.log").read_text()
    assert "the worker has stopped" in said
    assert "Traceback" not in said


def test_a_worker_that_dies_is_started_again(home: Path) -> None:
    with Run(home, free_port()) as run:
        (first,) = until(lambda: run.ready() and workers(home))
        os.kill(first, signal.SIGKILL)
        ends(run, ask(run))
        (second,) = workers(home)
        assert second != first
        assert "the worker ended (-9) and is started again" in run.said
        assert run.status() == 200


def test_a_worker_ends_with_a_run_that_is_killed(home: Path) -> None:
    with Run(home, free_port()) as run:
        ends(run.ready(), ask(run))
        assert run.stop(signal.SIGKILL) == -signal.SIGKILL
        until(lambda: not workers(home))


def test_a_run_that_is_stopped_as_its_worker_starts_leaves_none(home: Path) -> None:
    with Run(home, free_port()) as run:
        until(lambda: run.ready() and workers(home))
        assert run.stop(signal.SIGINT) == 0
    assert living(home) == {}


def test_serve_starts_no_worker(home: Path) -> None:
    with Run(home, free_port()) as run:
        run.ready()
        until(lambda: len(workers(home)) == 1)
        with Run(home, free_port(), "serve") as serve:
            until(lambda: "serving" in serve.said)
            assert serve.status() == 200
            assert len(workers(home)) == 1
