"""How a state machine is written down: one enum of moves per entity."""

from dataclasses import dataclass
from enum import Enum, StrEnum

from models.vocabulary import EventKind


@dataclass(frozen=True, eq=False)  # by identity, so that two actions may share a path
class Move:
    sources: frozenset[StrEnum]
    target: StrEnum
    event: EventKind


def move(*sources: StrEnum, to: StrEnum, event: EventKind) -> Move:
    return Move(frozenset(sources), to, event)


class Action(Enum):
    """Base of the transition tables: each member is one allowed move."""

    def __init__(self, move: Move) -> None:
        self.sources = move.sources
        self.target = move.target
        self.event = move.event
