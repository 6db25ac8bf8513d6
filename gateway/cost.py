"""What an answer may grow to: the rows of nested pages, estimated before anything is read."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)

from gateway.execution import Rejected, refusal
from loaders.keyset import DEFAULT_SIZE, MAX_SIZE

MAX_ROWS = 20_000
PAGES = {"students", "tasks", "agenda", "evaluations", "reports", "favorites", "events", "upcoming"}


def affordable(
    document: DocumentNode, node: OperationDefinitionNode, given: Mapping[str, Any]
) -> None:
    """Rejected where the pages of an operation may hold more than `MAX_ROWS` rows in all."""
    if rows(document, node, given) > MAX_ROWS:
        message = f"the pages asked for may hold more than {MAX_ROWS} rows: ask for fewer at once"
        raise Rejected([refusal(message, "QUERY_TOO_COSTLY")])


def rows(document: DocumentNode, node: OperationDefinitionNode, given: Mapping[str, Any]) -> int:
    """An upper bound of the rows in the pages of an operation, pages inside pages multiplied."""
    fragments = {
        found.name.value: found.selection_set
        for found in document.definitions
        if isinstance(found, FragmentDefinitionNode)
    }
    # a fragment costs the same wherever it is spread, but for the pages it stands in
    known: dict[str, int] = {}

    def under(selected: SelectionSetNode | None) -> int:
        """Rows for one object that these fields are selected of."""
        total = 0
        for field in selected.selections if selected else ():
            if isinstance(field, FieldNode):
                size = _size(field, given)
                total += size + max(size, 1) * under(field.selection_set)
            elif isinstance(field, FragmentSpreadNode):
                name = field.name.value
                if name not in known:
                    known[name] = under(fragments[name])
                total += known[name]
            elif isinstance(field, InlineFragmentNode):
                total += under(field.selection_set)
        return total

    return under(node.selection_set)


def _size(field: FieldNode, given: Mapping[str, Any]) -> int:
    """How many rows a page may bring; 0 for what is no page."""
    if field.name.value not in PAGES:
        return 0
    for argument in field.arguments or ():
        if argument.name.value in ("first", "last"):
            value: Any = DEFAULT_SIZE
            if isinstance(argument.value, IntValueNode):
                value = int(argument.value.value)
            elif isinstance(argument.value, VariableNode):
                value = given.get(argument.value.name.value, MAX_SIZE)
            return min(max(value, 0), MAX_SIZE) if isinstance(value, int) else DEFAULT_SIZE
    return DEFAULT_SIZE
