"""The servers of a trial, each of which can be killed and comes back where it was."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from redis.exceptions import RedisError

from gateway.bench.gateways import HOST, Gateway
from gateway.cli.database import upgrade
from gateway.embedded.account import Account
from gateway.embedded.home import Home, socket_directory
from gateway.embedded.postgres import Postgres
from gateway.embedded.valkey import Valkey
from gateway.settings import Settings
from subscriptions.connection import connect

Done = TypeVar("Done")


@dataclass
class Cluster:
    """One PostgreSQL, one Valkey, some gateways."""

    settings: Settings
    gateways: tuple[Gateway, ...]
    postgres: Postgres
    valkey: Valkey
    # one thread for its whole life: the kernel ends a server whose starting thread has ended
    hands: ThreadPoolExecutor

    async def do(self, act: Callable[[], Done]) -> Done:
        """Something that waits for a process."""
        return await asyncio.get_running_loop().run_in_executor(self.hands, act)

    async def cut_the_bell(self) -> None:
        """Close every connection that listens for rings."""
        redis = connect(self.valkey.url)
        try:
            await redis.client_kill_filter(_type="pubsub")
        except (RedisError, OSError):
            pass  # it was away already
        finally:
            await redis.aclose()

    async def kill_valkey(self, seconds: float) -> None:
        _signal(self.valkey.directory / "valkey" / "valkey.pid", signal.SIGKILL)
        await self.do(self.valkey.stop)
        await asyncio.sleep(seconds)
        await self.do(self.valkey.start)

    async def restart_postgres(self, seconds: float) -> None:
        """In order: what is open is rolled back, connections are closed."""
        await self.do(self.postgres.stop)
        await asyncio.sleep(seconds)
        await self.do(self.postgres.start)

    async def crash_postgres(self, seconds: float) -> None:
        """Without order: it has to recover from its log."""
        _signal(self.postgres.directory / "postgres" / "postmaster.pid", signal.SIGQUIT)
        await self.restart_postgres(seconds)

    async def kill_gateway(self, number: int, seconds: float) -> None:
        gateway = self.gateways[number]
        await self.do(gateway.kill)
        await asyncio.sleep(seconds)
        await self.do(gateway.start)

    async def stop_gateway(self, number: int, seconds: float) -> None:
        """As a deployment does: told to end, it sends its streams away first."""
        gateway = self.gateways[number]
        await self.do(gateway.stop)
        await asyncio.sleep(seconds)
        await self.do(gateway.start)


@asynccontextmanager
async def cluster(home: Path, gateways: int) -> AsyncIterator[Cluster]:
    """Everything started and migrated, nothing served yet; everything stopped at the end."""
    with ExitStack() as stack:
        owned = Home(home)
        stack.enter_context(owned.owned())
        directory, logs = home / "servers", home / "logs"
        logs.mkdir(exist_ok=True)
        account = Account.choose(directory, [Postgres.executable(), Valkey.executable()])
        sockets = stack.enter_context(socket_directory(owned, directory / "sockets", account))
        hands = stack.enter_context(ThreadPoolExecutor(1))
        # durable: what a careless server forgets in a crash would be no fault of ours
        postgres = Postgres(directory, sockets, account, logs / "postgres.log", durable=True)
        valkey = Valkey(directory, sockets, account, logs / "valkey.log")
        settings = Settings(home=home, database_url=postgres.url, redis_url=valkey.url)
        served = tuple(
            Gateway(settings, port, logs / f"gateway-{number}.log")
            for number, port in enumerate(_free_ports(gateways))
        )
        one = Cluster(settings, served, postgres, valkey, hands)
        try:
            await one.do(postgres.start)
            await one.do(valkey.start)
            await one.do(lambda: upgrade(settings))
            yield one
        finally:
            for stop in (*(each.stop for each in served), valkey.stop, postgres.stop):
                hands.submit(stop)


def _signal(pid_file: Path, number: signal.Signals) -> None:
    os.kill(int(pid_file.read_text().split()[0]), number)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        found = [held.enter_context(socket.create_server((HOST, 0))) for _ in range(count)]
        return [int(each.getsockname()[1]) for each in found]
