"""Ctrl-C and its kin, from the first moment of a command to its last."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], None]


class Interrupted(SystemExit):
    """Told to stop before there was anything to stop in order.

    An exit, which asyncio lets through wherever it is raised; others it would only log.
    """

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.number = number


@contextmanager
def obeying_signals() -> Iterator[None]:
    """Ctrl-C and SIGTERM end what has been started, in order, also before the gateway serves."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        raise Interrupted(number)

    with handled_by(interrupt):
        yield


@contextmanager
def handled_by(handler: Handler) -> Iterator[None]:
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as it is under nohup
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
