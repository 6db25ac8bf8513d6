"""A process of its own for each part of a measurement, so that none waits for another's turn."""

import asyncio
import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import uvloop

LONGEST = 300.0  # seconds for one answer


class Worker:
    """Calls methods of an object that lives in another process, on a loop of its own."""

    def __init__(self, line: Connection) -> None:
        self._line = line

    def call(self, method: str, *given: Any) -> Any:
        """What the method returns; what it raises is raised here."""
        self.send(method, *given)
        return self.result()

    def send(self, method: str, *given: Any) -> None:
        """Begin a call; `result` waits for its end."""
        self._line.send((method, given))

    def result(self) -> Any:
        if not self._line.poll(LONGEST):
            raise TimeoutError("a part of the measurement does not answer")
        found, error = self._line.recv()
        if error is not None:
            raise error
        return found


@contextmanager
def worker(make: Callable[..., Any], *given: Any) -> Iterator[Worker]:
    """A process in which `make(*given)` is the object; it ends with the block."""
    spawning = multiprocessing.get_context("spawn")  # a fork would share our loop and sockets
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_live, args=(theirs, make, given), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Worker(ours)
    finally:
        ours.close()
        process.join(5)
        if process.is_alive():
            process.kill()
            process.join()


def _live(line: Connection, make: Callable[..., Any], given: tuple[Any, ...]) -> None:
    uvloop.run(_answer(line, make, given))


async def _answer(line: Connection, make: Callable[..., Any], given: tuple[Any, ...]) -> None:
    loop = asyncio.get_running_loop()
    called = make(*given)
    while True:
        try:
            method, arguments = await loop.run_in_executor(None, line.recv)
        except EOFError:
            return
        found: Any = None
        failed: Exception | None = None
        try:
            found = await getattr(called, method)(*arguments)
        except Exception as error:  # raised again where it was asked for
            failed = error
        await loop.run_in_executor(None, line.send, (found, failed))
