"""Work in the form of the exam: a paper now and then, oftener as an épreuve comes near."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from models.curriculum import EpreuveKind, Subject
from models.vocabulary import TaskCategory
from services.coach.motives import History, Need, best, exam_day, nearness, weighed
from services.coach.state import CoachState, Exam
from services.coach.words import day_of, number, within

RHYTHMS = (
    (30, 7, "À moins d’un mois de l’épreuve : un entraînement par semaine"),
    (90, 14, "À moins de trois mois de l’épreuve : un entraînement toutes les deux semaines"),
    (240, 28, "À moins de huit mois de l’épreuve : un entraînement toutes les quatre semaines"),
)
"""Days before the épreuve, days from one paper to the next, and how that is said."""

FAR = 90
HEAVY = 5.0
"""What weighs less is not trained for until it is `FAR` or nearer."""

AT_ONCE = 3
HELD = frozenset({EpreuveKind.ANTICIPEE, EpreuveKind.TERMINALE, EpreuveKind.PONCTUELLE})
OTHERWISE = frozenset({Subject.GRAND_ORAL, Subject.EPS})


def papers(state: CoachState, history: History, today: date) -> Iterator[tuple[Need, ...]]:
    """One entry an épreuve that is near enough for its weight; the next few may be set anew."""
    forms = []
    for exam in state.exams:
        held = exam.kind in HELD and exam.subject not in OTHERWISE and not exam.practical
        held = held and exam.coming(today)
        if held and (found := _forms(exam, history, today)):
            forms.append(found)
    yield from best(forms, AT_ONCE, history, today)


def _forms(exam: Exam, history: History, today: date) -> tuple[Need, Need] | None:
    if exam.day is None:
        return None
    days = (exam.day - today).days
    rhythm = next((one for one in RHYTHMS if 0 < days <= one[0]), None)
    if rhythm is None or (days > FAR and exam.weight < HEAVY) or not exam.weight:
        return None
    root = f"epreuve/{exam.code}"
    done = history.done(root)
    due = done + timedelta(days=rhythm[1]) if done else today
    reason = (
        f"{exam.label} : coefficient {number(exam.weight)}, le {exam_day(exam)}. {rhythm[2]}"
        + (f" ; le dernier est du {day_of(done)}." if done else ".")
    )
    oral = exam.oral
    label = "Un oral blanc, minuté" if oral else "Un sujet de bac, ou une partie, en temps limité"
    paper = Need(
        root=root,
        motive=root,
        label=within(f"{label} : {exam.label}", 300),
        category=TaskCategory.EXERCICE,
        weight=weighed(1 + 2 * min(1.0, exam.weight / 16) + 2 * nearness(days)),
        reason=reason,
        earliest=today + timedelta(days=1),
        latest=exam.day - timedelta(days=1),
        since=exam.day,
        subject=exam.subject,
        fresh=due <= today,
    )
    read = replace(
        paper,
        motive=f"{root}:corrige",
        label=within(f"Lire un corrigé et en noter le plan : {exam.label}", 300),
        category=TaskCategory.METHODO,
    )
    return paper, read
