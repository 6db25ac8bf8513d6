"""What compiling an operation comes to: its statements, and what they leave to others."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gateway.compiled.holes import Hole, Root
from gateway.compiled.runs import Run


@dataclass(frozen=True)
class Fallen:
    """A field that the reference path answers, and why."""

    path: str
    why: str


@dataclass
class Statement:
    """One root field: its SQL, or nothing where the reference path runs it whole."""

    name: str
    sql: str | None
    ways: list[Callable[[Run], Any]]
    hole: Root | None = None


@dataclass(eq=False)
class Plan:
    """What is run for an operation: its statements, what they leave open, and what was not said."""

    statements: list[Statement]
    holes: list[Hole]
    checks: list[Callable[[Run], Any]]
    fallen: list[Fallen]
    fields: int = 0  # in SQL
    reads: int = 0  # tables
    moves: bool = False  # with the clock, and nobody says until when it stands still
    cards: bool = False  # a list of students is told card by card
    momentary: bool = False  # it shows the clock itself


@dataclass
class State:
    """What a failed attempt must leave as it was."""

    holes: list[Hole] = field(default_factory=list)
    checks: list[Callable[[Run], Any]] = field(default_factory=list)
    fallen: list[Fallen] = field(default_factory=list)
    fields: int = 0
    reads: int = 0
    moves: bool = False
    cards: bool = False
    momentary: bool = False
