"""The servers we bring along: PostgreSQL and Valkey under `$NEXUS_HOME`, for who has none.

`with embedded(settings) as servers:` gives two addresses. A server that the settings name is never
started. One process at a time owns a home; the others share its servers (`share=True`) or are
told who owns it. However the owner ends, the next one finds a home it can use.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.embedded.account import Account
from gateway.embedded.home import Home, HomeInUse, socket_directory
from gateway.embedded.postgres import Postgres
from gateway.embedded.processes import EmbeddedError
from gateway.embedded.valkey import Valkey
from gateway.settings import Settings

__all__ = ["EmbeddedError", "HomeInUse", "Servers", "embedded", "has_data", "owner"]

Step = Callable[[str], AbstractContextManager[object]]


@dataclass(frozen=True)
class Servers:
    """Where the database and Redis answer, and the gateway if one is being served."""

    database_url: str
    redis_url: str
    gateway_url: str | None = None

    def within(self, settings: Settings) -> Settings:
        """The same settings, now with somewhere to store things."""
        return settings.model_copy(
            update={"database_url": self.database_url, "redis_url": self.redis_url}
        )


@contextmanager
def embedded(
    settings: Settings,
    *,
    share: bool = False,
    durable: bool = True,
    gateway_url: str | None = None,
    step: Step = nullcontext,
) -> Iterator[Servers]:
    """Start what the settings do not name, and stop it at the end.

    `share` uses the servers of the process that owns the home, where there is one. `durable=False`
    is for tests: nothing is flushed to the disk. `gateway_url` is told to those who share.
    `step` is entered with a title around each thing that takes time.
    """
    if settings.database_url and settings.redis_url:
        yield Servers(settings.database_url, settings.redis_url, gateway_url)
        return
    home = Home(settings.home)
    with ExitStack() as running:
        try:
            running.enter_context(home.owned())
        except HomeInUse:
            if not share:
                raise
            found = home.published()
            yield Servers(
                settings.database_url or found["database_url"],
                settings.redis_url or found["redis_url"],
                found.get("gateway_url"),
            )
            return
        servers = _start(settings, home, running, durable=durable, step=step)
        home.publish(
            database_url=servers.database_url,
            redis_url=servers.redis_url,
            gateway_url=gateway_url,
        )
        yield Servers(servers.database_url, servers.redis_url, gateway_url)


def owner(settings: Settings) -> int | None:
    """The process that owns the home at this moment."""
    return Home(settings.home).owner()


def has_data(settings: Settings) -> bool:
    """Whether a database was ever made in this home."""
    return Postgres.exists(_directory(settings.home))


def _start(
    settings: Settings, home: Home, running: ExitStack, *, durable: bool, step: Step
) -> Servers:
    directory = _directory(home.path)
    executables = [] if settings.database_url else [Postgres.executable()]
    executables += [] if settings.redis_url else [Valkey.executable()]
    try:
        account = Account.choose(directory, executables)
        sockets = running.enter_context(socket_directory(home, directory / "sockets", account))
        logs = home.path / "logs"
        logs.mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise EmbeddedError(f"{home.path} cannot be used as NEXUS_HOME: {error}") from None

    shield = _Shield()
    running.callback(shield.lower)
    database_url, redis_url = settings.database_url, settings.redis_url
    if database_url is None:
        postgres = Postgres(directory, sockets, account, logs / "postgres.log", durable)
        running.callback(postgres.stop)
        with step("PostgreSQL"):
            postgres.start()
        database_url = postgres.url
    if redis_url is None:
        valkey = Valkey(directory, sockets, account, logs / "valkey.log")
        running.callback(valkey.stop)
        with step("Valkey"):
            valkey.start()
        redis_url = valkey.url
    running.callback(shield.lift)
    return Servers(database_url, redis_url)


def _directory(home: Path) -> Path:
    return home / "servers"


class _Shield:
    """Leaves no server behind because of a second Ctrl-C while the first is being obeyed."""

    def __init__(self) -> None:
        self._handlers: dict[signal.Signals, Any] = {}

    def lift(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._handlers[number] = signal.signal(number, signal.SIG_IGN)

    def lower(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
