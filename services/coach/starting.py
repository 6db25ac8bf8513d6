"""Where to begin: a first measure in a subject that counts and of which nothing is known."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from models.curriculum import Subject
from models.vocabulary import TaskCategory
from services.catalogue.programme import programme, subject_label
from services.coach.motives import History, Need, Stake, best, weighed
from services.coach.state import CoachState
from services.coach.words import inside

HEAVY = 5.0
AT_ONCE = 2


def starts(
    state: CoachState, stakes: Mapping[Subject, Stake], history: History, today: date
) -> Iterator[tuple[Need, ...]]:
    """The heaviest subjects of the year's programme without any measure, two at a time."""
    known = {measure.subject for measure in state.measures}
    found = [
        (_need(subject, stake, today),)
        for subject, stake in stakes.items()
        if subject not in known
        and subject is not Subject.GRAND_ORAL  # its milestones lead there
        and stake.coefficient >= HEAVY
        and programme(subject, state.track, state.voie)
        and not history.done(f"bilan/{subject}")
    ]
    yield from best(found, AT_ONCE, history, today)


def _need(subject: Subject, stake: Stake, today: date) -> Need:
    name = subject_label(subject)
    return Need(
        root=f"bilan/{subject}",
        motive=f"bilan/{subject}",
        label=f"Faire le point en {inside(name)} : une première évaluation",
        category=TaskCategory.EXERCICE,
        weight=weighed(2 + 1.5 * stake.share),
        reason=f"{name} : 0 mesure enregistrée à ce jour ; {stake.said}.",
        earliest=today + timedelta(days=1),
        latest=stake.latest,
        since=today,
        subject=subject,
    )
