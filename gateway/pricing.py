"""From a valid document to its price: sums that know earlier ones, added up once a run.

Each place of the document is one sum, however often fragments show it: what would take long to
expand is dear, and found to be so at once. Only the lengths of pages wait for the variables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionSetNode,
    TypeMetaFieldDef,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    value_from_ast_untyped,
)

from gateway.cost import CHANGE, COSTS, COUNT, INTROSPECTED, USUAL_LIST, Cost
from loaders.keyset import DEFAULT_SIZE, MAX_SIZE

MOST = 1_000_000_000  # points; beyond it no budget asks how far
WRAPPERS = ("Connection", "Edge", "PageInfo")  # they hold rows, and are none
OF_THE_SCHEMA = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}


@dataclass(frozen=True, slots=True)
class Page:
    """How many objects a field gives: the largest number that its variables say, or its text.

    `usual` is what it gives where neither does.
    """

    variables: tuple[str, ...]
    written: int | None
    usual: int

    def holds(self, given: Mapping[str, Any]) -> int:
        """So many for these variables. What does not fit its type, and will be refused, is most."""
        said = [_size(given.get(name)) for name in self.variables]
        return max((size for size in (*said, self.written) if size is not None), default=self.usual)


@dataclass(frozen=True, slots=True)
class Sum:
    """Points, and so many times those of others; it stands at `place`, and they before it."""

    place: int
    points: int
    parts: "Sequence[tuple[int | Page, Points]]"


Points = int | Sum


@dataclass(frozen=True, slots=True)
class Price:
    """What an operation costs. `defaults` are those of its variables."""

    points: Points
    sums: Sequence[Sum] = ()
    defaults: Mapping[str, Any] | None = None

    def of(self, given: Mapping[str, Any]) -> int:
        """The points for these variables, in one pass over the sums; MOST at most."""
        if isinstance(self.points, int):
            return self.points
        variables = {**(self.defaults or {}), **given}
        found: list[int] = []
        for each in self.sums:
            points = each.points
            for many, inner in each.parts:
                size = many if isinstance(many, int) else many.holds(variables)
                points += size * (inner if isinstance(inner, int) else found[inner.place])
            found.append(min(points, MOST))
        return found[self.points.place]


def priced(schema: GraphQLSchema, document: DocumentNode, node: OperationDefinitionNode) -> Price:
    """The price of an operation of a valid document."""
    pricing = _Pricing(schema, document)
    points = pricing.fields(node.selection_set, schema.get_root_type(node.operation))
    defaults = {
        each.variable.name.value: value_from_ast_untyped(each.default_value)
        for each in node.variable_definitions or ()
        if each.default_value
    }
    return Price(points, pricing.sums, defaults)


class _Pricing:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self.sums: list[Sum] = []
        self._schema = schema
        self._fragments = {
            found.name.value: found
            for found in document.definitions
            if isinstance(found, FragmentDefinitionNode)
        }
        self._known: dict[str, Points] = {}  # a fragment costs the same wherever it is spread
        self._counting: dict[str, bool] = {}  # and counts, where it is on a connection

    def fields(
        self, selected: SelectionSetNode, owner: GraphQLNamedType | None, own: int = 0
    ) -> Points:
        """The price of what is selected of one object, which costs `own` itself."""
        parts: list[tuple[int | Page, Points]] = [(1, own)]
        for selection in selected.selections:
            if isinstance(selection, FieldNode):
                parts += self._field(selection, owner)
            elif isinstance(selection, FragmentSpreadNode):
                parts.append((1, self._fragment(selection.name.value)))
            elif isinstance(selection, InlineFragmentNode):
                on = selection.type_condition
                kind = self._schema.get_type(on.name.value) if on else owner
                parts.append((1, self.fields(selection.selection_set, kind)))
        return self._sum(parts)

    def _sum(self, parts: Sequence[tuple[int | Page, Points]]) -> Points:
        """What is known is added up at once, the rest as soon as the variables are there."""
        known, later = 0, []
        for many, points in parts:
            if isinstance(many, int) and isinstance(points, int):
                known = min(known + many * points, MOST)
            else:
                later.append((many, points))
        if not later:
            return known
        self.sums.append(Sum(len(self.sums), known, later))
        return self.sums[-1]

    def _fragment(self, name: str) -> Points:
        if name not in self._known:
            found = self._fragments[name]
            kind = self._schema.get_type(found.type_condition.name.value)
            self._known[name] = self.fields(found.selection_set, kind)
        return self._known[name]

    def _counts(self, selected: SelectionSetNode) -> bool:
        """Whether all rows of a connection are counted, and not only a page of them read."""
        for selection in selected.selections:
            if isinstance(selection, FieldNode):
                found = selection.name.value == "totalCount"
            elif isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                if name not in self._counting:
                    self._counting[name] = self._counts(self._fragments[name].selection_set)
                found = self._counting[name]
            else:
                assert isinstance(selection, InlineFragmentNode)  # noqa: S101 - there is no other
                found = self._counts(selection.selection_set)
            if found:
                return True
        return False

    def _field(
        self, node: FieldNode, owner: GraphQLNamedType | None
    ) -> Sequence[tuple[int | Page, Points]]:
        name = node.name.value
        if node.selection_set is None:
            leaf = COSTS.get(f"{owner}.{name}")
            return ((1, leaf.points if leaf else 0),)
        if name in OF_THE_SCHEMA:
            kind = get_named_type(OF_THE_SCHEMA[name].type)
            objects = self.fields(node.selection_set, kind, 1)
            assert isinstance(objects, int)  # noqa: S101 - no page is there
            return ((1, ceil(objects / INTROSPECTED)),)
        assert isinstance(owner, GraphQLObjectType | GraphQLInterfaceType)  # noqa: S101 - validated
        field = owner.fields[name]
        own = _declared(self._schema, owner, name, field)
        kind = get_named_type(field.type)
        inner = self.fields(node.selection_set, kind, 0 if kind.name.endswith(WRAPPERS) else 1)
        once = own.points - (not kind.name.endswith("Connection"))
        if kind.name.endswith("Connection") and self._counts(node.selection_set):
            once += COUNT
        return ((1, once), (_repeated(node, field, own), inner))


def _declared(
    schema: GraphQLSchema, owner: GraphQLNamedType, name: str, field: GraphQLField
) -> Cost:
    if owner is schema.mutation_type:
        return CHANGE
    found = COSTS.get(f"{owner.name}.{name}")
    return found or Cost(size=USUAL_LIST if lists_objects(owner.name, name, field) else 1)


def lists_objects(owner: str, name: str, field: GraphQLField) -> bool:
    """Whether a field gives objects whose number no page has counted."""
    kind: Any = field.type.of_type if is_non_null_type(field.type) else field.type
    shown = owner.endswith("Connection") and name in ("nodes", "edges")
    return is_list_type(kind) and is_composite_type(get_named_type(kind)) and not shown


def _repeated(node: FieldNode, field: GraphQLField, own: Cost) -> int | Page:
    """How many objects a field may give."""
    arguments: tuple[str, ...] = ("ids",)
    if "ids" in field.args:
        usual = MAX_SIZE
    elif "first" in field.args:
        default = field.args["first"].default_value
        usual = default if isinstance(default, int) else DEFAULT_SIZE
        arguments = ("first", "last")
    else:
        return own.size
    values = [each.value for each in node.arguments or () if each.name.value in arguments]
    variables = tuple(each.name.value for each in values if isinstance(each, VariableNode))
    sizes = [_written(each) for each in values if not isinstance(each, VariableNode)]
    written = max((size for size in sizes if size is not None), default=None)
    if variables:
        return Page(variables, written, usual)
    return usual if written is None else written


def _written(value: Any) -> int | None:
    if isinstance(value, ListValueNode):
        return len(value.values)
    return _size(value_from_ast_untyped(value))


def _size(value: Any) -> int | None:
    """How many objects an argument asks for; None where it says nothing of it.

    A page may hold MAX_SIZE: who asks for more, or for what is no number, is refused later.
    """
    if value is None:
        return None
    if isinstance(value, list):
        return len(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return ceil(min(max(value, 0), MAX_SIZE))
    return MAX_SIZE
