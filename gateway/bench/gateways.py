"""A gateway as a process of its own, to be measured, asked and mistreated."""

import os
import resource
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.cli.display import Failure
from gateway.embedded.processes import appending
from gateway.settings import ROOT, Settings, inherited

HOST = "127.0.0.1"
PATIENCE = 60.0  # seconds to come up, on a machine that has other work
GRACE = 20.0  # seconds to end in order
ATTEMPTS = 20
FILES = 65_536
UNLIMITED = "1000000000"


class Gateway:
    """`scripts/nexus serve` on a port of its own, with limits that do not limit."""

    def __init__(self, settings: Settings, port: int, log: Path) -> None:
        self.port = port
        self.url = f"http://{HOST}:{port}"
        self.log = log
        self._environment = inherited(
            DATABASE_URL=settings.asyncpg_dsn,
            REDIS_URL=settings.redis_url or "",
            NEXUS_HOME=str(settings.home),
            NEXUS_HOST=HOST,
            NEXUS_PORT=str(port),
            NEXUS_JWT_SECRET=settings.signing_secret() or "",
            NEXUS_RATE_WRITES=UNLIMITED,
            NEXUS_STREAM_CONNECTIONS=UNLIMITED,
            NEXUS_STREAM_SUBSCRIPTIONS=UNLIMITED,
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Serve; again where the database was away for a moment."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self._spawn()
            while time.monotonic() < deadline and self.alive:
                if self._ready():
                    return
                time.sleep(0.05)
            self.stop()
        raise Failure(f"a gateway did not come up: see {self.log}")

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def resident(self) -> int:
        """Bytes of memory that the process holds."""
        pages = int((self._proc / "statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    @property
    def worked(self) -> float:
        """Seconds of CPU that the process has had."""
        stat = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def _proc(self) -> Path:
        if self._process is None:
            raise Failure("the gateway is not running")
        return Path(f"/proc/{self._process.pid}")

    def kill(self) -> None:
        """End without a word: SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End in order, or else by force."""
        if self._process is not None and self.alive:
            self._process.terminate()
            try:
                self._process.wait(GRACE)
            except subprocess.TimeoutExpired:
                self.kill()

    def _spawn(self) -> None:
        with appending(self.log) as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gateway.cli", "serve"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,  # Ctrl-C reaches only us, and we tell it
            )

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/ready", timeout=2) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def serving(settings: Settings, port: int) -> Iterator[Gateway]:
    """A gateway, ended at the end."""
    logs = settings.home / "logs"
    logs.mkdir(exist_ok=True)
    gateway = Gateway(settings, port, logs / f"gateway-{port}.log")
    try:
        gateway.start()
        yield gateway
    finally:
        gateway.stop()


def many_files() -> None:
    """Let this process and its children hold thousands of sockets."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
