"""Whether everything below a type is a function of its values alone."""

from functools import cache
from typing import Any

from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from gateway.compiled.compiler import declaration
from schema.declarations import Attribute, Derived


def is_pure(type_: Any) -> bool:
    """Whether no field of the type, or of what it leads to, asks who is looking, or reads rows."""
    return _pure(type_, frozenset())


@cache
def _pure(type_: Any, above: frozenset[str]) -> bool:
    if is_leaf_type(type_) or type_.name in above:
        return True
    if not isinstance(type_, GraphQLObjectType):
        return False
    for field in type_.fields.values():
        declared = field.extensions["strawberry-definition"]
        known = isinstance(declaration(declared), Attribute | Derived)
        if declared.extensions or not (known or _of_values(declared.base_resolver)):
            return False
        if not _pure(get_named_type(field.type), above | {type_.name}):
            return False
    return True


def _of_values(resolver: Any) -> bool:
    """Whether a resolver is given no more than the object, and answers at once."""
    return not resolver.is_async and resolver.info_parameter is None and not resolver.arguments
