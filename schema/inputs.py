"""Inputs from signatures: what a use case takes is what a client may send, and back again."""

import inspect
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import strawberry
from strawberry.utils.str_converters import to_camel_case

from services.actors import PersonId
from services.keep import KEEP, Keep
from services.problems import Problem, Refused, ValidationError
from services.texts import Flaw, flaw_of, uuid_of

DESCRIPTIONS = {
    "idempotency_key": "Sent again within 24 h by the same actor, it gives the first answer and"
    " changes nothing; with another input it is a ConflictError. A refusal keeps no key.",
    "expected_version": "Refuses with a ConflictError where the student's version is another.",
}
FLAWS = {
    Flaw.NUL: "contient un caractère NUL",
    Flaw.SURROGATE: "contient la moitié d’une paire de substitution",
}
Parameter = tuple[Any, Any]  # the type, and the default or MISSING

NAMES = {"LanguageChoice": "LanguageChoiceInput"}  # where the output type has the plain name


def parameters(use: Any) -> dict[str, Parameter]:
    """What a use case takes besides its `work`."""
    hints = get_type_hints(use)
    return {
        name: (hints[name], MISSING if p.default is inspect.Parameter.empty else p.default)
        for name, p in inspect.signature(use).parameters.items()
        if name != "work"
    }


def input_type(name: str, taken: dict[str, Parameter], *, one_of: bool = False) -> Any:
    """The GraphQL input with a field for each parameter."""
    annotations: dict[str, Any] = {}
    defaults: dict[str, Any] = {}
    for parameter, (kind, default) in taken.items():
        shown = _graphql(kind)
        if one_of or default is KEEP or default is None:
            shown = shown | None
            defaults[parameter] = strawberry.field(
                default=strawberry.UNSET, description=DESCRIPTIONS.get(parameter)
            )
        elif default == () or default == []:
            defaults[parameter] = strawberry.field(default_factory=list)
        elif default is not MISSING:
            defaults[parameter] = default
        annotations[parameter] = shown
    made = type(name, (), {"__annotations__": annotations, "__module__": __name__, **defaults})
    return strawberry.input(made, one_of=one_of)


def _graphql(kind: Any) -> Any:
    """The type as the schema says it: ids for UUIDs, inputs for dataclasses, no KEEP."""
    if kind in (UUID, PersonId):
        return strawberry.ID
    if isinstance(kind, type) and is_dataclass(kind):
        return _nested(kind)
    if get_origin(kind) in (list, tuple):
        inner = _graphql(get_args(kind)[0])
        return list[inner]  # type: ignore[valid-type]
    if get_origin(kind) in (UnionType, Union):
        kept = [part for part in get_args(kind) if part not in (Keep, NoneType)]
        return _graphql(kept[0])
    return kind


@cache
def _nested(kind: Any) -> Any:
    hints = get_type_hints(kind)
    taken = {f.name: (hints[f.name], _default(f)) for f in fields(kind)}
    name = NAMES.get(kind.__name__, kind.__name__)
    return input_type(name, taken, one_of=getattr(kind, "one_of", False))


def _default(field: Any) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


def values(given: Any, taken: dict[str, Parameter]) -> dict[str, Any]:
    """The arguments that were given, as the use case takes them; Refused with all that is wrong."""
    problems: list[Problem] = []
    found = _values(given, taken, (), problems)
    if problems:
        raise Refused(*problems)
    return found


def _values(
    given: Any,
    taken: dict[str, Parameter],
    path: tuple[str, ...],
    problems: list[Problem],
    *,
    one_of: bool = False,
) -> dict[str, Any]:
    found = {}
    for name, (kind, _) in taken.items():
        value = getattr(given, name)
        if value is not strawberry.UNSET:
            # which of the alternatives was chosen is no step of a path: ["operations", "2", "id"]
            step = () if one_of else (to_camel_case(name),)
            found[name] = _value(value, kind, (*path, *step), problems)
    return found


def _value(value: Any, kind: Any, path: tuple[str, ...], problems: list[Problem]) -> Any:
    parts = get_args(kind) if get_origin(kind) in (UnionType, Union) else (kind,)
    if value is None:
        if NoneType not in parts:
            problems.append(ValidationError("ne peut pas être null", path))
        return None
    kind = next(part for part in parts if part not in (Keep, NoneType, Refused))
    if Refused in parts:  # it fails alone: the use case is told, the others are carried out
        own: list[Problem] = []
        found = _value(value, kind, path, own)
        return Refused(*own) if own else found
    if get_origin(kind) in (list, tuple):
        inner = get_args(kind)[0]
        return [_value(each, inner, (*path, str(i)), problems) for i, each in enumerate(value)]
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        taken = {f.name: (hints[f.name], _default(f)) for f in fields(kind)}
        before = len(problems)
        one_of = getattr(kind, "one_of", False)
        inner_values = _values(value, taken, path, problems, one_of=one_of)
        return kind(**inner_values) if len(problems) == before else None
    if kind is UUID:
        return _id(value, path, problems)
    if isinstance(value, str):
        _storable(value, path, problems)
    return value


def _id(value: str, path: tuple[str, ...], problems: list[Problem]) -> UUID | None:
    found = uuid_of(value)
    if found is None:
        problems.append(ValidationError("n’est pas un UUID", path))
    return found


def _storable(text: str, path: tuple[str, ...], problems: list[Problem]) -> None:
    if flaw := flaw_of(text):
        problems.append(ValidationError(FLAWS[flaw], path))
