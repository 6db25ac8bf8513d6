"""One port for several processes, connection by connection in turn, as Node's cluster does it.

A listening socket that processes share goes to whoever wakes first: one of them takes them all.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import uvicorn


@contextmanager
def dispatching(listener: socket.socket, channels: Sequence[socket.socket]) -> Iterator[None]:
    """Hand every connection to the next channel."""

    def hand_over() -> None:
        turn = 0
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return  # shut down
            with connection:
                # asyncio does not see that what it is handed is TCP
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                try:
                    socket.send_fds(channels[turn], [b"."], [connection.fileno()])
                except OSError:
                    return  # the process has ended
            turn = (turn + 1) % len(channels)

    thread = threading.Thread(target=hand_over, daemon=True)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


class HandedServer(uvicorn.Server):
    """Serves the connections that a channel hands it, and stops when the channel closes."""

    def __init__(self, config: uvicorn.Config, channel: socket.socket) -> None:
        super().__init__(config)
        self._channel = channel
        self._making: set[asyncio.Task[Any]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start without a port."""
        await super().startup(sockets=[])
        self._channel.settimeout(0)
        asyncio.get_running_loop().add_reader(self._channel.fileno(), self._take)

    def _take(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            word, descriptors, _, _ = socket.recv_fds(self._channel, 1, 1)
        except BlockingIOError:
            return
        if not word:
            loop.remove_reader(self._channel.fileno())
            self.should_exit = True
        for descriptor in descriptors:
            connection = socket.socket(fileno=descriptor)
            connection.settimeout(0)
            making = loop.create_task(loop.connect_accepted_socket(self._protocol, connection))
            self._making.add(making)
            making.add_done_callback(self._making.discard)

    def _protocol(self) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = make(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol
