"""Why a task of the coach's own is taken away again, as the journal and the advice say it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.coach.motives import root_of
from services.coach.state import KnownTask

ASKED = "une autre tâche ouverte le demande déjà"
CROWDED = "faute de place dans les semaines à venir"
TWICE = "la même tâche est déjà sur la liste"
OTHERWISE = "demandé désormais autrement, ou laissé de côté une semaine, parce que passé"

OVER = {
    "revision": "le chapitre n’est plus à revoir avant la fin de la semaine prochaine",
    "reprise": "l’évaluation est reprise, ou date de plus de quatre semaines",
    "epreuve": "l’épreuve est passée ou notée, ou l’entraînement n’est plus de saison",
    "methode": "l’étape est faite, ou l’épreuve de la matière est passée",
    "bilan": "la matière a été évaluée, ou n’est plus à évaluer",
    "jalon": "l’étape est faite, ou son échéance est passée",
}
"""By what a motive begins with: the need is gone."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A task to be taken away, and why: part of a sentence, in French."""

    task: KnownTask
    reason: str


def withdrawals(
    kept: Sequence[KnownTask],
    used: Collection[UUID],
    why: Mapping[UUID, str],
    roots: Collection[str],
) -> Iterator[Withdrawn]:
    """What is kept and not used any more. `why` is known of some; `roots` are still needed."""
    standing = {task.motive for task in kept if task.id in used}
    for task in kept:
        if task.id in used or task.motive is None:
            continue
        reason = why.get(task.id)
        if reason is None and task.motive in standing:
            reason = TWICE
        elif reason is None and root_of(task.motive) in roots:
            reason = OTHERWISE
        kind = task.motive.split("/", 1)[0]
        yield Withdrawn(task, reason or OVER.get(kind, "l’agent ne le demande plus"))
