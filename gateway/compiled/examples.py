"""Operations imagined before anyone asks: values for variables, a viewer of every role."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from graphql import (
    GraphQLEnumType,
    OperationDefinitionNode,
    is_list_type,
    is_non_null_type,
    type_from_ast,
)
from sqlalchemy.ext.asyncio import async_sessionmaker

from models.vocabulary import Role
from resolvers.context import Context
from schema import schema
from services.access import Viewer

CONTRACT = schema._schema  # strawberry keeps graphql-core's schema here

CLOCK = datetime(2026, 9, 1, tzinfo=UTC)  # any will do: nothing is run
SCALARS: dict[str, Any] = {
    "ID": str(UUID(int=0)),
    "String": None,  # a cursor most likely, and the first page has none
    "Int": 1,
    "Float": 1.0,
    "Boolean": True,
    "DateTime": CLOCK.isoformat(),
    "Date": CLOCK.date().isoformat(),
}


class Nobody:
    """Counts nothing: nothing is done."""

    async def wait(self, actor: str, rate: str) -> int | None:
        return None


def imagined() -> Iterator[Context]:
    """An operation's surroundings, for each role."""
    for role in Role:
        yield Context(
            viewer=Viewer("nobody", role),
            pool=None,
            sessions=async_sessionmaker(),
            limiter=Nobody(),
            followers=cast(Any, None),  # nothing is followed, and nothing rings
            bell=cast(Any, None),
            clock=CLOCK,
            request_id="",
        )


def examples(node: OperationDefinitionNode) -> list[dict[str, Any]]:
    """Values for the variables: for all that have no default, and for those that must be given."""
    types = {
        definition.variable.name.value: type_from_ast(CONTRACT, definition.type)
        for definition in node.variable_definitions or ()
        if definition.default_value is None
    }
    every = {name: _example(type_) for name, type_ in types.items()}
    needed = {name: every[name] for name, type_ in types.items() if is_non_null_type(type_)}
    return [every, needed]


def _example(type_: Any) -> Any:
    if is_non_null_type(type_):
        return _example(type_.of_type) or ""
    if is_list_type(type_):
        return [_example(type_.of_type)]
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    return SCALARS.get(type_.name)
