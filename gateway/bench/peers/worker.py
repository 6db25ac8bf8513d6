"""One Python process under measurement: `python -m gateway.bench.peers.worker WHAT DESCRIPTOR`."""

import socket
import sys

import uvicorn
from starlette.types import ASGIApp

from gateway import settings as configuration
from gateway.bench.peers.dispatch import HandedServer
from gateway.server import OPTIONS


def main(what: str, descriptor: int) -> None:
    """Serve Nexus or the floor to whom a channel hands over, as `scripts/nexus serve` serves."""
    config = uvicorn.Config(_application(what), **{**OPTIONS, "timeout_graceful_shutdown": 2})
    HandedServer(config, socket.socket(fileno=descriptor)).run()


def _application(what: str) -> ASGIApp:
    if what == "nexus":
        from gateway.app import create_app

        return create_app(configuration.load())
    from gateway.bench.peers.floor import Floor

    return Floor(configuration.load().asyncpg_dsn)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
