"""The load: prepared requests, sent by wrk over kept connections."""

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.cli.display import Failure

SCRIPT = Path(__file__).with_name("requests.lua")


@dataclass(frozen=True)
class Request:
    """One HTTP request; `headers` are those beside the length and the host."""

    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"

    def sent(self, port: int) -> bytes:
        """The request as it travels."""
        lines = [
            f"{self.method} {self.path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
            *([f"Content-Length: {len(self.body)}"] if self.method == "POST" else []),
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


@dataclass(frozen=True)
class Load:
    """What one run of wrk saw; latencies in milliseconds, `failed` among the requests."""

    requests: int
    seconds: float
    bytes: int
    p50: float
    p95: float
    p99: float
    failed: int


def executable() -> str:
    """Where wrk is; Failure where it is not."""
    found = shutil.which("wrk")
    if found is None:
        raise Failure("wrk is not installed (Debian: apt-get install wrk)")
    return found


def write(file: Path, port: int, requests: Iterable[Request]) -> None:
    """Prepare the file that the script reads."""
    with file.open("wb") as out:
        for one in requests:
            text = one.sent(port)
            out.write(b"%d\n%b" % (len(text), text))


def run(
    port: int, file: Path, *, connections: int, seconds: int, expected: int, check: bool = False
) -> Load:
    """Send the requests in turn for some seconds; `check` looks at every answer."""
    told = subprocess.run(  # noqa: S603  our own script, a program from PATH
        [executable(), "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "30s",
         "-s", str(SCRIPT), f"http://127.0.0.1:{port}", "--", str(file), str(expected),
         "check" if check else "trust"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if told.returncode:
        said = " ".join((told.stderr or told.stdout).split())
        raise Failure(f"wrk failed ({told.returncode}): {said[-300:]}")
    return Load(**json.loads(told.stdout.strip().splitlines()[-1]))
