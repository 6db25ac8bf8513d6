"""ARIA: which agents act on what a journal tells, and why: by declared rules, as values."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from models.vocabulary import Agent, EventKind
from services.actors import AGENT_NAMES
from services.problems import ValidationError

K = EventKind

PLANS_AND_ADVISES = (Agent.PLANNER, Agent.COACH)
ADVISES = (Agent.COACH,)

ACTING = PLANS_AND_ADVISES
"""Who can act for a pupil, in the order in which they do: the coach reads what was planned."""

OWN = frozenset({Agent.ARIA, *ACTING})
"""Whose entries are never read: what the agents did makes them do nothing more."""

NAME_ALONE = frozenset({"displayName"})
"""Fields of a profile that no agent asks for."""


@dataclass(frozen=True, slots=True)
class Rule:
    """After this, these act; `one` and `many` say in French what happened."""

    kind: EventKind
    agents: tuple[Agent, ...]
    one: str
    many: str


RULES = (
    Rule(K.STUDENT_CREATED, PLANS_AND_ADVISES, "dossier ouvert", "dossiers ouverts"),
    Rule(K.PROFILE_UPDATED, PLANS_AND_ADVISES, "profil modifié", "modifications du profil"),
    Rule(K.EPREUVES_SYNCED, ADVISES, "plan des épreuves mis à jour", "mises à jour du plan"),
    Rule(
        K.EPREUVE_UPDATED,
        ADVISES,
        "épreuve datée ou notée",
        "changements de date ou de note d’épreuve",
    ),
    Rule(K.EVALUATION_GRADED, ADVISES, "évaluation corrigée", "évaluations corrigées"),
    Rule(K.PROGRESS_UPDATED, ADVISES, "mesure des acquis", "mesures des acquis"),
    Rule(K.TASK_COMPLETED, ADVISES, "tâche terminée", "tâches terminées"),
    Rule(K.TASK_SKIPPED, ADVISES, "tâche passée", "tâches passées"),
    Rule(K.TASK_REOPENED, ADVISES, "tâche rouverte", "tâches rouvertes"),
    Rule(K.TASK_CREATED, ADVISES, "tâche ajoutée", "tâches ajoutées"),
    Rule(K.TASK_UPDATED, ADVISES, "tâche modifiée", "tâches modifiées"),
    Rule(K.TASK_DELETED, ADVISES, "tâche retirée", "tâches retirées"),
)
"""From what weighs most to what weighs least: the order in which a reason names it."""

WATCHED = frozenset(rule.kind for rule in RULES)

NIGHT = "passage de la nuit"
ASKED = "à la demande"


@dataclass(frozen=True, slots=True)
class Entry:
    """So many entries of one kind since the last run; of a profile, the `fields` that changed."""

    kind: EventKind
    actor_agent: Agent | None = None
    fields: tuple[str, ...] = ()
    count: int = 1

    @property
    def telling(self) -> bool:
        """Whether any agent could do something about it."""
        renamed = self.kind is K.PROFILE_UPDATED and NAME_ALONE.issuperset(self.fields)
        return self.kind in WATCHED and self.actor_agent not in OWN and not renamed


@dataclass(frozen=True, slots=True)
class Pick:
    """An agent that is to act, and why, in French."""

    agent: Agent
    why: str


def pick(entries: Iterable[Entry], *, night: bool = False) -> tuple[Pick, ...]:
    """Who acts on the entries since the last run, in order; by night all who can, whatever was."""
    counts = counted(entries)
    found = []
    for agent in ACTING:
        causes = [*_causes(agent, counts), *([NIGHT] if night else [])]
        if causes:
            found.append(Pick(agent, enumerated(causes)))
    return tuple(found)


def named(agents: Sequence[Agent], picked: Sequence[Pick] = ()) -> tuple[Pick, ...]:
    """Who acts where somebody named agents, each once; what ARIA picks is added where it is one."""
    own = {one.agent: one for one in picked} if Agent.ARIA in agents else {}
    return tuple(
        Pick(agent, ASKED) if agent in agents else own[agent]
        for agent in ACTING
        if agent in agents or agent in own
    )


def problems(agents: Sequence[Agent] | None) -> Iterator[ValidationError]:
    """What is wrong with the agents that were named."""
    if agents is None:
        return
    if not agents:
        yield ValidationError("nommez au moins un agent, ou laissez ARIA choisir", ("agents",))
    for place, agent in enumerate(agents):
        if agent not in OWN:
            message = f"l’agent « {AGENT_NAMES[agent]} » ne peut pas encore être lancé ainsi"
            yield ValidationError(message, ("agents", str(place)))


def counted(entries: Iterable[Entry]) -> Counter[EventKind]:
    """What was read and tells something, by kind."""
    counts: Counter[EventKind] = Counter()
    for entry in entries:
        if entry.telling:
            counts[entry.kind] += entry.count
    return counts


def _causes(agent: Agent, counts: Counter[EventKind]) -> Iterator[str]:
    for rule in RULES:
        if agent in rule.agents and (count := counts[rule.kind]):
            yield rule.one if count == 1 else f"{count} {rule.many}"


def enumerated(texts: Sequence[str]) -> str:
    """« a », « a et b », « a, b et c »."""
    *first, last = texts
    return f"{', '.join(first)} et {last}" if first else last
