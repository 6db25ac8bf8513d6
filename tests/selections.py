"""Selections made from the schema: every field of every type, and a way to each type."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_list_type,
    is_required_argument,
)

from gateway.documents import CONTRACT

QUERY = CONTRACT.query_type
assert QUERY is not None

Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType
Step = tuple[str, Composite]  # a field, or a fragment on a type


def objects() -> list[GraphQLObjectType]:
    """The object types of the contract."""
    return [
        found
        for name, found in CONTRACT.type_map.items()
        if isinstance(found, GraphQLObjectType) and not name.startswith("__")
    ]


def everything(type_: Composite, depth: int = 1, prefix: str = "") -> str:
    """Select all fields of a type; those that lead to other types, `depth` steps far."""
    if is_abstract_type(type_):
        fragments = (
            # aliases, for two types may give one name to fields of different kinds
            f"... on {each.name} {everything(each, depth, prefix=f'{each.name}_')}"
            for each in CONTRACT.get_possible_types(type_)  # type: ignore[arg-type]
        )
        return f"{{ __typename {' '.join(fragments)} }}"
    assert not isinstance(type_, GraphQLUnionType)
    parts = ["__typename"]
    for name, field in type_.fields.items():
        asked = _asked(field)
        if asked is None:
            continue
        shown = f"{prefix}{name}: {name}{asked}" if prefix else f"{name}{asked}"
        inner = get_named_type(field.type)
        if not is_composite_type(inner):
            parts.append(shown)
        elif depth > 0:
            parts.append(f"{shown} {everything(inner, depth - 1)}")  # type: ignore[arg-type]
        else:
            parts.append(f"{shown} {{ __typename }}")
    return f"{{ {' '.join(parts)} }}"


@cache
def ways(start: str) -> dict[str, tuple[str, ...]]:
    """The shortest way from a type to each type that can be reached from it."""
    found: dict[str, tuple[str, ...]] = {start: ()}
    queue: list[Composite] = [CONTRACT.type_map[start]]  # type: ignore[list-item]
    for type_ in queue:  # grows meanwhile
        for step, target in _steps(type_):
            if target.name not in found:
                found[target.name] = (*found[type_.name], step)
                queue.append(target)
    return found


def _steps(type_: Composite) -> Iterator[Step]:
    if is_abstract_type(type_):
        for each in CONTRACT.get_possible_types(type_):  # type: ignore[arg-type]
            yield f"... on {each.name}", each
        return
    assert not isinstance(type_, GraphQLUnionType)
    for name, field in type_.fields.items():
        target = get_named_type(field.type)
        asked = _asked(field)
        if is_composite_type(target) and asked is not None:
            yield _called(name, field) + asked, target  # type: ignore[misc]


def _called(name: str, field: GraphQLField) -> str:
    return f"{name}(first: $size)" if "first" in field.args else name


KNOWN_ARGUMENTS = {"subject": "MATHS"}


def _asked(field: GraphQLField) -> str | None:
    """What has to be given to a field: nothing, what is known, or None where that is not all."""
    required = [name for name, one in field.args.items() if is_required_argument(one)]
    if not set(required) <= KNOWN_ARGUMENTS.keys():
        return None
    given = ", ".join(f"{name}: {KNOWN_ARGUMENTS[name]}" for name in required)
    return f"({given})" if given else ""


def nested(way: tuple[str, ...], selection: str, declared: str = "") -> str:
    """A query for a selection at the end of a way; `$size` is how long its pages are."""
    for step in reversed(way):
        selection = f"{{ {step} {selection} }}"
    sized = "$size: Int = 100" if "$size" in selection else ""
    variables = ", ".join(filter(None, (declared, sized)))
    return f"query ({variables}) {selection}" if variables else selection


OWN = ("viewer", "student")
ALL = ("viewer", "students(first: 100)", "nodes")


def walks(depth: int = 2) -> list[str]:
    """For each type, a document that selects all of it: of one's own pupil, and of all one sees."""
    found = [nested(("viewer",), everything(CONTRACT.type_map["Viewer"], 3))]  # type: ignore[arg-type]
    for name, way in ways("Student").items():
        selection = everything(CONTRACT.type_map[name], depth)  # type: ignore[arg-type]
        found += [nested((*start, *way), selection) for start in (OWN, ALL)]
    return found


@dataclass(frozen=True)
class IdTaker:
    """A field, as `Type.field`, with an argument that is an id, or a list of ids."""

    field: str
    argument: str
    listed: bool


def takers_of_ids() -> list[IdTaker]:
    """Every field that can be given an id."""
    return [
        IdTaker(f"{type_.name}.{name}", given, is_list_type(_nullable(argument.type)))
        for type_ in objects()
        for name, field in type_.fields.items()
        for given, argument in field.args.items()
        if get_named_type(argument.type).name == "ID"
    ]


def _nullable(type_: object) -> object:
    return type_.of_type if isinstance(type_, GraphQLNonNull) else type_


def question(taker: IdTaker) -> str:
    """A document that gives `$id` to a field and selects all of the answer."""
    parent, _, name = taker.field.partition(".")
    owner = CONTRACT.type_map[parent]
    assert isinstance(owner, GraphQLObjectType)
    field = owner.fields[name]
    selection = everything(get_named_type(field.type), 2)  # type: ignore[arg-type]
    given = f"{name}{_needed(field, {taker.argument: '[$id]' if taker.listed else '$id'})}"
    if parent == "Subscription":
        return nested((given,), selection, "$id: ID!").replace("query", "subscription", 1)
    start: tuple[str, ...] = () if parent == "Query" else (*ALL, *ways("Student")[parent])
    return nested((*start, given), selection, "$id: ID!")


def call(field: str) -> str:
    """A document that asks one root field, with something for each argument that it needs."""
    found = QUERY.fields[field]
    selection = everything(get_named_type(found.type), 0)  # type: ignore[arg-type]
    return f"{{ {field}{_needed(found, {})} {selection} }}"


def _needed(field: GraphQLField, given: dict[str, str]) -> str:
    """The arguments that are given, and something for each other that the field needs."""
    needed = {
        name: _some(argument.type)
        for name, argument in field.args.items()
        if is_required_argument(argument)
    }
    literals = ", ".join(f"{name}: {literal}" for name, literal in (needed | given).items())
    return f"({literals})" if literals else ""


def _some(type_: object) -> str:
    """A literal of a type."""
    type_ = _nullable(type_)
    if is_list_type(type_):
        return f"[{_some(type_.of_type)}]"  # type: ignore[attr-defined]
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    return {
        "ID": '"00000000-0000-4000-8000-000000000000"',
        "Int": "2027",
        "DateTime": '"2026-11-23T12:00:00Z"',
    }[str(type_)]
