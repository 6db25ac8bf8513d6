"""Who did something."""

from dataclasses import dataclass
from typing import Any

from models.vocabulary import Agent, Role


@dataclass(frozen=True, slots=True)
class Actor:
    """A person by its token's subject, or an agent by its name."""

    id: str
    role: Role | None = None
    agent: Agent | None = None
    display_name: str | None = None


def coach(person_id: str | None, name: str | None) -> Actor | None:
    """The coach of a session, if it has one."""
    return Actor(person_id, Role.COACH, None, name) if person_id is not None else None


def coach_of(row: Any) -> Actor:
    """The coach that a row of `coachings` names."""
    return Actor(row.person_id, Role.COACH, None, row.display_name)


def guardian_of(row: Any) -> Actor:
    """The parent that a row of `guardianships` names."""
    return Actor(row.person_id, Role.PARENT, None, row.display_name)
