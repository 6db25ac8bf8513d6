"""How a use case becomes a mutation: its input is its signature, its payload what it changed."""

import inspect
from collections.abc import Callable
from typing import Any

import strawberry

from resolvers import mutations
from resolvers.context import Info
from resolvers.mutations import Change, Outcome, carry_out
from schema.inputs import input_type, parameters, values
from schema.journal import Event
from schema.problems import MutationError
from services.access import Permission
from services.problems import Refused

WRITE, CANCEL, CANCEL_MANY, AGENTS = "write", "cancel", "cancel-many", "agents"


@strawberry.interface(
    description="What every mutation answers. `errors` is empty where it was carried out; where it"
    " is not, nothing was changed."
)
class MutationPayload:
    events: list[Event] = strawberry.field(
        resolver=mutations.events, description="What was journaled, in order."
    )
    errors: list[MutationError]


def changed() -> Any:
    """The payload's field for what the use case returned."""
    return strawberry.field(resolver=mutations.shown)


def all_changed() -> Any:
    """The payload's list of what the use case returned: empty where it was refused."""
    return strawberry.field(resolver=mutations.shown_all)


def told(resolver: Callable[..., Any], description: str) -> Any:
    """The payload's field for what is neither a row that was changed nor the journal."""
    return strawberry.field(resolver=resolver, description=description)


def mutation(name: str, use: Callable[..., Any], *, requires: Permission, rate: str = WRITE) -> Any:
    """A mutation field: one use case, one transaction, one `input`."""
    taken = parameters(use)
    keyed = {"idempotency_key": (str | None, None), **taken}
    given_type = input_type(f"{name}Input", keyed)
    change = Change(name, requires, rate)

    async def resolve(root: Any, info: Info, input: Any) -> Outcome:
        try:
            given = values(input, keyed)
        except Refused as refused:
            return Outcome(errors=refused.problems)
        key = given.pop("idempotency_key", None)
        return await carry_out(info, change, given, key, lambda work: use(work, **given))

    resolve.__annotations__ = {"root": Any, "info": Info, "input": given_type}
    resolve.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=kind)
            for n, kind in resolve.__annotations__.items()
        ]
    )
    text = f"{inspect.getdoc(use)}\n\nRequires `{requires}`."
    return strawberry.mutation(resolver=resolve, description=text)
