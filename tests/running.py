"""`scripts/run` as a process of a test: started, asked, stopped, killed."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncpg
import httpx2

from gateway.settings import ROOT

READY = "Ctrl-C"
PATIENCE = 90


class Run:
    """One `scripts/run` without its making of the environment; killed at the end if need be."""

    def __init__(self, home: Path, port: int, *words: str) -> None:
        self.home = home
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", *(words or ["run"])],
            cwd=ROOT,
            env={"PATH": os.defpath, "NEXUS_HOME": str(home), "NEXUS_PORT": str(port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = ""
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.stop(signal.SIGTERM)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if READY in line:
                self._ready.set()
        self._ready.set()

    def ready(self) -> Self:
        assert self._ready.wait(PATIENCE), self.said
        assert READY in self.said, self.said
        return self

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        code = self.process.wait(PATIENCE)
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def status(self) -> int:
        return httpx2.get(f"{self.url}/health", timeout=10).status_code

    def sql(self, statement: str) -> list[str]:
        async def ask() -> list[str]:
            address = json.loads((self.home / "servers.json").read_text())["database_url"]
            connection = await asyncpg.connect(address)
            try:
                return [str(row[0]) for row in await connection.fetch(statement)]
            finally:
                await connection.close()

        return asyncio.run(ask())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def living(home: Path) -> dict[int, str]:
    """The processes that have to do with a home, each with its command."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            environment = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if str(home) in command or f"NEXUS_HOME={home}".encode() in environment:
            found[int(process.name)] = command
    return found
