"""What every argument must be before anything is done with it."""

from typing import Any
from uuid import UUID

from graphql import GraphQLError

from services.texts import flaw_of, uuid_of


def refused(message: str) -> GraphQLError:
    """The answer to an argument that cannot be meant."""
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT"})


def checked(given: dict[str, Any], ids: set[str] | frozenset[str] = frozenset()) -> dict[str, Any]:
    """The arguments, with those named in `ids` as UUIDs; refuses text that cannot be stored."""
    for name, value in given.items():
        for text in value if isinstance(value, list) else (value,):
            if isinstance(text, str):
                _storable(name, text)
    return {name: _ids(name, value) if name in ids else value for name, value in given.items()}


def _storable(name: str, text: str) -> None:
    if flaw := flaw_of(text):
        raise refused(f"`{name}` holds {flaw.value}")


def _ids(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_id(name, each) for each in value]
    return None if value is None else _id(name, value)


def _id(name: str, value: str) -> UUID:
    found = uuid_of(value)
    if found is None:
        raise refused(f"`{name}` is not a UUID")
    return found
