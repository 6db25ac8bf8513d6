"""The environment the gateway runs in: Python, the locked packages, GraphiQL's page, the port."""

import errno
import json
import os
import platform
import re
import socket
import sys
import urllib.request
from importlib.metadata import PackageNotFoundError, version

from gateway.cli.checks import Finding, Level
from gateway.settings import ROOT, Settings, unknown_variables

OLDEST = (3, 11)

_PATIENCE = 3  # seconds

_PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?P<marker>\s*;)?", flags=re.MULTILINE
)


def python() -> Finding:
    found = platform.python_version()
    if sys.version_info < OLDEST:
        return Finding(Level.FAIL, "python", found, "install Python 3.11 or later")
    return Finding(Level.OK, "python", found)


def packages() -> Finding:
    lock = ROOT / "requirements.lock"
    pins = list(_PIN.finditer(lock.read_text())) if lock.exists() else []
    if not pins:
        return Finding(Level.FAIL, "packages", "requirements.lock is missing", "check the clone")
    apart = []
    for pin in pins:
        try:
            installed = version(pin["name"])
        except PackageNotFoundError:
            if not pin["marker"]:  # a marked one may be for another machine
                apart.append(f"{pin['name']} is missing")
            continue
        if installed != pin["version"]:
            apart.append(f"{pin['name']} is {installed}, not {pin['version']}")
    if apart:
        return Finding(Level.FAIL, "packages", "; ".join(apart), "scripts/run installs the lock")
    return Finding(Level.OK, "packages", f"{len(pins)} as in requirements.lock")


def graphiql() -> Finding:
    if (ROOT / "gateway" / "graphiql" / "dist" / "index.html").exists():
        return Finding(Level.OK, "graphiql", "built")
    advice = "in gateway/graphiql: npm ci && npm run build (Node 20 or later); scripts/run tries it"
    return Finding(Level.WARN, "graphiql", "the page is not built", advice)


def variables(settings: Settings) -> Finding:
    if unknown := unknown_variables():
        advice = "look for a misspelling"
        return Finding(Level.WARN, "settings", f"nothing reads {', '.join(unknown)}", advice)
    return Finding(Level.OK, "settings", f"{settings.env}, home {settings.home}")


def port(settings: Settings, url: str) -> Finding:
    where = f"{settings.host}:{settings.port}"
    try:
        family, _, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM
        )[0]
        socket.create_server(address, family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE and _is_nexus(url):
            return Finding(Level.OK, "port", f"Nexus answers at {url}")
        advice = "stop who has it, or set NEXUS_PORT"
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        return Finding(Level.FAIL, "port", f"{where}: {reason}", advice)
    return Finding(Level.OK, "port", f"{where} is free")


def _is_nexus(url: str) -> bool:
    """Whether it is a gateway like ours that has the port."""
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=_PATIENCE) as answer:  # noqa: S310
            return bool(json.load(answer).get("status") == "ok")
    except (OSError, ValueError, AttributeError):
        return False
