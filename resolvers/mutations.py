"""Carrying out one mutation field: permission, rate, idempotency, transaction, refusals."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
from graphql import GraphQLError
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from loaders.columns import columns_of
from loaders.snapshots import Snapshot, snapshot
from models.base import Entity
from models.event import Event
from resolvers.context import Context, Info
from services import bulk, idempotency
from services.access import Permission, roles_with
from services.problems import (
    ConflictError,
    ForbiddenError,
    Problem,
    RateLimitedError,
    Refused,
)
from services.unit_of_work import Work, unit_of_work

UseCase = Callable[[Work], Awaitable[Any]]


@dataclass(frozen=True)
class Change:
    """A mutation as declared: its name, who may ask, and which rate it falls under."""

    name: str
    requires: Permission
    rate: str


@dataclass(frozen=True)
class Outcome:
    """What a mutation answers: `value` is read again after the commit, unless it is a replay."""

    value: Any = None
    events: tuple[UUID, ...] = ()
    errors: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Reference:
    """A row to read again, by table and key; `first` is how it stood in a replayed answer."""

    model: type[Entity]
    id: UUID
    first: Snapshot | None = field(default=None)


async def carry_out(
    info: Info, change: Change, given: dict[str, Any], key: str | None, use: UseCase
) -> Outcome:
    """Run a use case as one transaction; a refusal undoes it and becomes data."""
    context = info.context
    if not context.viewer.may(change.requires):
        roles = roles_with(change.requires)
        return Outcome(errors=(ForbiddenError("votre rôle ne le permet pas", (), roles),))
    wait = await context.limiter.wait(context.viewer.id, change.rate)
    if wait is not None:
        return Outcome(errors=(RateLimitedError("trop de demandes, réessayez", (), wait),))
    if key is None and context.idempotency_key is not None:
        key = f"{context.idempotency_key}/{info.path.key}"
    try:
        return await _committed(context, change, given, key, use)
    except Refused as refused:
        return Outcome(errors=refused.problems)
    except Exception as fault:  # told beside the answer: other roots keep theirs
        context.faults.append(
            GraphQLError(str(fault), path=info.path.as_list(), original_error=fault)
        )
        return Outcome()
    finally:
        context.renew()


async def _committed(
    context: Context, change: Change, given: dict[str, Any], key: str | None, use: UseCase
) -> Outcome:
    try:
        async with unit_of_work(context.sessions, context.viewer, context.clock) as work:
            if key is not None:
                print_ = idempotency.fingerprint(change.name, given)
                first = await idempotency.claim(work, key, print_)
                if first is not None:
                    return _replayed(first)
            value = referred(await use(work))
            await work.db.flush()
            if key is not None:
                await idempotency.keep(work, key, await _answer(work, value))
            return Outcome(value, tuple(event.id for event in work.events))
    except DBAPIError as error:
        cause = getattr(error.orig, "__cause__", None)
        if isinstance(cause, asyncpg.ExclusionViolationError | asyncpg.UniqueViolationError):
            raise Refused(ConflictError("déjà pris")) from error
        raise


def referred(value: Any) -> Any:
    """Entities as references; everything else as it is."""
    if isinstance(value, Entity):
        return Reference(type(value), value.id)
    if isinstance(value, list):
        return [referred(each) for each in value]
    return value


async def _answer(work: Work, value: Any) -> dict[str, Any]:
    """The answer as it is stored for a replay: rows as they stand, results as they are."""
    return {"value": await _stored(work, value), "events": [str(e.id) for e in work.events]}


async def _stored(work: Work, value: Any) -> Any:
    if isinstance(value, list):
        return [await _stored(work, each) for each in value]
    if isinstance(value, Reference):
        row = await work.db.execute(
            select(*columns_of(value.model)).where(value.model.id == value.id),
            {"sorted_at": work.clock},
        )
        return snapshot(value.model, dict(row.mappings().one()))
    if hasattr(value, "stored"):
        return value.stored()
    return None if value is None else str(value)


def _replayed(first: dict[str, Any]) -> Outcome:
    return Outcome(_restored(first["value"]), tuple(UUID(id) for id in first["events"]))


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return [_restored(each) for each in value]
    if value is None:
        return None
    if isinstance(value, dict) and "result" in value:
        return bulk.restored(value)
    if isinstance(value, dict):
        found = Snapshot.read(value)
        return Reference(found.model, found.id, found)
    return UUID(value)


async def shown(root: Outcome, info: Info) -> Any:
    """What was changed, as it stands after the commit."""
    return await _shown(root.value, info)


async def _shown(value: Any, info: Info) -> Any:
    if isinstance(value, list):
        return [await _shown(each, info) for each in value]
    if isinstance(value, Reference):
        if value.first is not None:
            return value.first
        return await info.context.loaders.one(value.model.id).load(value.id)
    return value


async def events(root: Outcome, info: Info) -> list[Any]:
    """What was journaled, in order."""
    return list(await info.context.loaders.one(Event.id).load_many(list(root.events)))
