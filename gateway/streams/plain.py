"""Answers that an event gives by itself: no statement, no executor, a few microseconds each.

Only what is surely the same either way is taken: names and columns of the event, without arguments,
directives or fragments. All else is for the executor, and so is a value that has an error in it.
"""

from collections.abc import Callable
from typing import Any

import orjson
from graphql import (
    FieldNode,
    GraphQLObjectType,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    get_named_type,
    is_leaf_type,
)

from gateway.documents import CONTRACT
from resolvers.live import Update

TYPENAME = "__typename"

Part = Callable[[Any], Any]
"""From a row to what is shown of it; None where the executor has to see to it."""


class Plain:
    """Renders the updates of one document; the last one is kept for all who watch the same."""

    def __init__(self, root: str, parts: dict[str, Part]) -> None:
        self._root = root
        self._parts = parts
        self._last: tuple[object, str | None] = (None, None)

    def __call__(self, update: Update) -> str | None:
        """The answer as JSON text; None where it is for the executor."""
        event, body = self._last
        if event is not update.event:
            body = self._render(update)
            self._last = update.event, body
        return body

    def _render(self, update: Update) -> str | None:
        shown = {}
        for key, part in self._parts.items():
            value = part(update)
            if value is None:
                return None
            shown[key] = value
        return orjson.dumps({"data": {self._root: shown}}).decode()


def plain(node: OperationDefinitionNode) -> Plain | None:
    """How to render an operation's updates by themselves; None where that cannot be."""
    fields = _fields(node.selection_set)
    subscription = CONTRACT.subscription_type
    if fields is None or len(fields) != 1 or subscription is None:
        return None
    ((key, root),) = fields.items()
    declared = subscription.fields.get(root.name.value)
    if declared is None or root.directives:
        return None
    update = get_named_type(declared.type)
    selected = _fields(root.selection_set)
    if (
        selected is None
        or not isinstance(update, GraphQLObjectType)
        or "event" not in update.fields
    ):
        return None
    event = get_named_type(update.fields["event"].type)
    parts: dict[str, Part] = {}
    for name, field in selected.items():
        if field.name.value == TYPENAME:
            parts[name] = _always(update.name)
            continue
        inner = _columns(field, event) if field.name.value == "event" else None
        if inner is None:
            return None
        parts[name] = _nested(inner)
    return Plain(key, parts)


def _fields(selected: SelectionSetNode | None) -> dict[str, FieldNode] | None:
    """The fields by the name they are shown under; None where that is not all there is."""
    found: dict[str, FieldNode] = {}
    for each in selected.selections if selected else ():
        if not isinstance(each, FieldNode) or each.directives:
            return None
        key = each.alias.value if each.alias else each.name.value
        if key in found:
            return None
        found[key] = each
    return found


def _columns(selected: FieldNode, event: Any) -> dict[str, Part] | None:
    """The selected columns of the event; None where something else is asked."""
    parts: dict[str, Part] = {}
    fields = _fields(selected.selection_set)
    for name, column in (fields or {}).items():
        if column.name.value == TYPENAME:
            parts[name] = _always(event.name)
            continue
        declared = event.fields[column.name.value]
        # strawberry says where the value comes from, and that nothing computes it
        source = declared.extensions.get("strawberry-definition")
        leaf = get_named_type(declared.type)
        if source is None or not source.is_basic_field or not is_leaf_type(leaf):
            return None
        if str(declared.type) not in (leaf.name, f"{leaf.name}!"):
            return None  # a list
        parts[name] = _leaf(source.python_name, leaf.coerce_output_value)
    return parts or None


def _always(text: str) -> Part:
    return lambda _: text


def _leaf(name: str, shown: Callable[[Any], Any]) -> Part:
    def part(row: Any) -> Any:
        value = getattr(row, name)
        found = None if value is None else shown(value)
        return None if found is Undefined else found

    return part


def _nested(parts: dict[str, Part]) -> Part:
    def part(update: Update) -> dict[str, Any] | None:
        shown = {}
        for key, column in parts.items():
            value = column(update.event)
            if value is None:
                return None
            shown[key] = value
        return shown

    return part
