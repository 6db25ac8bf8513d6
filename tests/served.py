"""A live gateway on a real socket, as uvicorn serves it, in the loop of the test."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import pytest
from following import Live, eventually

from gateway.app import create_app
from gateway.server import Server
from gateway.settings import Settings


@dataclass
class Served(Live):
    """Where the gateway listens, and what a client would do with it without a transport."""

    url: str
    server: Server

    @property
    def socket_url(self) -> str:
        return self.url.replace("http://", "ws://", 1) + "/graphql"


class Quiet(Server):
    """Leaves the signals to pytest."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(settings: Settings, *, send_buffer: int | None = None) -> AsyncIterator[Served]:
    """Serve a gateway on a free port, and stop it as SIGTERM would.

    With a small `send_buffer` (bytes) the network takes little of what a client does not read.
    """
    app = create_app(settings)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        if send_buffer is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        server = Quiet(app, log_config=None)
        running = asyncio.create_task(server.serve([listener]))
        try:
            await eventually(lambda: server.started or running.done())
            yield Served(app, f"http://127.0.0.1:{listener.getsockname()[1]}", server)
        finally:
            server.should_exit = True
            await running


async def until_followed(served: Served, count: int) -> None:
    """Until so many subscriptions follow what happens now."""
    followers = served.app.state.followers

    def follows() -> int:
        return sum(len(watched.follows) for watched in followers._watched.values())

    await eventually(lambda: follows() == count)


async def until_nobody(served: Served) -> None:
    """Until nothing is left of any socket: neither it, nor what was done for it."""
    state = served.app.state
    await eventually(lambda: not state.sockets.open)
    assert (state.admission.connection.taken, state.admission.subscription.taken) == (0, 0)
    assert not state.followers._watched
    await eventually(lambda: state.pool.get_idle_size() == state.pool.get_size())


@pytest.fixture
async def served(live_settings: Settings, anyio_backend: str) -> AsyncIterator[Served]:
    """A gateway on a socket, over a school of the test's own."""
    async with serving(live_settings) as gateway:
        yield gateway


@pytest.fixture(scope="session")
async def listening(gateway_settings: Settings, anyio_backend: str) -> AsyncIterator[Served]:
    """A gateway on a socket, over the shared school: read it, never write."""
    async with serving(gateway_settings) as gateway:
        yield gateway
