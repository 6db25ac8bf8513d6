"""What is kept in the process: questions and their last answers, those asked last, in a room."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from uuid import UUID

from gateway.versioned.cards import Card
from gateway.versioned.versions import Wanted

ROOM = 64_000_000  # bytes: ten thousand dashboards, or a thousand coaches' lists
OVERHEAD = 1_500  # bytes of a question besides its answer: its key is short, see `key_of`
CARD = 500  # bytes of a card besides its text: itself, its instants, its place among the others


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, and for how long it is one: while the journals stand there, and until a moment."""

    stamps: bytes
    since: datetime
    until: datetime
    body: bytes
    tag: str
    statements: int  # that it took

    def holds(self, stamps: bytes, clock: datetime) -> bool:
        return self.stamps == stamps and self.since <= clock < self.until


@dataclass(eq=False, slots=True)
class Question:
    """An operation, its variables and who asks; `scope` is all of these in a few bytes."""

    wanted: tuple[Wanted, ...]
    scope: bytes
    kept: Kept | None = None
    cards: dict[UUID, Card] = field(default_factory=dict)
    stored: bool = False

    @property
    def size(self) -> int:
        cards = sum(CARD + len(card.body) for card in self.cards.values())
        kept = len(self.kept.body) + len(self.kept.stamps) if self.kept else 0
        return OVERHEAD + kept + cards


class Store:
    """Questions by their key; None stands for one whose answer is not kept."""

    def __init__(self, room: int = ROOM) -> None:
        self.evicted = 0  # questions, for want of room
        self._room = room
        self._questions: OrderedDict[Hashable, Question | None] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return len(self._questions)

    @property
    def size(self) -> int:
        return self._size

    def __contains__(self, key: Hashable) -> bool:
        return key in self._questions

    def get(self, key: Hashable) -> Question | None:
        """A question that was asked before, and whose answer may be kept."""
        found = self._questions.get(key)
        if found is not None:
            self._questions.move_to_end(key)
        return found

    def add(self, key: Hashable, question: Question | None) -> None:
        self._questions[key] = question
        self._size += OVERHEAD
        if question is not None:
            question.stored = True
        self._shrink()

    def keep(self, question: Question, kept: Kept | None, cards: dict[UUID, Card]) -> None:
        """The answer of a question and the cards it is made of, instead of those before.

        Without an answer, where it is none any more, the cards alone.
        """
        before = question.size
        question.kept, question.cards = kept, cards
        if question.stored:
            self._size += question.size - before
            self._shrink()

    def _shrink(self) -> None:
        while self._size > self._room and self._questions:
            _, gone = self._questions.popitem(last=False)
            self._size -= gone.size if gone else OVERHEAD
            self.evicted += 1
            if gone is not None:
                gone.stored = False


def tag_of(scope: bytes, body: bytes) -> str:
    """A strong `ETag`: other bytes have another, and so have the same bytes for someone else."""
    return f'"{blake2b(body, digest_size=16, key=scope).hexdigest()}"'
