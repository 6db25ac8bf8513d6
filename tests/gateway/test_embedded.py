"""The servers we bring along: started, shared, stopped, and recovered after any end."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from gateway.embedded import EmbeddedError, HomeInUse, Servers, embedded, has_data, owner
from gateway.embedded.account import Account
from gateway.embedded.postgres import Postgres
from gateway.embedded.processes import wait_until
from gateway.embedded.valkey import Valkey
from gateway.settings import Settings, load

NOTE = "CREATE TABLE IF NOT EXISTS note (said text)"

Homes = Callable[..., Settings]


@pytest.fixture
def home(tmp_path: Path) -> Homes:
    """Settings that name no servers, at home in a directory of the test's own."""

    def settle(*parts: str) -> Settings:
        path = tmp_path.joinpath(*parts) if parts else tmp_path / "home"
        return load(home=path, database_url=None, redis_url=None, env="development")

    return settle


def ask(servers: Servers, *statements: str) -> list[str]:
    """Run statements; the rows of the last, as text."""

    async def run() -> list[str]:
        connection = await asyncpg.connect(servers.database_url)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return [str(row[0]) for row in await connection.fetch(statements[-1])]
        finally:
            await connection.close()

    return asyncio.run(run())


def ping(servers: Servers) -> bytes:
    path = servers.redis_url.removeprefix("unix://").partition("?")[0]
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(path)
        line.sendall(b"PING\r\n")
        return line.recv(16)


def serving(directory: Path) -> list[int]:
    """The processes whose command line names this directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(directory).encode() in command and int(process.name) != os.getpid():
            found.append(int(process.name))
    return found


def test_both_servers_answer_and_nothing_runs_afterwards(home: Homes) -> None:
    settings = home()
    with embedded(settings, durable=False) as servers:
        assert ask(servers, "SELECT current_database()") == ["nexus"]
        assert ping(servers).startswith(b"+PONG")
        assert serving(settings.home)
    assert serving(settings.home) == []
    assert owner(settings) is None


def test_the_database_knows_accented_letters(home: Homes) -> None:
    with embedded(home(), durable=False) as servers:
        assert ask(servers, "SELECT lower('ÉPREUVE À L’ŒUVRE')") == ["épreuve à l’œuvre"]
        assert ask(servers, "SHOW server_encoding") == ["UTF8"]


def test_data_outlives_the_servers(home: Homes) -> None:
    settings = home()
    assert not has_data(settings)
    with embedded(settings) as servers:
        ask(servers, NOTE, "INSERT INTO note VALUES ('kept')", "SELECT 1")
    assert has_data(settings)
    with embedded(settings) as servers:
        assert ask(servers, "SELECT said FROM note") == ["kept"]


def test_nothing_is_started_for_who_names_both_servers(home: Homes) -> None:
    named = home().model_copy(update={"database_url": "postgresql://d/n", "redis_url": "redis://r"})
    with embedded(named) as servers:
        assert servers == Servers("postgresql://d/n", "redis://r")
    assert not named.home.exists()


def test_only_the_server_that_is_not_named_is_started(home: Homes) -> None:
    named = home().model_copy(update={"database_url": "postgresql://d/n"})
    with embedded(named) as servers:
        assert servers.database_url == "postgresql://d/n"
        assert ping(servers).startswith(b"+PONG")
    assert not has_data(named)


def test_a_second_owner_is_told_who_the_first_is(home: Homes) -> None:
    settings = home()
    with embedded(settings, durable=False) as servers:
        with pytest.raises(HomeInUse, match=f"in use by process {os.getpid()}") as refused:
            embedded(settings).__enter__()
        assert refused.value.pid == os.getpid()
        assert ping(servers).startswith(b"+PONG")


def test_who_shares_gets_the_servers_that_run_and_leaves_them_running(home: Homes) -> None:
    settings = home()
    with embedded(settings, durable=False, gateway_url="http://here") as servers:
        with embedded(settings, share=True) as shared:
            assert shared == servers
            assert shared.gateway_url == "http://here"
        assert ping(servers).startswith(b"+PONG")


def test_who_shares_where_nothing_runs_starts_the_servers(home: Homes) -> None:
    settings = home()
    with embedded(settings, share=True, durable=False) as servers:
        assert owner(settings) == os.getpid()
        assert ask(servers, "SELECT 1") == ["1"]
    assert serving(settings.home) == []


def test_two_homes_live_side_by_side(home: Homes) -> None:
    with (
        embedded(home("one"), durable=False) as one,
        embedded(home("two"), durable=False) as two,
    ):
        ask(one, NOTE, "INSERT INTO note VALUES ('one')", "SELECT 1")
        assert ask(two, "SELECT to_regclass('note')") == ["None"]
        assert one.redis_url != two.redis_url


@pytest.mark.parametrize("name", ["x" * 120, "élève, c'est l'été %41"])
def test_a_home_may_have_any_name(home: Homes, name: str) -> None:
    settings = home(name)
    with embedded(settings, durable=False) as servers:
        assert ask(servers, "SELECT 1") == ["1"]
        assert ping(servers).startswith(b"+PONG")
        sockets = Path((settings.home / "socket-directory").read_text())
        assert sockets.stat().st_mode & 0o777 == 0o700
    assert not sockets.exists()


def test_no_directory_is_opened_for_the_servers(home: Homes, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with embedded(home("closed", "home"), durable=False) as servers:
        assert ask(servers, "SELECT 1") == ["1"]
    assert closed.stat().st_mode & 0o777 == 0o700
    assert closed.stat().st_uid == os.geteuid()
    assert (closed / "home").stat().st_mode & 0o777 == 0o700


def test_half_a_cluster_is_thrown_away(home: Homes) -> None:
    settings = home()
    half = settings.home / "servers" / "making-abc"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with embedded(settings, durable=False) as servers:
        assert ask(servers, "SELECT 1") == ["1"]
    assert not half.exists()


def test_a_cluster_of_another_version_is_left_alone(home: Homes) -> None:
    settings = home()
    cluster = settings.home / "servers" / "postgres"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedError, match="was made by PostgreSQL 9"):
        embedded(settings).__enter__()
    assert [file.name for file in cluster.iterdir()] == ["PG_VERSION"]
    assert owner(settings) is None


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def test_a_pid_that_is_another_program_by_now_is_left_alone(
    home: Homes, bystander: subprocess.Popen[bytes]
) -> None:
    settings = home()
    with embedded(settings, durable=False) as servers:
        data = settings.home / "servers" / "postgres"
        lines = (data / "postmaster.pid").read_text().splitlines()
        sockets = Path(servers.redis_url.removeprefix("unix://").partition("?")[0]).parent
    stale = "\n".join([str(bystander.pid), *lines[1:]]) + "\n"
    (data / "postmaster.pid").write_text(stale)
    (sockets / ".s.PGSQL.5432.lock").write_text(stale)
    (settings.home / "servers" / "valkey" / "valkey.pid").write_text(f"{bystander.pid}\n")
    (settings.home / "lock").write_text(str(bystander.pid))
    with embedded(settings, durable=False) as servers:
        assert ask(servers, "SELECT 1") == ["1"]
        assert ping(servers).startswith(b"+PONG")
    assert bystander.poll() is None


def test_servers_left_behind_are_ended_and_their_data_kept(home: Homes) -> None:
    settings = home()
    with embedded(settings) as servers:
        ask(servers, NOTE, "INSERT INTO note VALUES ('kept')", "SELECT 1")
    directory = settings.home / "servers"
    account = Account.choose(directory, [Postgres.executable(), Valkey.executable()])
    unbound = replace(account, follows=False)  # as where nothing ends with its starter
    log = settings.home / "logs" / "left.log"
    postgres = Postgres(directory, directory / "sockets", unbound, log)
    valkey = Valkey(directory, directory / "sockets", unbound, log)
    postgres.start()
    valkey.start()
    left = serving(directory)
    assert len(left) >= 2
    with embedded(settings) as servers:
        assert ask(servers, "SELECT said FROM note") == ["kept"]
        assert ping(servers).startswith(b"+PONG")
        assert not set(left) & set(serving(directory))
    assert serving(directory) == []
    valkey.stop()  # both are long gone; this only collects their exit codes
    postgres.stop()


KILLED = """
import os, signal, sys
from pathlib import Path
from gateway.embedded import embedded
from gateway.settings import load
with embedded(load(home=Path(sys.argv[1]), database_url=None, redis_url=None)):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killing_the_owner_leaves_nothing_in_the_way(home: Homes) -> None:
    settings = home()
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", KILLED, str(settings.home)], check=False)
        assert done.returncode == -signal.SIGKILL
    with embedded(settings) as servers:
        assert ask(servers, "SELECT 1") == ["1"]


def test_a_database_server_that_was_killed_recovers(home: Homes) -> None:
    settings = home()
    data = settings.home / "servers" / "postgres"
    with embedded(settings) as servers:
        ask(servers, NOTE, "INSERT INTO note VALUES ('kept')", "SELECT 1")
        pid = int((data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
    with embedded(settings) as servers:
        assert ask(servers, "SELECT said FROM note") == ["kept"]


def test_a_home_that_cannot_be_made_is_said_in_one_line(home: Homes, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedError, match="cannot be used as NEXUS_HOME"):
        embedded(home("file", "home")).__enter__()


def test_servers_end_with_their_starter_where_the_system_can_and_with_the_next_elsewhere(
    home: Homes,
) -> None:
    settings = home()
    follow = Account.choose(settings.home / "servers", []).follows
    subprocess.run([sys.executable, "-c", KILLED, str(settings.home)], check=False)
    assert wait_until(lambda: serving(settings.home) == [], 15 if follow else 0) is follow
    with embedded(settings) as servers:
        assert ask(servers, "SELECT 1") == ["1"]
    assert serving(settings.home) == []
