"""How the values of a field are completed: all of them at once, in the order of their objects.

`Irregular` is raised where graphql-core would have something to say: it says it then. A value is
told by its class, for all values of a class are shown alike in this schema: its objects are rows,
of a class for each table, and instances of classes of our own.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard
from uuid import UUID

from graphql import GraphQLObjectType, Undefined, is_specified_scalar_type
from graphql.execution import Executor
from strawberry.schema.schema_converter import CustomGraphQLEnumType

if TYPE_CHECKING:
    from gateway.breadth import Run

Made = dict[str, Any]
NULL = type(None)
SHOWN_AS_THEY_ARE = {"ID": str, "String": str, "Boolean": bool, "Float": float}

_awaited: dict[type, bool] = {}
_usual: set[type] = {NULL}  # classes whose instances may be shown


class Irregular(Exception):
    """graphql-core must execute the operation: there is an error to tell, or a rare thing to do."""


def is_awaitable(value: Any) -> TypeGuard[Awaitable[Any]]:
    """Whether a value is to be awaited: as its type says, which is asked once."""
    kind = type(value)
    found = _awaited.get(kind)
    if found is None:
        found = _awaited[kind] = hasattr(kind, "__await__")
    return found


def kinds(values: Sequence[Any]) -> set[type]:
    """The classes of the values that are not null; Irregular where one is none to be shown."""
    found = set(map(type, values))
    if not found <= _usual:
        for kind in found:
            if issubclass(kind, Exception) or kind is type(Undefined) or hasattr(kind, "__await__"):
                raise Irregular("a value that is not to be shown")
        _usual.update(found)
    found.discard(NULL)
    return found


class Completion(Protocol):
    """Turns the values of a field into what is shown of them; null stays null."""

    def complete(self, run: "Run", values: list[Any]) -> list[Any]: ...


class Fills(Protocol):
    """What is selected of an object."""

    def fill(self, run: "Run", sources: Sequence[Any], made: Sequence[Made]) -> None: ...


class Required:
    """Values none of which may be null."""

    def __init__(self, inner: Completion) -> None:
        self._inner = inner

    def complete(self, run: "Run", values: list[Any]) -> list[Any]:
        if NULL in set(map(type, values)):
            raise Irregular("a null where none may be")
        return self._inner.complete(run, values)


class Lists:
    """Lists, whose items are completed all together."""

    def __init__(self, inner: Completion) -> None:
        self._inner = inner

    def complete(self, run: "Run", values: list[Any]) -> list[Any]:
        if not kinds(values) <= {list, tuple}:
            raise Irregular("a list of another kind")
        items = [item for value in values if value is not None for item in value]
        shown = self._inner.complete(run, items)
        found: list[Any] = []
        begin = 0
        for value in values:
            if value is None:
                found.append(None)
            else:
                end = begin + len(value)
                found.append(shown[begin:end])
                begin = end
        return found


class Leaves:
    """Scalars and members of enums."""

    def __init__(self, type_: Any) -> None:
        self._coerce: Callable[[Any], Any] = type_.coerce_output_value
        specified = type_.name if is_specified_scalar_type(type_) else ""
        self._as_it_is = SHOWN_AS_THEY_ARE.get(specified)
        self._is_id = specified == "ID"
        self._members: type | None = None
        self._names: dict[Any, str | None] = {None: None}
        if isinstance(type_, CustomGraphQLEnumType):
            self._members = type_.wrapped_cls
            members: Iterable[Any] = type_.wrapped_cls
            self._names |= {member: self._coerce(member) for member in members}

    def complete(self, run: "Run", values: list[Any]) -> list[Any]:
        found = kinds(values)
        kind = found.pop() if len(found) == 1 else None
        if kind is not None:
            if kind is self._as_it_is and (kind is not float or _are_finite(values)):
                return values
            if kind is self._members:
                names = self._names
                return [names[value] for value in values]
            if self._is_id and issubclass(kind, UUID):
                return [None if value is None else str(value) for value in values]
        return [None if value is None else self._coerced(value) for value in values]

    def _coerced(self, value: Any) -> Any:
        shown = self._coerce(value)
        if shown is None or shown is Undefined:
            raise Irregular("a value that is shown as null")
        return shown


def _are_finite(values: Sequence[float | None]) -> bool:
    """False, for finite values too, where their sum is beyond what a float holds."""
    return isfinite(sum(value for value in values if value is not None))


class Objects:
    """Objects of one type: what is selected of them."""

    def __init__(self, type_: GraphQLObjectType, selection: Fills) -> None:
        self._type = type_
        self._selection = selection
        self._shown: set[type] = set()

    def complete(self, run: "Run", values: list[Any]) -> list[Any]:
        found = kinds(values)
        there = values if NULL not in map(type, values) else [v for v in values if v is not None]
        if not there:
            return values
        if not found <= self._shown:
            for value in there:
                self._shows(value)
            self._shown |= found
        made: list[Made] = [{} for _ in there]
        self._selection.fill(run, there, made)
        if there is values:
            return made
        objects = iter(made)
        return [None if value is None else next(objects) for value in values]

    def _shows(self, value: Any) -> None:
        shows = self._type.is_type_of
        if shows is not None and shows(value, None) is not True:  # type: ignore[arg-type]
            raise Irregular("a value of another type")


class Abstract:
    """Objects of an interface or a union: `of` gives the completion for the class of a value."""

    def __init__(self, of: Callable[[Executor[Any], Any], Objects]) -> None:
        self._of = of
        self._known: dict[type, Objects] = {}

    def complete(self, run: "Run", values: list[Any]) -> list[Any]:
        found: list[Any] = [None] * len(values)
        for kind in kinds(values):
            places = [place for place, value in enumerate(values) if type(value) is kind]
            alike = [values[place] for place in places]
            if kind not in self._known:
                self._known[kind] = self._of(run.executor, alike[0])
            completed = self._known[kind].complete(run, alike)
            for place, shown in zip(places, completed, strict=True):
                found[place] = shown
        return found
