"""An evaluation that went badly and names no chapter: one question of it done again."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta

from models.curriculum import Subject
from models.vocabulary import TaskCategory
from services.catalogue.programme import subject_label
from services.coach.motives import Forms, History, Need, Stake
from services.coach.revision import bad_paper, percent_of, weight_of
from services.coach.state import CoachState
from services.coach.words import day_of, number


def corrections(
    state: CoachState, stakes: Mapping[Subject, Stake], history: History, today: date
) -> Iterator[Forms]:
    """One exercise a subject whose last evaluation without chapters is under 10/20."""
    for subject in sorted({paper.subject for paper in state.papers}):
        root = f"reprise/{subject}"
        stake = stakes.get(subject) if state.exams else Stake(0.0, None, None)
        paper = bad_paper(state.papers, subject, None, history.done(root), today)
        if paper is None or stake is None:
            continue
        name = subject_label(subject)
        rides = f" {name} : {stake.said}." if stake.coefficient else ""
        again = Need(
            root=root,
            motive=root,
            label=f"Reprendre la dernière évaluation ({name}) : refaire une question manquée",
            category=TaskCategory.EXERCICE,
            weight=weight_of(percent_of(paper), stake.share, stake.nearness(today), paper.score_20),
            reason=(
                f"Évaluation corrigée le {day_of(paper.graded_on)} : {number(paper.score_20)}/20,"
                f" sans chapitre indiqué.{rides}"
            ),
            earliest=today + timedelta(days=1),
            latest=stake.latest,
            since=paper.graded_on,
            subject=subject,
        )
        talk = replace(
            again,
            motive=f"{root}:en-parler",
            label=f"Revoir la dernière évaluation avec un professeur ou un coach : {name}",
            category=TaskCategory.RENDEZ_VOUS,
        )
        yield again, talk
