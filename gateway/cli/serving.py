"""`run` brings everything up from nothing and serves it; `serve` serves what is there."""

import errno
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gateway import settings as configuration
from gateway.cli.companion import companion
from gateway.cli.database import reach, upgrade
from gateway.cli.display import Failure, progress, result, step, warn
from gateway.cli.people import School, gateway_url, open_school, people
from gateway.cli.signals import handled_by, obeying_signals
from gateway.embedded import HomeInUse, embedded, owner
from gateway.server import Server, hang_up_after
from gateway.settings import ROOT, Settings
from gateway.streams.garbage import settle

_UNREAD = 15  # seconds that a client may leave what it was sent in the network
_BACKLOG = 2048
_ROLES = ("STUDENT", "PARENT", "COACH", "ADMIN")


def run() -> None:
    """Start everything: servers if none are named, migrations, the demo school, gateway, worker."""
    settings = configuration.load()
    if not (settings.database_url and settings.redis_url) and (holder := owner(settings)):
        raise HomeInUse(settings.home, holder)
    with obeying_signals(), _listening(settings) as listener:
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
            named = settings.database_url and settings.redis_url
            log = None if named else settings.home / "logs" / "worker.log"
            with companion(reached, log) as worker:

                def ready() -> None:
                    _welcome(url, school)
                    worker.start()

                _serve(reached, listener, ready, worker.stop)


def serve() -> None:
    """Serve the API over a database that is already there."""
    settings = configuration.load()
    with obeying_signals(), _listening(settings) as listener:
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


def _serve(
    settings: Settings,
    listener: socket.socket,
    when_ready: Callable[[], None],
    when_stopping: Callable[[], None] = lambda: None,
) -> None:
    from gateway import logs
    from gateway.app import create_app

    logs.configure(settings)
    app = create_app(settings)
    server = _Server(app, log_config=None, limit_concurrency=settings.connections)
    server.when_ready, server.when_stopping = when_ready, when_stopping
    server.run(sockets=[listener])


class _Server(Server):
    """Says when it is ready, and returns when told to stop instead of raising the signal again."""

    when_ready: Callable[[], None]
    when_stopping: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        settle()
        self.when_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        progress.print("stopping")
        self.when_stopping()
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # what is cut off is no fault
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with handled_by(self.handle_exit):
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
    hang_up_after(listener, _UNREAD)
    with listener:
        yield listener


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
