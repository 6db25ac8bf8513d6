"""Serving with uvicorn, and stopping: whoever follows something is told to come back first."""

import socket
from typing import Any

import uvicorn
from starlette.applications import Starlette

from gateway.protocol import Http, WebSocket
from gateway.streams.draining import Draining

GRACE = 5  # seconds for open requests when told to stop
LONGEST_MESSAGE = 1_000_000  # bytes on a socket, as many as a body over HTTP may have

# what each socket costs is ours to say: no compression, whose windows would be most of it, and no
# pings but those of `graphql-transport-ws`
OPTIONS: dict[str, Any] = {
    "loop": "uvloop",
    "http": Http,
    "ws": WebSocket,
    "ws_max_size": LONGEST_MESSAGE,
    "ws_per_message_deflate": False,
    "ws_ping_interval": None,
    "log_level": "warning",
    "access_log": False,
    "server_header": False,
    "timeout_graceful_shutdown": GRACE,
}


class Server(uvicorn.Server):
    """Serves the application; told to stop, it lets its streams end before it closes anything."""

    def __init__(self, app: Starlette, **options: Any) -> None:
        proxies = list(app.state.settings.proxies)
        told = {"proxy_headers": bool(proxies), "forwarded_allow_ips": proxies}
        super().__init__(uvicorn.Config(app, **{**OPTIONS, **told, **options}))
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listening in (*self.servers, *(sockets or ())):
            listening.close()  # who comes back is not to find us again
        draining: Draining = self._app.state.draining
        await draining.drain()
        await super().shutdown(sockets)


def hang_up_after(listener: socket.socket, seconds: float) -> None:
    """Let the kernel end connections whose client takes nothing, where it can (Linux)."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        limit = round(seconds * 1000)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, limit)
