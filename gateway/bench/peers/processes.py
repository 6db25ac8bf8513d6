"""Servers under measurement: started on loopback, asked for their CPU time, stopped by pid."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError

from gateway.bench.peers.dispatch import dispatching
from gateway.cli.display import Failure
from gateway.settings import ROOT, inherited

_PATIENCE = 60  # seconds to answer for the first time
_GRACE = 10  # seconds to end
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """Some processes behind one port."""

    port: int
    pids: tuple[int, ...]


@contextmanager
def serving(
    name: str,
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    *,
    logs: Path,
    copies: int | None = None,
) -> Iterator[Server]:
    """Start a server and wait until it answers; stop it at the end.

    With `copies`, so many processes are handed connections in turn, each through the channel whose
    number is its last word. Without, one process opens BENCH_PORT itself. They end when their
    channel or their standard input does, so that none outlives us.
    """
    log = logs / f"{name}.log"
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=2048))
        port: int = listener.getsockname()[1]
        environment = {**environment, "BENCH_PORT": str(port)}
        if copies is None:
            listener.close()
            children = [_start(stack, command, environment, log)]
        else:
            ours, theirs = zip(*(_channel(stack) for _ in range(copies)), strict=True)
            children = [_start(stack, command, environment, log, end) for end in theirs]
            for end in theirs:
                end.close()
            stack.enter_context(dispatching(listener, ours))
        for _ in children:
            _wait(name, port, children, log)
        yield Server(port, tuple(child.pid for child in children))


def _channel(stack: ExitStack) -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return stack.enter_context(ours), stack.enter_context(theirs)


def _start(
    stack: ExitStack,
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    log: Path,
    channel: socket.socket | None = None,
) -> "subprocess.Popen[bytes]":
    given = [] if channel is None else [channel.fileno()]
    with log.open("ab") as out:
        child = subprocess.Popen(  # noqa: S603  our own servers
            [*map(str, command), *map(str, given)],
            cwd=ROOT,
            env=inherited(**environment),
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=out,
            pass_fds=given,
            start_new_session=True,
        )
    stack.callback(_stop, child)
    return child


def _wait(name: str, port: int, children: Sequence["subprocess.Popen[bytes]"], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and all(child.poll() is None for child in children):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
        except HTTPError:
            return  # it answers, if only that it has no such page
        except (URLError, OSError):
            time.sleep(0.1)
        else:
            return
    words = " | ".join(log.read_text(errors="replace").split("\n")[-6:])
    raise Failure(f"{name} did not come up: {words.strip(' |')}")


def _stop(child: "subprocess.Popen[bytes]") -> None:
    """End it and what it started, by their pids."""
    family = tree(child.pid)
    child.terminate()
    if child.stdin:
        child.stdin.close()
    try:
        child.wait(_GRACE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    deadline = time.monotonic() + _GRACE
    while (left := [pid for pid in family if pid != child.pid and _is_alive(pid)]) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.05)
    for pid in left:
        os.kill(pid, signal.SIGKILL)


def _is_alive(pid: int) -> bool:
    found = _stat(pid)
    return found is not None and found[0] not in "ZX"


def tree(pid: int) -> list[int]:
    """A process and everything below it."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))):
            below.setdefault(int(stat[1]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += below.get(one, [])
    return found


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time so far of these processes, of what they started, and of what ended."""
    total = 0
    for root in pids:
        for pid in tree(root):
            if stat := _stat(pid):
                total += int(stat[11]) + int(stat[12])
                if pid == root:
                    total += int(stat[13]) + int(stat[14])  # of children it has waited for
    return total / _TICKS


def _stat(pid: int) -> list[str] | None:
    """The words of /proc/PID/stat from the state on."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
