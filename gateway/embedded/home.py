"""The home of a running Nexus: who owns it, what it serves, where its sockets are."""

import contextlib
import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.embedded.account import Account
from gateway.embedded.processes import EmbeddedError, wait_until

_PATIENCE = 90  # seconds for another process to bring its servers up
_SOCKET_PATH_LIMIT = 107  # bytes, of the kernel
_LONGEST_SOCKET_NAME = "/.s.PGSQL.5432"


class HomeInUse(EmbeddedError):
    """Another process owns the home."""

    def __init__(self, home: Path, pid: int | None) -> None:
        self.pid = pid
        holder = f"process {pid}" if pid else "another process"
        super().__init__(
            f"{home} is in use by {holder}: stop it first, or set NEXUS_HOME to another directory"
        )


@dataclass(frozen=True)
class Home:
    """`$NEXUS_HOME`, held by one process at a time; the kernel lets go when that process dies."""

    path: Path

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Own the home, or raise `HomeInUse`."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise EmbeddedError(f"{self.path} cannot be used as NEXUS_HOME: {error}") from None
        try:
            # a moment of patience, for `owner()` in another process holds the lock while it looks
            if not wait_until(lambda: _locked(lock), 0.3):
                raise HomeInUse(self.path, self._noted_owner())
            self._state.unlink(missing_ok=True)
            os.ftruncate(lock, 0)
            os.write(lock, str(os.getpid()).encode())
            try:
                yield
            finally:
                self._state.unlink(missing_ok=True)
                os.ftruncate(lock, 0)
        finally:
            os.close(lock)

    def owner(self) -> int | None:
        """The pid of the process that owns the home now."""
        with contextlib.suppress(OSError), (self.path / "lock").open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return self._noted_owner()
        return None

    def publish(self, **addresses: str | None) -> None:
        """Tell the other commands where the servers answer."""
        fresh = self._state.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps({"pid": os.getpid(), **addresses}, indent=2) + "\n")
        fresh.replace(self._state)

    def published(self) -> dict[str, str]:
        """What the present owner published, awaited while it is still starting."""
        found: dict[str, str] = {}

        def is_there() -> bool:
            owner = self.owner()
            if owner is None:
                raise EmbeddedError(
                    f"the process that served {self.path} has just ended: try again"
                )
            with contextlib.suppress(OSError, ValueError):
                state = json.loads(self._state.read_text())
                if state.get("pid") == owner:
                    found.update(state)
            return bool(found)

        if not wait_until(is_there, _PATIENCE):
            raise HomeInUse(self.path, self.owner())
        return found

    @property
    def _state(self) -> Path:
        return self.path / "servers.json"

    def _noted_owner(self) -> int | None:
        try:
            return int((self.path / "lock").read_text())
        except (OSError, ValueError):
            return None


@contextmanager
def socket_directory(home: Home, preferred: Path, account: Account) -> Iterator[Path]:
    """A private directory for sockets; a short one, remembered, when the home lies deep."""
    if _can_hold_sockets(preferred):
        account.own(preferred)
        yield preferred
        return
    note = home.path / "socket-directory"
    short = _remembered(note, account)
    if short is None:
        base = tempfile.gettempdir()
        if not _can_hold_sockets(Path(base) / "nexus-12345678"):
            base = "/tmp"  # noqa: S108 - mkdtemp makes it private
        short = Path(tempfile.mkdtemp(prefix="nexus-", dir=base))
        note.write_text(str(short))
    account.own(short)
    try:
        yield short
    finally:
        note.unlink(missing_ok=True)
        shutil.rmtree(short, ignore_errors=True)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _can_hold_sockets(directory: Path) -> bool:
    """Short enough for the kernel, and plain enough for every reader of an address."""
    plain = re.fullmatch(r"[A-Za-z0-9/._+-]+", str(directory)) is not None
    return plain and len(f"{directory}{_LONGEST_SOCKET_NAME}") <= _SOCKET_PATH_LIMIT


def _remembered(note: Path, account: Account) -> Path | None:
    """The directory of the time before, if it is still there and nobody else's."""
    try:
        directory = Path(note.read_text())
        state = directory.lstat()
    except OSError:
        return None
    ours = state.st_uid in {account.uid, os.geteuid()} and state.st_mode & 0o7777 == 0o700
    is_directory = directory.is_dir() and not directory.is_symlink()
    return directory if ours and is_directory and _can_hold_sockets(directory) else None
