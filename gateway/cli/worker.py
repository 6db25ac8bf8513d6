"""`worker` carries out jobs and keeps the timetable, beside whoever serves the API."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from gateway import settings as configuration
from gateway.cli.database import reach
from gateway.cli.display import Failure, step
from gateway.cli.signals import handled_by, obeying_signals
from gateway.embedded import embedded

LAST_RESORT = (
    10.0  # seconds after which a worker that was told to stop is no more, whatever it does
)


def worker(
    *,
    leash: Annotated[
        bool, typer.Option("--leash", help="Stop when the standard input closes.", hidden=True)
    ] = False,
) -> None:
    """Carry out jobs, and what is done at set times. Any number may run."""
    settings = configuration.load()
    with obeying_signals():
        if leash:
            threading.Thread(target=_end_with_the_input, daemon=True).start()
        with embedded(settings, share=True, step=step) as servers:
            reached = servers.within(settings)
            reach(reached)
            from gateway import logs
            from gateway.llm import ChatModel
            from jobs.worker import NotMigrated, Worker

            logs.configure(reached)
            one = Worker(
                dsn=reached.asyncpg_dsn,
                sqlalchemy_url=reached.sqlalchemy_url,
                redis_url=servers.redis_url,
                clock=lambda: datetime.now(UTC),
                reword=ChatModel.of(reached),
            )
            try:
                _until_told(one.run, one.stop)
            except NotMigrated:
                raise Failure(
                    "the database has no job queue that its user may serve: scripts/nexus migrate"
                ) from None


def _end_with_the_input() -> None:
    """Whoever started us holds the other end of a pipe; the kernel lets go of it for the dead."""
    while os.read(sys.stdin.fileno(), 1024):
        continue
    os.kill(os.getpid(), signal.SIGTERM)


def _until_told(run: Callable[[], Coroutine[Any, Any, None]], stop: Callable[[], None]) -> None:
    """Run, and pass a signal on as `stop`."""
    # from a thread of its own: a job that blocks the loop must not keep the process alive
    last_resort = threading.Timer(LAST_RESORT, os._exit, [1])
    last_resort.daemon = True
    with asyncio.Runner() as runner:
        loop = runner.get_loop()

        def told(*_: object) -> None:
            if not last_resort.is_alive():
                last_resort.start()
            loop.call_soon_threadsafe(stop)

        with handled_by(told):
            try:
                runner.run(run())
            finally:
                last_resort.cancel()
