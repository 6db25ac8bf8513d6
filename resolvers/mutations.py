"""Carrying out one mutation field: permission, rate, idempotency, transaction, refusals."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from graphql import GraphQLError
from sqlalchemy import inspect, select
from sqlalchemy.exc import DBAPIError

from loaders.columns import columns_of
from loaders.snapshots import Snapshot, snapshot
from models.base import Entity
from models.event import Event
from models.student import Student
from resolvers.context import Context, Info
from services import bulk, idempotency
from services.access import Permission, roles_with
from services.agents import AgentRun, AgentsReport
from services.patience import within
from services.problems import (
    ForbiddenError,
    Problem,
    RateLimitedError,
    Refused,
)
from services.unit_of_work import Told, Work, collision, unit_of_work

Result = bulk.Result | AgentsReport
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
        # by name and place, so that a retry under another alias is the same request
        context.roots[change.name] += 1
        key = f"{context.idempotency_key}/{change.name}/{context.roots[change.name]}"
    try:
        return await within(context.patience, _committed(context, change, given, key, use))
    except Refused as refused:
        return Outcome(errors=refused.problems)
    except Exception as fault:
        _tell(info, fault)
        return Outcome()
    finally:
        context.renew()


def _tell(info: Info, fault: Exception) -> None:
    """A fault of ours stands beside the answer: other roots keep theirs."""
    told = GraphQLError(str(fault), path=info.path.as_list(), original_error=fault)
    info.context.faults.append(told)


async def _committed(
    context: Context, change: Change, given: dict[str, Any], key: str | None, use: UseCase
) -> Outcome:
    try:
        told = Told(context.reader.counted, context.began)
        async with unit_of_work(context.sessions, context.viewer, context.clock, told=told) as work:
            if key is not None:
                print_ = idempotency.fingerprint(change.name, given)
                first = await idempotency.claim(work, key, print_)
                if first is not None:
                    return _replayed(first)
            value = referred(await use(work))
            await work.db.flush()
            if key is not None:
                await idempotency.keep(work, key, await _answer(work, value))
    except DBAPIError as error:
        if refused := collision(error):
            raise refused from error
        raise
    context.bell.ring(work.events)
    for job in work.jobs:
        context.bell.ring_job(job)
    return Outcome(value, tuple(event.id for event in work.events))


def referred(value: Any) -> Any:
    """Entities as references; everything else as it is."""
    if isinstance(value, Entity):
        return Reference(type(value), _key(value))
    if isinstance(value, list):
        return [referred(each) for each in value]
    if isinstance(value, Result):
        return replace(value, row=referred(value.row))
    return value


def _key(row: Entity) -> UUID:
    """A row's key, even where an undone savepoint has made the session forget its values."""
    identity = inspect(row).identity
    if identity is None:
        raise LookupError("a row that was never written cannot be shown")
    key: UUID = identity[0]
    return key


async def _answer(work: Work, value: Any) -> dict[str, Any]:
    """The answer as it is stored for a replay: rows as they stand, results as they are."""
    wanted: defaultdict[type[Entity], list[UUID]] = defaultdict(list)
    for reference in _references(value):
        wanted[reference.model].append(reference.id)
    rows: dict[UUID, dict[str, Any]] = {}
    for model, ids in wanted.items():
        found = await work.db.execute(
            select(*columns_of(model)).where(model.id.in_(ids)), {"sorted_at": work.clock}
        )
        rows |= {row["id"]: snapshot(model, dict(row)) for row in found.mappings()}
    return {"value": _stored(value, rows), "events": [str(e.id) for e in work.events]}


def _references(value: Any) -> Iterator[Reference]:
    if isinstance(value, Reference):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)
    elif isinstance(value, Result):
        yield from _references(value.row)


def _stored(value: Any, rows: dict[UUID, dict[str, Any]]) -> Any:
    if isinstance(value, list):
        return [_stored(each, rows) for each in value]
    if isinstance(value, Reference):
        return rows.get(value.id)  # none where a later operation took it away
    if isinstance(value, Result):
        return {**value.stored(), "row": _stored(value.row, rows)}
    return None if value is None else str(value)


def _replayed(first: dict[str, Any]) -> Outcome:
    return Outcome(_restored(first["value"]), tuple(UUID(id) for id in first["events"]))


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return [_restored(each) for each in value]
    if value is None:
        return None
    if isinstance(value, dict) and "result" in value:
        return replace(_result(value), row=_restored(value["row"]))
    if isinstance(value, dict):
        found = Snapshot.read(value)
        return Reference(found.model, found.id, found)
    return UUID(value)


def _result(stored: dict[str, Any]) -> Result:
    if stored["result"] == AgentsReport.kind:
        return AgentsReport.restored(stored)
    return bulk.restored(stored)


async def shown(root: Outcome, info: Info) -> Any:
    """What was changed, as it stands after the commit."""
    return await _shown(root.value, info)


async def shown_all(root: Outcome, info: Info) -> list[Any]:
    """What was changed, one by one, as it stands after the commit; nothing where refused."""
    try:
        found = await _shown(root.value or [], info)
    except Exception as fault:
        _tell(info, fault)
        return []
    return [each for each in found if each is not None]


async def shown_pupil(root: Outcome, info: Info) -> Any:
    """The pupil for whom agents ran, as the file stands after the commit."""
    return await _shown(root.value.row, info) if root.value else None


def ran(root: Outcome) -> tuple[AgentRun, ...]:
    """Which agents ran and what they did, in order; none where it was refused."""
    return root.value.ran if root.value else ()


async def shown_row(root: bulk.Result, info: Info) -> Any:
    """The row that the operation left, as it stands after the commit."""
    return await _shown(root.row, info)


async def _shown(value: Any, info: Info) -> Any:
    if isinstance(value, list):
        return await asyncio.gather(*(_shown(each, info) for each in value))
    if isinstance(value, Reference):
        if value.first is not None:
            return value.first if await _still_seen(value.first, info) else None
        return await info.context.loaders.one(value.model.id).load(value.id)
    return value


async def _still_seen(row: Snapshot, info: Info) -> bool:
    """Whether the pupil of a replayed row still exists for the viewer."""
    pupil = row.id if row.model is Student else getattr(row, "student_id", None)
    return pupil is None or await info.context.loaders.one(Student.id).load(pupil) is not None


async def events(root: Outcome, info: Info) -> list[Any]:
    """What was journaled, in order."""
    try:
        found = await info.context.loaders.one(Event.id).load_many(list(root.events))
    except Exception as fault:
        _tell(info, fault)
        return []
    return [event for event in found if event is not None]  # a replay, by who no longer sees it
