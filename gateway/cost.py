"""What an operation may cost, estimated before anything is read: one table, a budget a role.

A point is about one row read. A page counts the rows it may hold (`first`, or what it holds
without), a list what it usually holds, a computed field what `COSTS` says; all of it times the rows
it stands in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
)

from gateway.refusals import Rejected, refusal
from loaders.keyset import DEFAULT_SIZE, MAX_SIZE
from models.vocabulary import Role

BUDGETS = {Role.STUDENT: 20_000, Role.PARENT: 20_000, Role.COACH: 60_000, Role.ADMIN: 100_000}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a field costs by itself, and how many objects it usually gives."""

    points: int = 1
    size: int = 1


CHANGE = Cost(50)  # each root of a mutation: a transaction, its journal, the answer read again
USUAL_LIST = 10
WRAPPERS = ("Connection", "Edge", "PageInfo")  # they hold rows, and are none

# Connections are not here: their `first` says it. `nodes` and `edges` show what was counted there.
COSTS = {
    "BacProjection.estimates": Cost(size=20),
    "BacProjection.thresholds": Cost(size=5),
    "BacProjection.weakest": Cost(size=5),
    "BacProjection.worthMost": Cost(size=5),
    "BulkTasksPayload.results": Cost(size=50),
    "CancelSessionsPayload.results": Cost(size=50),
    "Chapter.competences": Cost(size=5),
    "Chapter.prerequisites": Cost(size=3),
    "ChapterProgress.competences": Cost(size=5),
    "Dashboard.kpis": Cost(points=10),
    "EpreuvePlan.items": Cost(size=20),
    "Evaluation.items": Cost(size=15),
    "KnowledgeGraph.edges": Cost(size=40),
    "KnowledgeGraph.nodes": Cost(size=20),
    "Query.availableSlots": Cost(points=50, size=50),
    "Query.programme": Cost(points=10, size=20),
    "Query.reglement": Cost(points=20, size=20),
    "RunAgentsPayload.ran": Cost(size=2),
    "SecondGroupe.orals": Cost(size=5),
    "Student.dashboard": Cost(points=5),
    "Student.epreuvePlan": Cost(points=10),
    "Student.progression": Cost(points=20, size=10),
    "SubjectProgress.chapters": Cost(size=15),
    "SubjectProgress.trend": Cost(points=5, size=30),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """Objects whose number only the variables tell: `name` is the variable, `usual` without it."""

    name: str
    usual: int
    each: "Price"


@dataclass(frozen=True, slots=True)
class Price:
    """What one object's fields cost: so many points, and lists as long as the variables say."""

    points: int = 0
    lists: tuple[Listed, ...] = ()

    def of(self, given: Mapping[str, Any]) -> int:
        """The points for these variables."""
        return self.points + sum(
            _size(given.get(listed.name), listed.usual) * listed.each.of(given)
            for listed in self.lists
        )

    def times(self, size: int) -> "Price":
        """The same for so many objects."""
        lists = tuple(Listed(li.name, li.usual, li.each.times(size)) for li in self.lists)
        return Price(self.points * size, lists)


def total(prices: list[Price]) -> Price:
    return Price(
        sum(price.points for price in prices),
        tuple(listed for price in prices for listed in price.lists),
    )


def affordable(points: int, role: Role) -> int:
    """What remains of a role's budget; Rejected where that is less than nothing."""
    budget = BUDGETS[role]
    if points > budget:
        message = f"the operation may cost {points} points, of {budget}: ask for fewer at once"
        raise Rejected([refusal(message, "QUERY_TOO_COSTLY", cost=points, budget=budget)])
    return budget - points


def priced(schema: GraphQLSchema, document: DocumentNode, node: OperationDefinitionNode) -> Price:
    """The price of an operation of a valid document."""
    root = schema.get_root_type(node.operation)
    return _Pricing(schema, document).fields(node.selection_set, root)


class _Pricing:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            found.name.value: found
            for found in document.definitions
            if isinstance(found, FragmentDefinitionNode)
        }
        self._known: dict[str, Price] = {}  # a fragment costs the same wherever it is spread

    def fields(self, selected: SelectionSetNode, owner: GraphQLNamedType | None) -> Price:
        """The price of what is selected of one object."""
        prices = []
        for selection in selected.selections:
            if isinstance(selection, FieldNode):
                prices.append(self._field(selection, owner))
            elif isinstance(selection, FragmentSpreadNode):
                prices.append(self._fragment(selection.name.value))
            elif isinstance(selection, InlineFragmentNode):
                on = selection.type_condition
                kind = self._schema.get_type(on.name.value) if on else owner
                prices.append(self.fields(selection.selection_set, kind))
        return total(prices)

    def _fragment(self, name: str) -> Price:
        if name not in self._known:
            found = self._fragments[name]
            kind = self._schema.get_type(found.type_condition.name.value)
            self._known[name] = self.fields(found.selection_set, kind)
        return self._known[name]

    def _field(self, node: FieldNode, owner: GraphQLNamedType | None) -> Price:
        if node.selection_set is None or node.name.value.startswith("__"):
            own = COSTS.get(f"{owner}.{node.name.value}")
            return Price(own.points if own else 0)
        assert isinstance(owner, GraphQLObjectType | GraphQLInterfaceType)  # noqa: S101 - validated
        field = owner.fields[node.name.value]
        own = _declared(self._schema, owner, node.name.value, field)
        kind = get_named_type(field.type)
        wraps = kind.name.endswith(WRAPPERS)
        inner = total([Price(0 if wraps else 1), self.fields(node.selection_set, kind)])
        once = own.points - (not kind.name.endswith("Connection"))
        return total([Price(once), _repeated(node, field, own, inner)])


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


def _repeated(node: FieldNode, field: GraphQLField, own: Cost, inner: Price) -> Price:
    """The price of all objects that a field may give."""
    arguments: tuple[str, ...]
    if "ids" in field.args:
        usual, arguments = MAX_SIZE, ("ids",)
    elif "first" in field.args:
        default = field.args["first"].default_value
        usual, arguments = default if isinstance(default, int) else DEFAULT_SIZE, ("first", "last")
    else:
        return inner.times(own.size)
    for argument in node.arguments or ():
        if argument.name.value not in arguments:
            continue
        if isinstance(argument.value, VariableNode):
            return Price(0, (Listed(argument.value.name.value, usual, inner),))
        if isinstance(argument.value, IntValueNode):
            return inner.times(_size(int(argument.value.value), usual))
        if isinstance(argument.value, ListValueNode):
            return inner.times(len(argument.value.values))
    return inner.times(usual)


def _size(value: Any, usual: int) -> int:
    """How many objects an argument asks for; more than a page may hold is refused later."""
    if isinstance(value, list):
        return len(value)
    if isinstance(value, int):
        return min(max(value, 0), MAX_SIZE)
    return usual
