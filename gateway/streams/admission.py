"""How much of a process one actor may take: connections, and operations that are under way on them.

with admission.connection(viewer.id): ...    # a socket, or a stream of SSE
with admission.subscription(viewer.id): ...  # an operation on it; both raise TooMany
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.settings import Settings


class TooMany(Exception):
    """The actor has as many as it may have; the message is for the client."""


class Quota:
    """So many of one thing for each actor."""

    def __init__(self, what: str, most: int) -> None:
        self._what = what
        self._most = most
        self._taken: Counter[str] = Counter()

    def take(self, actor: str) -> None:
        if self._taken[actor] >= self._most:
            raise TooMany(f"you have {self._most} {self._what} open: close some first")
        self._taken[actor] += 1

    def give(self, actor: str) -> None:
        self._taken[actor] -= 1
        if not self._taken[actor]:
            del self._taken[actor]

    @contextmanager
    def __call__(self, actor: str) -> Iterator[None]:
        self.take(actor)
        try:
            yield
        finally:
            self.give(actor)

    @property
    def taken(self) -> int:
        """How many there are, of all actors."""
        return self._taken.total()


class Admission:
    """The quotas of one process."""

    def __init__(self, settings: Settings) -> None:
        self.connection = Quota("connections", settings.stream_connections)
        self.subscription = Quota("subscriptions", settings.stream_subscriptions)
