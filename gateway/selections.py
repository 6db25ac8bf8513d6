"""What an operation selects, prepared once: which fields of which types, each for many objects.

`selected` walks an operation as graphql-core collects it. What it makes holds no value of any run:
it is kept with the operation, and filled in by the runs of `gateway/breadth.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any

import strawberry
from asyncpg import Record
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution import Executor, get_argument_values
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList, collect_fields
from graphql.pyutils import Path
from strawberry.schema.schema_converter import get_arguments
from strawberry.types.field import StrawberryField

from gateway.compiled.runs import uses_variables
from gateway.completing import (
    Abstract,
    Completion,
    Irregular,
    Leaves,
    Lists,
    Made,
    Objects,
    Required,
    is_awaitable,
)

if TYPE_CHECKING:
    from gateway.breadth import Run

DECLARATION = "strawberry-definition"
SOURCE: Any = object()  # stands for the object whose field is resolved
INFO: Any = object()  # stands for what its resolver is told of the operation

Resolver = Callable[[Any], Any]


class Selection:
    """The fields that are selected of a type."""

    def __init__(self, fields: Sequence["Name | Attribute | Resolved"]) -> None:
        self._fields = fields

    def fill(self, run: "Run", sources: Sequence[Any], made: Sequence[Made]) -> None:
        """Put each field of the sources into what is made of them, in the order of the document."""
        for field in self._fields:
            field.fill(run, sources, made)


@dataclass(frozen=True, slots=True, eq=False)
class Name:
    """`__typename`."""

    key: str
    name: str

    def fill(self, run: "Run", sources: Sequence[Any], made: Sequence[Made]) -> None:
        for each in made:
            each[self.key] = self.name


@dataclass(frozen=True, slots=True, eq=False)
class Attribute:
    """A field that nothing resolves: an attribute of the object, a column of the row."""

    key: str
    attribute: str
    completion: Completion

    def fill(self, run: "Run", sources: Sequence[Any], made: Sequence[Made]) -> None:
        name = self.attribute
        if isinstance(sources[0], Record):
            values = [source[name] for source in sources]
        else:
            values = [getattr(source, name) for source in sources]
        for each, value in zip(made, self.completion.complete(run, values), strict=True):
            each[self.key] = value


@dataclass(frozen=True, slots=True, eq=False)
class Resolved:
    """A field that a function resolves, now or later; `bind` gives it its arguments in a run."""

    key: str
    completion: Completion
    bind: Callable[[Executor[Any]], Resolver]

    def fill(self, run: "Run", sources: Sequence[Any], made: Sequence[Made]) -> None:
        resolve = run.resolver(self)
        values: list[Any] = []
        try:
            values.extend(map(resolve, sources))
        except BaseException:
            run.drop(values)  # nobody will wait for them
            raise
        if any(map(is_awaitable, values)):
            for each in made:
                each[self.key] = None  # keeps its place among the fields
            run.later(values, partial(self._place, run, made))
        else:
            self._place(run, made, values)

    def _place(self, run: "Run", made: Sequence[Made], values: list[Any]) -> None:
        for each, value in zip(made, self.completion.complete(run, values), strict=True):
            each[self.key] = value


def selected(executor: Executor[Any]) -> Selection:
    """What an operation selects; Irregular where graphql-core must execute it."""
    type_ = executor.schema.get_root_type(executor.operation.operation)
    if type_ is None:
        raise Irregular("there is no such root")
    collected = collect_fields(
        executor.schema, executor.fragments, executor.variable_values, type_, executor.operation
    )
    return _selection(executor, type_, collected, root=True)


def _selection(
    executor: Executor[Any],
    type_: GraphQLObjectType,
    collected: CollectedFields,
    *,
    root: bool = False,
) -> Selection:
    if collected.new_defer_usages:
        raise Irregular("it is answered in parts")
    return Selection(
        [
            _field(executor, type_, key, details, root=root)
            for key, details in collected.grouped_field_set.items()
        ]
    )


def _field(
    executor: Executor[Any],
    parent: GraphQLObjectType,
    key: str,
    details: FieldDetailsList,
    *,
    root: bool,
) -> Name | Attribute | Resolved:
    name = details[0].node.name.value
    if name == "__typename":
        return Name(key, parent.name)
    field = executor.schema.get_field(parent, name)
    declared = field.extensions.get(DECLARATION) if field is not None else None
    if field is None or not isinstance(declared, StrawberryField):
        raise Irregular("it is about the schema")
    if any(each.fragment_variable_values for each in details):
        raise Irregular("a fragment takes arguments")
    completion = _completion(executor, parent, field, field.type, details)
    if root:
        return Resolved(key, completion, partial(_asked, parent, key, field, details))
    if declared.is_basic_field:
        return Attribute(key, declared.python_name, completion)
    if declared.extensions:
        raise Irregular("what guards a field is told its path")
    return Resolved(key, completion, Called(field, declared, details))


def _completion(
    executor: Executor[Any],
    parent: GraphQLObjectType,
    field: GraphQLField,
    type_: Any,
    details: FieldDetailsList,
) -> Completion:
    if is_non_null_type(type_):
        return Required(_completion(executor, parent, field, type_.of_type, details))
    if is_list_type(type_):
        return Lists(_completion(executor, parent, field, type_.of_type, details))
    if is_leaf_type(type_):
        return Leaves(type_)
    if is_abstract_type(type_):

        def of(executor: Executor[Any], value: Any) -> Objects:
            nodes = [each.node for each in details]
            path = Path(None, nodes[0].name.value, parent.name)
            info = executor.build_resolve_info(field, nodes, parent, path)
            resolve_type = type_.resolve_type or executor.type_resolver
            found = resolve_type(value, info, type_)
            shown = executor.ensure_valid_runtime_type(found, type_, details, info, value)
            return _objects(executor, shown, details)

        return Abstract(of)
    return _objects(executor, type_, details)


def _objects(
    executor: Executor[Any], type_: GraphQLObjectType, details: FieldDetailsList
) -> Objects:
    collected = executor.collect_subfields(type_, details)
    return Objects(type_, _selection(executor, type_, collected))


def _asked(
    parent: GraphQLObjectType,
    key: str,
    field: GraphQLField,
    details: FieldDetailsList,
    executor: Executor[Any],
) -> Resolver:
    """A root field is resolved as graphql-core does it: with all that guards it."""
    nodes = [each.node for each in details]
    info = executor.build_resolve_info(field, nodes, parent, Path(None, key, parent.name))
    given = get_argument_values(field, nodes[0], executor.variable_values)
    resolve = field.resolve or executor.field_resolver
    return lambda source: resolve(source, info, **given)


@dataclass(frozen=True, slots=True)
class Told:
    """All that the resolvers below the roots are told of the operation."""

    context: Any


class Called:
    """The function that a field is declared with, given its arguments as strawberry gives them."""

    def __init__(
        self, field: GraphQLField, declared: StrawberryField, details: FieldDetailsList
    ) -> None:
        function = declared.base_resolver and declared.base_resolver.wrapped_func
        if not isinstance(function, FunctionType):
            raise Irregular("no function resolves it")
        self._function = function
        self._field = field
        self._declared = declared
        self._node = details[0].node
        self._fixed = not any(map(uses_variables, self._node.arguments or ()))
        self._given: tuple[list[Any], dict[str, Any]] | None = None

    def __call__(self, executor: Executor[Any]) -> Resolver:
        positional, named = self._given or self._read(executor)
        if self._fixed:
            self._given = positional, named
        function = self._function
        info: Any = strawberry.Info(_raw_info=Told(executor.context_value), _field=self._declared)  # type: ignore[arg-type]
        given = {name: info if value is INFO else value for name, value in named.items()}
        if positional:
            return lambda source: function(source, **given)
        of = next((name for name, value in named.items() if value is SOURCE), None)
        if of is None:
            return lambda _source: function(**given)
        del given[of]
        return lambda source: function(**{of: source}, **given)

    def _read(self, executor: Executor[Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments, with marks in the places of the object and of `info`."""
        schema = executor.schema.extensions[DECLARATION]
        return get_arguments(
            field=self._declared,
            source=SOURCE,
            info=INFO,
            kwargs=get_argument_values(self._field, self._node, executor.variable_values),
            config=schema.config,
            scalar_registry=schema.schema_converter.scalar_registry,
        )
