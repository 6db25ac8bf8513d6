"""What the versioned path has answered and what it keeps, in numbers for who measures."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Answers by where they came from."""

    kept: int = 0  # in this process
    shared: int = 0  # by another, in Redis
    made: int = 0  # anew
    joined: int = 0  # with who was making them


@dataclass(frozen=True, slots=True)
class Told:
    """How it stands: answers by where they came from, and what is kept now."""

    answers: Mapping[str, int]
    questions: int
    bytes: int
    evicted: int
