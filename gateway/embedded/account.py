"""Who the servers run as: ourselves; or, when we are root, an account that may do little.

PostgreSQL refuses to run as root. No directory is opened to others for it: where the account
cannot pass a directory that only root may enter, it is given the capability to pass, and no other.
"""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from gateway.embedded.processes import EmbeddedError

_PREFERRED = ("postgres", "nobody")
_REACH = ("", "dac_read_search", "dac_override")  # the least first


@dataclass(frozen=True)
class Account:
    """An identity for server processes, and the words that put a command under it."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()
    follows: bool = False

    @classmethod
    def choose(cls, directory: Path, executables: Sequence[Path]) -> Self:
        """Settle who serves this directory, and hand the directory over."""
        setpriv = shutil.which("setpriv")
        follows = setpriv is not None and _works([setpriv, "--pdeathsig", "TERM", "true"])
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.geteuid() != 0:
            account = cls(
                os.geteuid(), os.getegid(), (setpriv,) if follows and setpriv else (), follows
            )
            if directory.stat().st_uid != account.uid:
                raise EmbeddedError(
                    f"{directory} belongs to another user: run as that user, or set NEXUS_HOME"
                )
            return account
        if setpriv is None:
            raise EmbeddedError(
                "PostgreSQL does not run as root and setpriv (util-linux) is missing: "
                "run as an ordinary user, or set DATABASE_URL and REDIS_URL"
            )
        uid, gid = _unprivileged(directory)
        account = cls(uid, gid, follows=follows)
        account.own(directory)
        for capability in _REACH:
            prefix = _prefix(setpriv, uid, gid, capability)
            reaches = 'cd "$1" && shift && for e; do test -x "$e" || exit 1; done'
            if _works([*prefix, "sh", "-c", reaches, "sh", str(directory), *map(str, executables)]):
                return cls(uid, gid, tuple(prefix), follows)
        name = pwd.getpwuid(uid).pw_name
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and the account {name} cannot reach {directory}: "
            "run as an ordinary user, or set DATABASE_URL and REDIS_URL"
        )

    def command(self, *words: str | Path, dies_with_us: signal.Signals | None = None) -> list[str]:
        """The command under this account; told to end with that signal should we be killed."""
        prefix = list(self.prefix)
        if prefix and dies_with_us and self.follows:
            prefix += ["--pdeathsig", dies_with_us.name.removeprefix("SIG")]
        if len(prefix) == 1:
            prefix = []  # nothing was asked of setpriv
        return [*prefix, *map(str, words)]

    def own(self, path: Path) -> None:
        """Make a directory private to this account."""
        path.mkdir(exist_ok=True, mode=0o700)
        state = path.stat()
        if (state.st_uid, state.st_gid) != (self.uid, self.gid):
            os.chown(path, self.uid, self.gid)
        if state.st_mode & 0o7777 != 0o700:
            path.chmod(0o700)


def _unprivileged(directory: Path) -> tuple[int, int]:
    """Who served here before, else the first account that systems have for such a thing."""
    before = directory.stat().st_uid
    known = {entry.pw_uid: entry for entry in pwd.getpwall()}
    named = {entry.pw_name: entry for entry in pwd.getpwall()}
    for entry in (known.get(before), *map(named.get, _PREFERRED)):
        if entry is not None and entry.pw_uid != 0:
            return entry.pw_uid, entry.pw_gid
    raise EmbeddedError(
        "PostgreSQL does not run as root and there is no account postgres or nobody: "
        "run as an ordinary user, or set DATABASE_URL and REDIS_URL"
    )


def _prefix(setpriv: str, uid: int, gid: int, capability: str) -> list[str]:
    prefix = [setpriv, "--reuid", str(uid), "--regid", str(gid), "--clear-groups", "--no-new-privs"]
    if capability:
        # else access(2) ignores the capability, and PostgreSQL does not find its own binary
        prefix += ["--securebits", "+no_setuid_fixup"]
        prefix += [f"--{kind}-caps=-all,+{capability}" for kind in ("inh", "ambient")]
        prefix += [f"--bounding-set=-all,+{capability}"]
    return prefix


def _works(command: Sequence[str]) -> bool:
    done = subprocess.run(  # noqa: S603
        command, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return done.returncode == 0
