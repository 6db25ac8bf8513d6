"""Where a document says that something may follow later: found out once for each operation."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLDeferDirective,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    VariableNode,
    value_from_ast_untyped,
)

DEFER = GraphQLDeferDirective.name


@dataclass(frozen=True, slots=True)
class Deferral:
    """What an operation defers: something in any case, or where one of these variables says so.

    Each variable stands with its default. What `@skip` leaves out is counted too.
    """

    always: bool
    variables: Mapping[str, Any]

    def holds(self, given: Mapping[str, Any]) -> bool:
        """Whether something may follow, for these variables."""
        return self.always or any(
            given.get(name, default) is not False for name, default in self.variables.items()
        )


def deferral(document: DocumentNode, node: OperationDefinitionNode) -> Deferral | None:
    """What a query defers, in fragments too; None where it is answered whole, as all else is."""
    if node.operation is not OperationType.QUERY:
        return None
    conditions = [_condition(each) for each in _reached(document, node)]
    names = {each.name.value for each in conditions if isinstance(each, VariableNode)}
    always = any(each is None for each in conditions)
    if not (always or names):
        return None
    defaults = {
        each.variable.name.value: value_from_ast_untyped(each.default_value)
        for each in node.variable_definitions or ()
        if each.default_value
    }
    return Deferral(always, {name: defaults.get(name) for name in names})


def _condition(directive: DirectiveNode) -> VariableNode | bool | None:
    """What its `if` is: a variable, False, or None where it holds anyway."""
    for argument in directive.arguments or ():
        if argument.name.value == "if":
            if isinstance(argument.value, VariableNode):
                return argument.value
            if isinstance(argument.value, BooleanValueNode) and not argument.value.value:
                return False
    return None


def _reached(document: DocumentNode, node: OperationDefinitionNode) -> Iterable[DirectiveNode]:
    """Every `@defer` of an operation and of the fragments that it spreads."""
    fragments = {
        each.name.value: each
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    waiting: list[SelectionNode] = list(node.selection_set.selections)
    spread: set[str] = set()
    while waiting:
        found = waiting.pop()
        yield from (each for each in found.directives or () if each.name.value == DEFER)
        if isinstance(found, FragmentSpreadNode):
            name = found.name.value
            if name not in spread:
                spread.add(name)
                waiting += fragments[name].selection_set.selections
        elif inner := getattr(found, "selection_set", None):
            waiting += inner.selections
