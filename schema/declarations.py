"""What a field says of itself: where its value comes from, as data beside its resolver."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from loaders.keyset import Order
from loaders.pages import Gate, Relation
from loaders.stated import Stated
from models.base import Entity
from models.vocabulary import Role
from resolvers.pages import Ordering
from services.access import Permission

Column = InstrumentedAttribute[Any]
Predicate = Callable[[Role], ColumnElement[Any]]


@dataclass(frozen=True)
class Attribute:
    """An attribute of the object, as it is."""

    name: str


@dataclass(frozen=True)
class Derived:
    """A pure function of attributes; null where `shown` says that the viewer's role may not see."""

    function: Callable[..., Any]
    sources: tuple[str, ...]
    shown: Predicate | None = None


@dataclass(frozen=True)
class Shown:
    """A column; null where the predicate says that the viewer's role may not see it."""

    name: str
    shown: Predicate


@dataclass(frozen=True)
class Told:
    """What SQL says of the row for a viewer of a role; a flag of the list goes before it."""

    name: str
    value: Predicate


@dataclass(frozen=True)
class One:
    """The row whose unique column is this row's `source`, if the gate shows it."""

    source: str
    target: Column
    gate: Gate | None = None


@dataclass(frozen=True)
class Many:
    """The rows whose column is this row's id, each shown as it is or by a pure function."""

    target: Column
    order_by: tuple[Any, ...]
    shown: Derived | None = None


@dataclass(frozen=True)
class Paged:
    """A keyset connection."""

    relation: Relation
    order: Order | Ordering
    requires: Permission | None = None


@dataclass(frozen=True)
class First:
    """The first rows of a list, as many as the argument `first` says, within bounds."""

    relation: Relation
    order: Order
    most: int


@dataclass(frozen=True)
class Said:
    """What a query over the row says: one object, or a list of as many as `first` says."""

    query: Stated
    most: int | None = None


@dataclass(frozen=True)
class Same:
    """Another view of the same row."""


@dataclass(frozen=True)
class Clock:
    """The instant of the operation."""


@dataclass(frozen=True)
class Caller:
    """Who asks."""


@dataclass(frozen=True)
class Own:
    """The row whose unique column names the caller, for callers of one role."""

    column: Column
    role: Role


@dataclass(frozen=True)
class Found:
    """The row whose unique column is the argument, if the gate shows it."""

    column: Column
    gate: Gate
    argument: str = "id"


@dataclass(frozen=True)
class Located:
    """The row with an id in whichever of the tables has it and shows it.

    The id is an attribute (`source`) or an argument, which may be a list of at most `most`.
    """

    tables: tuple[tuple[type[Entity], Gate | None], ...]
    source: str | None = None
    argument: str | None = None
    most: int | None = None


Declaration = (
    Attribute
    | Derived
    | Shown
    | Told
    | One
    | Many
    | Paged
    | First
    | Said
    | Same
    | Clock
    | Caller
    | Own
    | Found
    | Located
)

DECLARED = "declared"
"""Under which key of a field's metadata its declaration stands."""
