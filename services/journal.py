"""One way to say that something happened, and one way to move an entity along its lifecycle."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import BigInteger, Uuid, column, select, update, values

from models.event import Event
from models.lifecycle import Action
from models.student import Student
from models.vocabulary import Agent, EventKind
from services.actors import AGENT_NAMES
from services.problems import InvalidTransitionError, Refused
from services.unit_of_work import Work


class Kept(Protocol):
    """A row that belongs to a student."""

    __tablename__: str
    id: Any
    student_id: Any


class Stateful(Kept, Protocol):
    """A row with a lifecycle."""

    status: Any


async def record(
    work: Work, student_id: UUID, kind: EventKind, entity: Any = None, **payload: Any
) -> Event:
    """Journal a fact in the caller's transaction: both commit, or neither does.

    The UPDATE locks the student's row until the end, so that `seq` has no gap and is in commit
    order. `payload` holds small facts: states, ids, numbers; never a pupil's own words.
    """
    seq = await work.db.scalar(
        update(Student)
        .where(Student.id == student_id)
        .values(version=Student.version + 1, updated_at=work.clock)
        .returning(Student.version)
        .execution_options(synchronize_session=False)
    )
    if seq is None:
        raise LookupError(f"no student {student_id} to journal for")
    event = Event(
        student_id=student_id,
        seq=seq,
        kind=kind,
        at=work.clock,
        actor_id=work.viewer.id,
        actor_role=work.viewer.role,
        actor_name=work.viewer.display_name,
        payload_json=payload,
        entity_table=entity.__tablename__ if entity is not None else None,
        entity_id=entity.id if entity is not None else None,
    )
    work.db.add(event)
    await work.db.flush()
    work.events.append(event)
    return event


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact to journal with others: whose file it is in, and what `record` takes."""

    student_id: UUID
    kind: EventKind
    table: str | None
    entity_id: UUID | None
    payload: Mapping[str, Any]


async def record_by(work: Work, agent: Agent, entries: Sequence[Entry]) -> list[Event]:
    """Journal what an agent did to any number of files, in the order given: two statements.

    Each file's events take the numbers after its head, as `record` gives them one by one.
    """
    if not entries:
        return []
    counts = Counter(entry.student_id for entry in entries)
    heads = await _advanced(work, counts)
    events = []
    for entry in entries:
        head = heads[entry.student_id] = heads[entry.student_id] + 1
        events.append(
            Event(
                student_id=entry.student_id,
                seq=head,
                kind=entry.kind,
                at=work.clock,
                actor_id=agent.value,
                actor_agent=agent,
                actor_name=AGENT_NAMES[agent],
                payload_json=dict(entry.payload),
                entity_table=entry.table,
                entity_id=entry.entity_id,
            )
        )
    work.db.add_all(events)
    await work.db.flush()
    work.events.extend(events)
    return events


async def _advanced(work: Work, counts: Mapping[UUID, int]) -> dict[UUID, int]:
    """Move the heads of several journals on; answers where each was. Their rows are held."""
    grown = values(column("id", Uuid), column("count", BigInteger), name="grown").data(
        list(counts.items())
    )
    rows = await work.db.execute(
        update(Student)
        .where(Student.id == grown.c.id)
        .values(version=Student.version + grown.c.count, updated_at=work.clock)
        .returning(Student.id, Student.version - grown.c.count)
        .execution_options(synchronize_session=False)
    )
    heads = {row[0]: row[1] for row in rows}
    if lost := counts.keys() - heads.keys():
        raise LookupError(f"no students {sorted(map(str, lost))} to journal for")
    return heads


async def apply(work: Work, action: Action, entity: Stateful, **payload: Any) -> Event:
    """Move an entity along its lifecycle, and journal the move. The caller holds its row lock."""
    before = entity.status
    if before not in action.sources:
        raise Refused(
            InvalidTransitionError(
                f"impossible depuis l’état {before.name}",
                ("id",),
                from_=before.name,
                to=action.target.name,
                allowed=moves_from(type(action), before),
            )
        )
    entity.status = action.target
    return await record(
        work,
        entity.student_id,
        action.event,
        entity,
        before={"status": before.name},
        after={"status": action.target.name},
        **payload,
    )


def moves_from(actions: type[Action], state: Any) -> tuple[str, ...]:
    """The states that can be reached from a state, in the order of the declaration."""
    return tuple(dict.fromkeys(action.target.name for action in actions if state in action.sources))


async def lock(work: Work, students: Iterable[UUID]) -> None:
    """Take the journals of several students, in the order of their ids: no two wait in a ring."""
    await work.db.execute(
        select(Student.id)
        .where(Student.id.in_(sorted(set(students))))
        .order_by(Student.id)
        .with_for_update()
    )
