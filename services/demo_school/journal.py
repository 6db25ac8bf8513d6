"""What happened to a pupil, noted in any order and written as the journal tells it: by time."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple

from models.base import Entity
from models.event import Event
from models.lifecycle import Action
from models.vocabulary import Agent, EventKind, Role
from services.actors import AGENT_NAMES
from services.demo_school.copy import Rows
from services.demo_school.dice import Dice
from services.demo_school.people import Person


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, or an agent of the school."""

    id: str
    role: Role | None
    agent: Agent | None
    name: str


def person(who: Person, role: Role) -> Actor:
    return Actor(who.id, role, None, who.name)


def agent(which: Agent) -> Actor:
    return Actor(which.value, None, which, AGENT_NAMES[which])


class Note(NamedTuple):
    at: datetime
    kind: EventKind
    actor: Actor
    payload: dict[str, object]
    table: str | None
    id: str | None


class Journal:
    """The events of one pupil."""

    def __init__(self) -> None:
        self._notes: list[Note] = []

    def note(
        self,
        at: datetime,
        kind: EventKind,
        actor: Actor,
        entity: type[Entity] | None = None,
        id: str | None = None,
        /,
        **payload: object,
    ) -> None:
        """Note a fact; `payload` holds small facts, never free text: see `services/journal.py`."""
        table = entity.__tablename__ if entity else None
        self._notes.append(Note(at, kind, actor, payload, table, id))

    def move(
        self,
        at: datetime,
        action: Action,
        actor: Actor,
        entity: type[Entity],
        id: str,
        /,
        *,
        before: StrEnum,
        **payload: object,
    ) -> None:
        """Note a step of an entity's lifecycle, by the names of its statuses."""
        if before not in action.sources:
            raise ValueError(f"no {action} from {before}")
        states = {"before": {"status": before.name}, "after": {"status": action.target.name}}
        self.note(at, action.event, actor, entity, id, **states, **payload)

    def write(self, rows: Rows, student_id: str, dice: Dice) -> tuple[int, datetime]:
        """Number the events from 1 in order of time; answers the last number and instant."""
        self._notes.sort(key=attrgetter("at"))  # stable: what is noted first comes first
        for seq, note in enumerate(self._notes, 1):
            rows.add(
                Event,
                id=dice.key(note.at),
                student_id=student_id,
                seq=seq,
                kind=note.kind,
                at=note.at,
                actor_id=note.actor.id,
                actor_role=note.actor.role,
                actor_agent=note.actor.agent,
                actor_name=note.actor.name,
                payload_json=note.payload,
                entity_table=note.table,
                entity_id=note.id,
            )
        return len(self._notes), self._notes[-1].at
