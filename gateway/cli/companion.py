"""The worker that `run` keeps beside the gateway: started again when it dies, never left behind."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from gateway.cli.display import warn
from gateway.embedded.processes import appending
from gateway.settings import ROOT, Settings, inherited

SOONEST, LATEST = 1.0, 30.0  # seconds before the next start; doubled from one to the next
SOUND = 60.0  # seconds after which a worker that dies did not die of its start
PATIENCE = 12.0  # seconds for it to end; it ends by itself before


class Companion:
    """A process of its own, on a leash: a pipe that the kernel closes however we end."""

    def __init__(self, settings: Settings, log: Path | None) -> None:
        self._environment = inherited(
            NEXUS_HOME=str(settings.home),
            DATABASE_URL=settings.database_url or "",
            REDIS_URL=settings.redis_url or "",
        )
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        self._keeper.start()

    def stop(self) -> None:
        """Tell it to end; `join` waits for that."""
        with self._lock:
            self._stopping.set()
            if self._process is not None:
                self._process.terminate()

    def join(self) -> None:
        if self._process is not None:
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
            except BaseException:  # who cannot wait
                self._process.kill()
                raise
        if self._keeper.is_alive():
            self._keeper.join()

    def _keep(self) -> None:
        pause = SOONEST
        while process := self._spawn():
            began = time.monotonic()
            code = process.wait()
            if process.stdin is not None:
                process.stdin.close()
            if self._stopping.is_set():
                return
            if time.monotonic() - began > SOUND:
                pause = SOONEST
            where = f" (see {self._log})" if self._log else ""
            warn(f"the worker ended ({code}) and is started again in {pause:.0f} s{where}")
            self._stopping.wait(pause)
            pause = min(pause * 2, LATEST)

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            with appending(self._log) if self._log else nullcontext() as out:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "gateway.cli", "worker", "--leash"],
                    cwd=ROOT,
                    env=self._environment,
                    stdin=subprocess.PIPE,
                    stdout=out,
                    stderr=out,
                    start_new_session=True,  # Ctrl-C reaches only us, and we tell it
                )
            return self._process


@contextmanager
def companion(settings: Settings, log: Path | None) -> Iterator[Companion]:
    """A worker that is not started yet, and is gone at the end."""
    worker = Companion(settings, log)
    try:
        yield worker
    finally:
        worker.stop()
        worker.join()
