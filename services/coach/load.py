"""How much work a week may hold, and how much a task counts for."""

from collections.abc import Sequence
from datetime import date, timedelta

from models.curriculum import Profile, Track
from models.vocabulary import TaskCategory
from services.coach.state import CoachState, Exam
from services.coach.words import duration

C = TaskCategory

MINUTES = {
    C.REVISION: 60,
    C.EXERCICE: 45,
    C.METHODO: 45,
    C.DEVOIR: 60,
    C.RENDEZ_VOUS: 30,
    C.GRAND_ORAL: 60,
    C.PARCOURSUP: 45,
    C.AUTRE: 30,
}
"""What a task of each kind counts for, whoever set it: nobody measures it."""

AT_SCHOOL = {Track.PREMIERE: 5 * 60, Track.TERMINALE: 6 * 60}
"""Minutes a week beside lessons and homework: about an hour a day, less in première."""

ALONE = 10 * 60
"""A candidat libre has no lessons: two hours a day, five days a week."""

FINAL = timedelta(weeks=6)
"""So long before an épreuve that weighs `HEAVY` a week holds half as much again."""

HEAVY = 5.0
REVISED = 2 / 3
"""The share of a week that the coach's own revisions may take: the rest is for the exam's form,
for method and for deadlines."""

WEEK = timedelta(weeks=1)


def monday(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def weekly_minutes(state: CoachState, week: date) -> int:
    """The work that the week from this Monday may hold, in minutes."""
    usual = ALONE if state.profile is Profile.CANDIDAT_LIBRE else AT_SCHOOL[state.track]
    return usual * 3 // 2 if _final(state.exams, week) else usual


def stated(state: CoachState, week: date, category: TaskCategory) -> str:
    """The same as a person reads it, with what a task of this kind takes of it."""
    year = "terminale" if state.track is Track.TERMINALE else "première"
    who = "candidat libre" if state.profile is Profile.CANDIDAT_LIBRE else "élève scolarisé"
    final = ", à moins de six semaines d’une épreuve" if _final(state.exams, week) else ""
    whole = duration(weekly_minutes(state, week))
    return (
        f"Compte pour {duration(MINUTES[category])} sur les {whole} prévues par semaine"
        f" ({year}, {who}{final})."
    )


def _final(exams: Sequence[Exam], week: date) -> bool:
    return any(
        exam.weight >= HEAVY and not exam.marked and exam.day and week <= exam.day < week + FINAL
        for exam in exams
    )
