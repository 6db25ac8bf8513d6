"""A gateway on a real socket: what a client in another process talks to."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.applications import Starlette

from gateway.app import create_app
from gateway.settings import Settings


@dataclass(frozen=True)
class Served:
    """Where the gateway listens, and the application itself."""

    url: str
    app: Starlette


class Telling(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@contextmanager
def serving(settings: Settings) -> Iterator[Served]:
    """Serve the gateway."""
    app: Any = create_app(settings)
    with listening(app) as url:
        yield Served(url, app)


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """Serve an application in a thread of its own, with a loop of its own, on a free port."""
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=2)
    server = Telling(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        try:
            assert server.ready.wait(30)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(30)
