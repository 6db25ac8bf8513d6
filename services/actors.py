"""Who did something, and how people are named."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NewType

from models.vocabulary import Agent, Role
from services.access import Viewer
from services.problems import ValidationError

NEXUS = Viewer("nexus", Role.ADMIN, "Nexus")
"""Who acts where nobody asked: what happens at a set time, by the school's own rules.

The journal names persons by a role and agents by their name. None of the agents decides this; it is
what an administrator of the school would do by hand, so it is journaled under that role.
"""

AGENT_NAMES = {
    Agent.ARIA: "ARIA",
    Agent.PLANNER: "Planificateur",
    Agent.COACH: "Coach virtuel",
    Agent.RETRIEVER: "Documentaliste",
    Agent.EVALUATOR: "Correcteur",
    Agent.REPORTER: "Rapporteur",
}
"""What an agent is called where a person reads it."""

PersonId = NewType("PersonId", str)
"""The subject of a person's token: an id to clients, any text to us."""

MAX_PERSON_ID = 255
MAX_NAME = 200


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


def coach_of(person_id: str, name: str | None) -> Actor:
    """The coach that a row of `coachings` names."""
    return Actor(person_id, Role.COACH, None, name)


def guardian_of(person_id: str, name: str | None) -> Actor:
    """The parent that a row of `guardianships` names."""
    return Actor(person_id, Role.PARENT, None, name)


def person_problems(id: str, *path: str) -> Iterator[ValidationError]:
    """What is wrong with the subject of a token."""
    if not (1 <= len(id) <= MAX_PERSON_ID and id.isprintable()):
        message = (
            f"l’identifiant d’une personne compte de 1 à {MAX_PERSON_ID} caractères imprimables"
        )
        yield ValidationError(message, path)


def name_problems(name: str, *path: str) -> Iterator[ValidationError]:
    """What is wrong with a name that is shown."""
    if not 1 <= len(name.strip()) <= MAX_NAME:
        yield ValidationError(f"le nom compte de 1 à {MAX_NAME} caractères", path)
