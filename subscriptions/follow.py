"""One subscriber: what it follows, how far it has come, and a queue that cannot grow for ever."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from models.vocabulary import EventKind, Role

LONGEST_QUEUE = 500  # entries that wait for a subscriber; of more it reads all again by itself

Kinds = frozenset[EventKind] | None
"""Which events are wanted; None for all of them."""


class Entry(Protocol):
    """An event as read from the journal."""

    id: UUID
    student_id: UUID
    seq: int
    kind: EventKind


@dataclass(frozen=True, slots=True)
class Person:
    """Who follows: the role and the subject of a token."""

    role: Role
    id: str


class Ended(Exception):
    """The journal is followed no further."""


class Unseen(Ended):
    """The student does not exist for this person, or does not any more."""


class Follow:
    """The live part of a subscription. Entries are offered by `Followers` and taken in order.

    Who takes them more slowly than they come is `behind`: nothing waits for it any more, and
    `positions` are those of what it took last, from where it reads the journals itself.
    """

    __slots__ = ("_end", "_queue", "_waiter", "behind", "kinds", "person", "positions")

    def __init__(self, person: Person, positions: Mapping[UUID, int], kinds: Kinds) -> None:
        self.person = person
        self.positions = dict(positions)
        self.kinds = kinds
        self.behind = False
        self._queue: deque[Entry] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._end: Ended | None = None

    def wants(self, entry: Entry) -> bool:
        """Move on to an entry; False where it is an old one or not of a wanted kind."""
        if entry.seq <= self.positions.get(entry.student_id, entry.seq):
            return False
        self.positions[entry.student_id] = entry.seq
        return self.kinds is None or entry.kind in self.kinds

    def offer(self, entry: Entry) -> None:
        """Queue an entry; with one too many it falls behind."""
        if self._end is not None or self.behind or not self.wants(entry):
            return
        self._queue.append(entry)
        if len(self._queue) > LONGEST_QUEUE:
            self._fall_behind()
        self._wake()

    def _fall_behind(self) -> None:
        """Leave what waits to the journals, which have it."""
        self.behind = True
        for entry in reversed(self._queue):
            self.positions[entry.student_id] = entry.seq - 1
        self._queue.clear()

    def end(self, reason: Ended) -> None:
        """Give nothing more: not even what was queued, for it may no longer be seen."""
        self._end = reason
        self._queue.clear()
        self._wake()

    def forget(self, student_id: UUID) -> None:
        """Go on without a student: nothing of theirs is given any more."""
        self.positions.pop(student_id, None)
        self._queue = deque(entry for entry in self._queue if entry.student_id != student_id)

    def turn(self, students: Iterable[UUID]) -> None:
        """Let others come before these the next time."""
        for student_id in students:
            if student_id in self.positions:
                self.positions[student_id] = self.positions.pop(student_id)

    @property
    def ended(self) -> bool:
        return self._end is not None

    @property
    def waiting(self) -> int:
        """Entries that were offered and not taken yet."""
        return len(self._queue)

    def go_on(self) -> None:
        """Ended where it has come to its end."""
        if self._end is not None:
            raise self._end

    async def next(self) -> Entry | None:
        """The next entry, waited for; None once it is behind, Ended where there will be none."""
        while True:
            self.go_on()
            if self.behind:
                return None
            if self._queue:
                return self._queue.popleft()
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
