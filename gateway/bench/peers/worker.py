"""One Python process under measurement: `python -m gateway.bench.peers.worker WHAT DESCRIPTOR`."""

import socket
import sys
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from gateway import logs
from gateway import settings as configuration
from gateway.bench.peers.dispatch import HandedServer
from gateway.server import OPTIONS
from gateway.streams.garbage import settle


class Settled(HandedServer):
    """As `scripts/nexus serve`: what is there after the start stays there."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        settle()


def main(what: str, descriptor: int) -> None:
    """Serve Nexus or the floor to whom a channel hands over, as `scripts/nexus serve` serves."""
    options = {**OPTIONS, "timeout_graceful_shutdown": 2, "log_config": None}
    config = uvicorn.Config(_application(what), **options)
    Settled(config, socket.socket(fileno=descriptor)).run()


def _application(what: str) -> ASGIApp:
    settings = configuration.load()
    if what == "nexus":
        from gateway.app import create_app

        # the lines of production, in a file: their cost is ours
        file = Path(settings.home, f"operations.{sys.argv[2]}.log").open("a")  # noqa: SIM115 - as long as we
        logs.configure(settings.model_copy(update={"env": "production"}), file)
        return create_app(settings)
    from gateway.bench.peers.floor import Floor

    return Floor(settings.asyncpg_dsn)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
