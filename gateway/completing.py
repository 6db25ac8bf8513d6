"""Execution by graphql-core, spared what a plain column does not need.

Most fields of an answer are scalars that are read off a row as they are. They need no `info`, no
arguments, no second look at whether they are to be awaited; everything else, and whatever is not as
it should be, is graphql-core's own.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, TypeGuard

from asyncpg import Record
from graphql import GraphQLObjectType, Undefined, is_leaf_type, is_non_null_type
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import Path


@dataclass(frozen=True, slots=True)
class Plain:
    """A field that shows an attribute as it is."""

    attribute: str
    leaf: Any
    required: bool


_plain: dict[GraphQLObjectType, dict[str, Plain]] = {}
_awaited: dict[type, bool] = {}


def is_awaitable(value: Any) -> TypeGuard[Awaitable[Any]]:
    """Whether a value is to be awaited: as its type says, which is asked once."""
    kind = type(value)
    found = _awaited.get(kind)
    if found is None:
        found = _awaited[kind] = hasattr(kind, "__await__")
    return found


class Lean(Executor[Any]):
    """Completes plain fields by itself."""

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_details_list: FieldDetailsList,
        path: Path,
        position_context: Any,
    ) -> Any:
        known = _plain.get(parent_type)
        if known is None:
            known = _plain[parent_type] = plain_fields(parent_type)
        plain = known.get(field_details_list[0].node.name.value)
        if plain is not None:
            shown = _shown(plain, source)
            if shown is not Undefined:
                return shown
        return super().execute_field(
            parent_type, source, field_details_list, path, position_context
        )


def _shown(plain: Plain, source: Any) -> Any:
    """What the field shows; Undefined where graphql-core has something to say about it."""
    try:
        row = isinstance(source, Record)
        value = source[plain.attribute] if row else getattr(source, plain.attribute)
        if value is None:
            return Undefined if plain.required else None
        if isinstance(value, Exception) or is_awaitable(value):
            return Undefined
        shown = plain.leaf.coerce_output_value(value)
    except Exception:
        return Undefined
    return Undefined if shown is None else shown


def plain_fields(parent: GraphQLObjectType) -> dict[str, Plain]:
    """The plain fields of a type, by their names."""
    found = {}
    for name, field in parent.fields.items():
        definition = field.extensions.get("strawberry-definition")
        required = is_non_null_type(field.type)
        leaf: Any = field.type.of_type if is_non_null_type(field.type) else field.type
        if definition is not None and definition.is_basic_field and is_leaf_type(leaf):
            found[name] = Plain(definition.python_name, leaf, required)
    return found
