"""How a declaration becomes a field: the schema package's only machinery."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, get_type_hints
from uuid import UUID

import strawberry
from graphql import GraphQLError
from sqlalchemy.orm import InstrumentedAttribute
from strawberry.extensions import FieldExtension

from loaders.columns import COMPUTED
from loaders.keyset import Order
from loaders.pages import Relation
from models.base import Entity
from resolvers.context import Info
from resolvers.inputs import checked
from resolvers.pages import Ordering, page_of
from schema import enums as enums  # before any type names one
from schema.declarations import DECLARED, Attribute, Declaration, Derived, Many, One, Paged
from services.access import Permission

T = TypeVar("T")
Resolver = Callable[..., Any]
Column = InstrumentedAttribute[Any]


def entity(source: type) -> Callable[[type[T]], type[T]]:
    """Declare a GraphQL type whose objects are rows of `source`, or instances of it.

    Raises TypeError at import for a field that `source` does not have and nothing resolves.
    """

    def shows(obj: Any, _info: Any) -> bool:
        return getattr(obj, "model", None) is source or isinstance(obj, source)

    def declare(cls: type[T]) -> type[T]:
        cls.is_type_of = shows  # type: ignore[attr-defined]
        cls.__shows__ = source  # type: ignore[attr-defined]
        declared = strawberry.type(cls, description=inspect.getdoc(cls) if cls.__doc__ else None)
        for field in declared.__strawberry_definition__.fields:  # type: ignore[attr-defined]
            if field.base_resolver is None and not _has(source, field.python_name):
                raise TypeError(f"{cls.__name__}.{field.python_name} is not on {source.__name__}")
        return declared

    return declare


def _has(source: type, name: str) -> bool:
    declared = (
        *getattr(source, "__dataclass_fields__", ()),
        *getattr(source, "model_fields", ()),
        *(COMPUTED.get(source, ()) if issubclass(source, Entity) else ()),
    )
    return hasattr(source, name) or name in declared


def column(source: Column, *, description: str | None = None) -> Any:
    """Show a column under another name."""
    return renamed(source.key, description=description)


def renamed(name: str, *, reads: Declaration | None = None, description: str | None = None) -> Any:
    """Show an attribute under another name."""

    def value(root: Any) -> Any:
        return getattr(root, name)

    return _declared(reads or Attribute(name), resolver=value, description=description)


def derived(function: Resolver, *sources: Column, description: str | None = None) -> Any:
    """Compute a value from columns of the row by a pure function."""
    keys = [source.key for source in sources]

    def value(root: Any) -> Any:
        return function(*[getattr(root, key) for key in keys])

    return _declared(Derived(function, (*keys,)), resolver=value, description=description)


def one(source: Column, target: Column) -> Any:
    """Follow a foreign key to the row it names."""

    def load(root: Any, info: Info) -> Any:
        key = getattr(root, source.key)
        return None if key is None else info.context.loaders.one(target).load(key)

    return _declared(One(source.key, target), resolver=load)


def many(target: Column, *order_by: Any, shown: tuple[Any, ...] | None = None) -> Any:
    """Gather the rows whose foreign key names this one.

    `shown` is a pure function and the columns it takes: it turns each row into what is shown.
    """
    if shown is None:

        def load(root: Any, info: Info) -> Any:
            return info.context.loaders.many(target, *order_by).load(root.id)

        return _declared(Many(target, order_by), resolver=load)
    function, *columns = shown
    keys = [each.key for each in columns]

    async def load_shown(root: Any, info: Info) -> Any:
        rows = await info.context.loaders.many(target, *order_by).load(root.id)
        return [function(*[getattr(row, key) for key in keys]) for row in rows]

    return _declared(Many(target, order_by, Derived(function, (*keys,))), resolver=load_shown)


def _declared(reads: Declaration | None, **kwargs: Any) -> Any:
    """A field that carries its declaration: what it reads, beside how it is resolved."""
    return strawberry.field(metadata={DECLARED: reads} if reads else None, **kwargs)


def page(
    relation: Relation,
    order: Order | Ordering,
    *,
    requires: Permission | None = None,
    description: str | None = None,
) -> Any:
    """A keyset connection over a relation, with its filters and the Relay arguments."""

    async def load(root: Any, info: Info, **given: Any) -> Any:
        return await page_of(info, relation, order, root, checked(given))

    optional = {name: given.argument | None for name, given in (relation.filters or {}).items()}
    if isinstance(order, Ordering):
        optional |= {"order_by": order.argument} if order.argument else {}
    optional |= {"first": int | None, "after": str | None, "last": int | None, "before": str | None}
    _sign(load, {name: _argument(name, kind) for name, kind in optional.items()}, order)
    return _declared(
        Paged(relation, order, requires),
        resolver=load,
        description=_text(description, requires) if requires else description,
        extensions=[Guard(requires)] if requires else [],
    )


def _argument(name: str, kind: Any) -> Any:
    """`from_` is `from` to clients: Python keeps the word for itself."""
    return Annotated[kind, strawberry.argument(name="from")] if name == "from_" else kind


def _sign(load: Resolver, optional: dict[str, Any], order: Order | Ordering) -> None:
    """Give a generic resolver the arguments that its declaration names."""
    kinds = {"root": Any, "info": Info, **optional}
    parameters = [
        inspect.Parameter(
            name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            annotation=kind,
            default=inspect.Parameter.empty
            if name in ("root", "info")
            else (order.default if name == "order_by" and isinstance(order, Ordering) else None),
        )
        for name, kind in kinds.items()
    ]
    load.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    load.__annotations__ = kinds


def field(resolver: Resolver, *, reads: Declaration | None = None) -> Any:
    """A field that a resolver computes; its docstring is the field's description.

    `reads` declares the same value as data, where it can be said so.
    """
    return _declared(reads, resolver=_clean(resolver), description=inspect.getdoc(resolver))


def query(resolver: Resolver, *, requires: Permission, reads: Declaration | None = None) -> Any:
    """A root field."""
    return _declared(
        reads,
        resolver=_clean(resolver),
        description=_text(inspect.getdoc(resolver), requires),
        extensions=[Guard(requires)],
    )


def subscription(resolver: Resolver, *, requires: Permission) -> Any:
    """A root field whose resolver opens a stream: what is refused is refused at its start."""
    return strawberry.subscription(
        resolver=_clean(resolver),
        description=_text(inspect.getdoc(resolver), requires),
        extensions=[Guard(requires)],
    )


def _text(text: str | None, requires: Permission) -> str:
    """The field's contract, so that a change of permission shows in the schema's diff."""
    return f"{text}\n\nRequires `{requires}`."


def _clean(resolver: Resolver) -> Resolver:
    """Check the arguments before the resolver sees them, and hand it ids as UUIDs."""
    signature = inspect.signature(resolver)
    hints = get_type_hints(resolver, include_extras=True)
    arguments = set(signature.parameters) - {"root", "info"}
    if not arguments:
        return resolver
    ids = {name for name in arguments if hints[name] in (UUID, UUID | None, list[UUID])}

    def call_now(*args: Any, **kwargs: Any) -> Any:
        return resolver(*args, **checked(kwargs, ids))

    async def call_async(*args: Any, **kwargs: Any) -> Any:
        return await resolver(*args, **checked(kwargs, ids))

    call: Any = call_async if inspect.iscoroutinefunction(resolver) else call_now
    call.__name__ = resolver.__name__
    call.__module__ = resolver.__module__
    call.__annotations__ = hints
    call.__signature__ = signature.replace(
        parameters=[
            parameter.replace(annotation=hints[name])
            for name, parameter in signature.parameters.items()
        ]
    )
    wrapped: Resolver = call
    return wrapped


class Guard(FieldExtension):
    """Refuse the field unless the viewer's role grants the permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    def resolve(self, next_: Resolver, source: Any, info: Any, **kwargs: Any) -> Any:
        self._check(info)
        return next_(source, info, **kwargs)

    async def resolve_async(self, next_: Resolver, source: Any, info: Any, **kwargs: Any) -> Any:
        self._check(info)
        return await next_(source, info, **kwargs)

    def _check(self, info: Any) -> None:
        if not info.context.viewer.may(self.permission):
            raise GraphQLError("your role may not ask this", extensions={"code": "FORBIDDEN"})
