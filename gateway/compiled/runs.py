"""One run of a plan: the values of its arguments, and the places that Python fills in."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from graphql import FieldNode, GraphQLError, GraphQLField, VariableNode, Visitor, visit
from graphql.execution import Executor, VariableValues, get_argument_values

from gateway.compiled.meanings import Coerced
from loaders.keyset import BadPage, Order, Scope, Window, owner
from loaders.pages import EVERYONE, Relation
from resolvers.context import Context
from resolvers.inputs import checked


class FallsBack(Exception):
    """This run is the reference path's: it would have an error to tell, or a value to find."""


@dataclass
class Run:
    """One operation under way, with its variables coerced."""

    context: Context
    coerced: Coerced
    build: Callable[[], Executor[Any]]
    until: int | None = None  # microseconds since the epoch
    """From when on the clock alone may change the answer, as far as marks have said."""
    held: list[UUID] = field(default_factory=list)
    """Students of a list whose cards are known already."""

    @property
    def variables(self) -> VariableValues:
        return self.coerced.variables

    @cached_property
    def executor(self) -> Executor[Any]:
        """What completes the fields that are left to Python; most runs need none."""
        return self.build()

    def stands_until(self, mark: bytes) -> None:
        """What a mark says; an empty one says for ever."""
        if mark:
            self.until = min(int(mark), self.until or int(mark))

    def given(self, arguments: "Arguments") -> dict[str, Any]:
        """The arguments of a field, as its resolver would see them."""
        if arguments.constant is not None:
            return arguments.constant
        found = self.coerced.given.get(arguments)
        if found is None:
            found = self.coerced.given[arguments] = arguments.read(self.variables)
        return found

    def window(self, pages: "Pages") -> Window:
        """The page that the arguments of a connection ask for."""
        found: Window | None = self.coerced.windows.get(pages)
        if found is None:
            found = self.coerced.windows[pages] = pages.window(self.given(pages.arguments))
        return found


def uses_variables(node: Any) -> bool:
    """Whether a variable stands anywhere in a node."""

    class Looking(Visitor):
        found = False

        def enter_variable(self, _node: VariableNode, *_: Any) -> None:
            self.found = True

    looking = Looking()
    visit(node, looking)
    return looking.found


class Arguments:
    """The arguments of one field of the document."""

    def __init__(
        self, field_: GraphQLField, node: FieldNode, ids: frozenset[str], variables: VariableValues
    ) -> None:
        self._field = field_
        self._node = node
        self._ids = ids
        self._names: dict[str, str] = {}
        convert = field_.extensions["strawberry-definition"]
        for argument in convert.arguments:
            self._names[_public(argument)] = argument.python_name
        variable = any(uses_variables(each) for each in node.arguments or ())
        self.constant: dict[str, Any] | None = None if variable else self.read(variables)

    def read(self, variables: VariableValues) -> dict[str, Any]:
        """Coerced as graphql-core does it, and checked as the resolvers do."""
        try:
            given = get_argument_values(self._field, self._node, variables)
            return checked({self._names[name]: value for name, value in given.items()}, self._ids)
        except GraphQLError as error:
            raise FallsBack(error.message) from None


def _public(argument: Any) -> str:
    """The name that clients say."""
    from schema import schema

    name: str = schema.config.name_converter.get_graphql_name(argument)
    return name


@dataclass(frozen=True, eq=False)
class Pages:
    """A connection of the document: which list, in which order, and how it is narrowed."""

    arguments: Arguments
    relation: Relation
    order: Order
    filters: tuple[str, ...]

    def window(self, given: dict[str, Any]) -> Window:
        """The page asked for. Whose cursors they are is found out where the parent is known."""
        scope = Scope("", self.order)
        try:
            found = scope.window(
                *(given.get(name) for name in ("first", "after", "last", "before")), anyones=True
            )
        except BadPage as error:
            raise FallsBack(str(error)) from None
        return found

    def scope(self, given: dict[str, Any], parent: Any) -> Scope:
        filters = {name: given[name] for name in self.filters}
        under = parent if self.relation.column is not None else EVERYONE
        return Scope.of(self.relation.name, under, self.order, filters)

    def owns(self, given: dict[str, Any], parent: Any) -> bool:
        """Whether the cursors among the arguments are of this list."""
        scope = self.scope(given, parent)
        cursors = [given[name] for name in ("after", "before") if given.get(name) is not None]
        return all(scope.digest == owner(cursor) for cursor in cursors)


@dataclass(frozen=True, eq=False)
class Counted:
    """How many rows a list is asked for, by the argument `first`."""

    arguments: Arguments
    most: int

    def size(self, run: Run) -> int:
        first: int = run.given(self.arguments)["first"]
        if not 0 <= first <= self.most:
            raise FallsBack("`first` is out of range")
        return first
