"""`run` brings everything up from nothing and serves it; `serve` serves what is there."""

import errno
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn

from gateway import settings as configuration
from gateway.cli.database import reach, upgrade
from gateway.cli.display import Failure, progress, result, step, warn
from gateway.cli.people import School, gateway_url, open_school, people
from gateway.embedded import HomeInUse, embedded, owner
from gateway.settings import ROOT, Settings

_GRACE = 5  # seconds for open requests when told to stop
_BACKLOG = 2048
_ROLES = ("STUDENT", "PARENT", "COACH", "ADMIN")


class Interrupted(BaseException):
    """Told to stop before there was anything to serve."""

    def __init__(self, number: int) -> None:
        self.number = number


def run() -> None:
    """Start everything: servers if none are named, migrations, the demo school, the gateway."""
    settings = configuration.load()
    if not (settings.database_url and settings.redis_url) and (holder := owner(settings)):
        raise HomeInUse(settings.home, holder)
    with _obeying_signals(), _listening(settings) as listener:
        url = gateway_url(settings, listener.getsockname()[1])
        with embedded(settings, gateway_url=url, step=step) as servers:
            reached = servers.within(settings)
            reach(reached)
            with step("migrations"):
                upgrade(reached)
            school: School = {}
            if not settings.production:
                with step("demo school"):
                    open_school(reached)
                    school = people(reached)
            _serve(reached, listener, lambda: _welcome(url, school))


def serve() -> None:
    """Serve the API over a database that is already there."""
    settings = configuration.load()
    with _obeying_signals(), _listening(settings) as listener:
        url = gateway_url(settings, listener.getsockname()[1])
        with embedded(settings, share=True, gateway_url=url, step=step) as servers:
            ready = f"serving {url}/graphql"
            reached = servers.within(settings)
            reach(reached)
            _serve(reached, listener, lambda: progress.print(ready))


def _welcome(url: str, school: School) -> None:
    """The address to open, and a token for each role."""
    if not (ROOT / "gateway" / "graphiql" / "dist" / "index.html").exists():
        warn("GraphiQL's page is not built: scripts/nexus doctor says what to do")
    result.print(f"\n[bold]Nexus[/]      {url}")
    result.print(f"[bold]GraphiQL[/]   {url}/graphql\n")
    for members, role in zip(school.values(), _ROLES, strict=False):
        if members and "token" in members[0]:
            result.print(f"[cyan]{role:8}[/] {members[0]['name']}\n{members[0]['token']}\n")
    result.print("[dim]Ctrl-C stops everything.[/]")
    result.file.flush()


def _serve(settings: Settings, listener: socket.socket, when_ready: Callable[[], None]) -> None:
    from gateway import logs
    from gateway.app import create_app

    logs.configure(settings)
    server = _Server(
        uvicorn.Config(
            create_app(settings),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE,
        )
    )
    server.when_ready = when_ready
    server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """Says when it is ready, and returns when told to stop instead of raising the signal again."""

    when_ready: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.when_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        progress.print("stopping")
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # what is cut off is no fault
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with _handled_by(self.handle_exit):
            yield


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """Take the port before anything is started; who calls early waits instead of being refused."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM
        )[0]
        listener = socket.create_server(address, family=family, backlog=_BACKLOG)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        if error.errno == errno.EADDRINUSE:
            raise Failure(f"{where} is taken: stop who has it, or set NEXUS_PORT") from None
        raise Failure(f"cannot listen on {where}: {_reason(error)}") from None
    # asyncio does not see that these are TCP: without this, an answer waits 40 ms for an ACK
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with listener:
        yield listener


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)


@contextmanager
def _obeying_signals() -> Iterator[None]:
    """Ctrl-C and SIGTERM end what has been started, in order, also before the gateway serves."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        raise Interrupted(number)

    with _handled_by(interrupt):
        yield


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as it is under nohup
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
