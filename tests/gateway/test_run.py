"""`scripts/run` as a person uses it: started, stopped, killed, and started again."""

import json
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Run, free_port, living


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a run that was, for the first time, started and stopped."""
    path = tmp_path_factory.mktemp("run") / "home"
    with Run(path, free_port()) as first:
        said = first.ready().said
        assert f"GraphiQL   {first.url}/graphql" in said
        for role in ("STUDENT", "PARENT", "COACH", "ADMIN"):
            assert f"{role} " in said
        assert said.count("\neyJ") == 4
        assert first.status() == 200
    assert living(path) == {}
    yield path
    assert living(path) == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_within_seconds(home: Path, number: signal.Signals) -> None:
    with Run(home, free_port()) as run:
        run.ready()
        began = time.monotonic()
        assert run.stop(number) == 0
        assert time.monotonic() - began < 10
    assert living(home) == {}
    assert not (home / "servers.json").exists()
    assert "Traceback" not in run.said


def test_a_killed_run_is_followed_by_one_that_has_its_data(home: Path) -> None:
    with Run(home, free_port()) as run:
        run.ready().sql("CREATE TABLE public.note AS SELECT 'kept' AS said")
        pupils = run.sql("SELECT count(*) FROM nexus_app.students")
        assert run.stop(signal.SIGKILL) == -signal.SIGKILL
    with Run(home, free_port()) as again:
        assert again.ready().sql("SELECT said FROM public.note") == ["kept"]
        assert again.sql("SELECT count(*) FROM nexus_app.students") == pupils
        again.sql("DROP TABLE public.note")


def test_a_second_run_in_the_same_home_is_told_who_has_it(home: Path) -> None:
    with Run(home, free_port()) as first:
        first.ready()
        with Run(home, free_port()) as second:
            assert second.ended() == 1
            assert f"in use by process {first.process.pid}" in second.said
            assert second.said.count("\n") == 1
        assert first.status() == 200


def test_two_homes_run_side_by_side(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    with Run(home, free_port()) as one, Run(other, free_port()) as two:
        assert (one.ready().status(), two.ready().status()) == (200, 200)
        assert one.stop(signal.SIGINT) == 0
        assert two.status() == 200
    assert living(other) == {}


def test_a_taken_port_is_said_before_anything_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with Run(tmp_path / "home", port) as run:
            assert run.ended() == 1
    assert f"127.0.0.1:{port} is taken" in run.said
    assert run.said.count("\n") == 1
    assert not (tmp_path / "home").exists()


def test_other_commands_find_the_servers_of_a_run(home: Path) -> None:
    with Run(home, free_port()) as run:
        run.ready()
        with Run(home, free_port(), "demo", "--json") as demo:
            assert demo.ended() == 0
        printed = json.loads(demo.said[demo.said.index("{") :])
        assert printed["url"] == run.url
        assert run.status() == 200


def test_an_interrupted_first_start_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "home"
    with Run(path, free_port()) as run:
        while not (path / "logs" / "postgres.log").exists():
            assert run.process.poll() is None, run.said
            time.sleep(0.02)
        assert run.stop(signal.SIGINT) == 128 + signal.SIGINT
        assert "Traceback" not in run.said
    assert living(path) == {}
    with Run(path, free_port()) as again:
        assert again.ready().status() == 200
