"""How large a document may be: counted on its tree in one walk, before it is validated.

Validation compares every two fields that would stand under one name, and execution resolves every
alias: both grow faster than the text. Here a document pays for what it would make others do.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
)

from gateway.deferred.directives import DEFER
from gateway.refusals import Rejected, refusal


@dataclass(frozen=True, slots=True)
class Limits:
    """What a document may hold. The trusted ones have a few hundred tokens, and no alias."""

    text: int = 100_000  # bytes
    tokens: int = 4_000
    depth: int = 50  # fields inside fields, fragments included: far less than JSON can nest
    inline: int = 5  # inline fragments directly inside one another
    operations: int = 25
    variables: int = 100  # of one operation
    members: int = 100  # fields of an object, or items of a list, that stand in the text
    roots: int = 50  # of one operation
    aliases: int = 100
    directives: int = 100
    directives_at: int = 4  # at one place
    deferred: int = 20  # fragments that may follow later
    fields: int = 2_000  # with every fragment expanded where it is spread
    overlaps: int = 10_000  # pairs of fields that may have to agree, about 3 µs each


Fragments = dict[str, FragmentDefinitionNode]


def exceeded(what: str, limit: str, allowed: int) -> Rejected:
    message = f"the document {what}: at most {allowed} are allowed"
    told = refusal(message, "GRAPHQL_VALIDATION_FAILED", limit=limit, allowed=allowed)
    return Rejected([told])


def check(document: DocumentNode, limits: Limits) -> None:
    """Rejected where a document is larger than its reader, or this server, should have to bear."""
    operations = [
        node for node in document.definitions if isinstance(node, OperationDefinitionNode)
    ]
    if len(operations) > limits.operations:
        raise exceeded("has too many operations", "operations", limits.operations)
    fragments = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    _Written(limits).check(document)
    merged = _Merged(fragments, limits)
    for node in operations:
        if len(merged.gathered([node.selection_set]).fields) > limits.roots:
            raise exceeded("has too many root fields", "roots", limits.roots)
    for definition in (*operations, *fragments.values()):
        merged.walk([definition.selection_set], depth=1)


class _Written:
    """What stands in the text: aliases and directives, wherever they are."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._aliases = 0
        self._directives = 0
        self._deferred = 0

    def check(self, document: DocumentNode) -> None:
        for definition in document.definitions:
            self._count_directives(definition)
            if isinstance(definition, OperationDefinitionNode):
                self._count_variables(definition)
            if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
                self._within(definition.selection_set, 0)

    def _count_variables(self, operation: OperationDefinitionNode) -> None:
        variables = operation.variable_definitions or ()
        if len(variables) > self._limits.variables:
            raise exceeded("has too many variables", "variables", self._limits.variables)
        for variable in variables:
            self._count_directives(variable)
            if variable.default_value:
                self._count_members(variable.default_value)

    def _count_members(self, value: ValueNode) -> None:
        """A value is printed once for each of its faults: it must not be long as well."""
        waiting = [value]
        while waiting:
            found = waiting.pop()
            if isinstance(found, ObjectValueNode):
                members = [field.value for field in found.fields]
            elif isinstance(found, ListValueNode):
                members = list(found.values)
            else:
                continue
            if len(members) > self._limits.members:
                raise exceeded("has too large a value", "members", self._limits.members)
            waiting += members

    def _within(self, selected: SelectionSetNode, inline: int) -> None:
        for node in selected.selections:
            self._count_directives(node)
            if isinstance(node, FieldNode):
                self._aliases += node.alias is not None
                for argument in node.arguments or ():
                    self._count_members(argument.value)
                if node.selection_set:
                    self._within(node.selection_set, 0)
            elif isinstance(node, InlineFragmentNode):
                if inline >= self._limits.inline:
                    raise exceeded(
                        "nests inline fragments too deeply", "inline", self._limits.inline
                    )
                self._within(node.selection_set, inline + 1)
        if self._aliases > self._limits.aliases:
            raise exceeded("has too many aliases", "aliases", self._limits.aliases)

    def _count_directives(self, node: object) -> None:
        given = getattr(node, "directives", None) or ()
        here = len(given)
        self._directives += here
        if here > self._limits.directives_at:
            raise exceeded(
                "has too many directives in one place", "directives", self._limits.directives_at
            )
        if self._directives > self._limits.directives:
            raise exceeded("has too many directives", "directives", self._limits.directives)
        for directive in given:
            self._deferred += directive.name.value == DEFER
            if self._deferred > self._limits.deferred:
                raise exceeded("defers too many fragments", "deferred", self._limits.deferred)
            for argument in directive.arguments or ():
                self._count_members(argument.value)


@dataclass(slots=True)
class _Gathered:
    """The fields of one object of the answer, by the name they would stand under."""

    fields: dict[str, list[FieldNode]] = field(default_factory=dict)
    spread: set[str] = field(default_factory=set)


class _Merged:
    """Walks as the answer is made: fragments in their place, equal names together."""

    def __init__(self, fragments: Fragments, limits: Limits) -> None:
        self._fragments = fragments
        self._limits = limits
        self._expanded = 0
        self._compared = 0

    def walk(self, selected: list[SelectionSetNode], depth: int) -> None:
        if depth > self._limits.depth:
            message = f"fields nest deeper than {self._limits.depth} levels"
            raise Rejected(
                [
                    refusal(
                        message,
                        "GRAPHQL_VALIDATION_FAILED",
                        limit="depth",
                        allowed=self._limits.depth,
                    )
                ]
            )
        found = self.gathered(selected)
        self._compare(found)
        for nodes in found.fields.values():
            below = [node.selection_set for node in nodes if node.selection_set]
            if below:
                self.walk(below, depth + 1)

    def gathered(self, selected: list[SelectionSetNode]) -> _Gathered:
        found = _Gathered()
        for each in selected:
            for node in self._flat(each.selections, found.spread):
                name = (node.alias or node.name).value
                found.fields.setdefault(name, []).append(node)
        return found

    def _flat(self, selections: tuple[SelectionNode, ...], spread: set[str]) -> Iterator[FieldNode]:
        """The fields among these, those of fragments in their place."""
        waiting = list(reversed(selections))
        while waiting:
            node = waiting.pop()
            self._expanded += 1
            if self._expanded > self._limits.fields:
                raise exceeded(
                    "has too many fields, fragments expanded", "fields", self._limits.fields
                )
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                waiting += reversed(node.selection_set.selections)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                if found := self._fragments.get(node.name.value):
                    waiting += reversed(found.selection_set.selections)

    def _compare(self, found: _Gathered) -> None:
        """Count what validation compares: fields of one name, by twos, and fragments likewise."""
        spread = len(found.spread)
        self._compared += spread * (spread - 1) // 2 + spread * len(found.fields)
        for nodes in found.fields.values():
            if len(nodes) > 1:
                self._compared += (len(nodes) - 1) * sum(map(_weight, nodes)) // 2
        if self._compared > self._limits.overlaps:
            raise exceeded("has too many overlapping fields", "overlaps", self._limits.overlaps)


def _weight(node: FieldNode) -> int:
    """How long comparing a field takes: its arguments are printed each time."""
    if not node.arguments:
        return 1
    first, last = node.arguments[0].loc, node.arguments[-1].loc
    return 1 + ((last.end - first.start) // 8 if first and last else 1)
