"""What the coach asks over weeks in a row: every weak chapter gets its turn."""

from collections import Counter
from dataclasses import replace
from datetime import date
from itertools import count
from uuid import UUID

from coach_states import DAY, followed

from models.curriculum import EpreuveKind, ExamPath, Profile, Subject, Track, Voie
from models.vocabulary import TaskStatus
from services.catalogue.programme import programme
from services.coach.assignment import coach
from services.coach.state import CoachState, Exam, Measure

TODAY = date(2026, 11, 23)
WRITTEN = Exam(
    "E3-MATHS", "Mathématiques", Subject.MATHS, EpreuveKind.TERMINALE, 16.0,
    date(2027, 6, 16), date(2027, 6, 18), provisional=True, marked=False,
)  # fmt: skip


def pupil(**known: object) -> CoachState:
    return replace(
        CoachState(
            Track.TERMINALE, Voie.GENERALE, Profile.SCOLARISE, ExamPath.SCOLARISE, 2027,
            specialities=(Subject.MATHS,), exams=(WRITTEN,),
        ),
        **known,
    )  # fmt: skip


def diligent(state: CoachState, days: int) -> Counter[str]:
    """How often each thing was done by who does everything on the eve of its day."""
    done: Counter[str] = Counter()
    ids = count(10**6)
    for today in (TODAY + DAY * place for place in range(days)):
        tasks = []
        for task in followed(state, coach(state, today)).tasks:
            one = task if task.id.int >= 10**6 else replace(task, id=UUID(int=next(ids)))
            if one.open and one.motive and one.due_on and one.due_on <= today + DAY:
                done[one.motive] += 1
                one = replace(one, status=TaskStatus.DONE, closed_on=today)
            tasks.append(one)
        state = replace(state, tasks=tasks)
    return done


def test_in_ten_weeks_every_weak_chapter_is_revised_and_none_all_the_time():
    codes = [one.code for one in programme(Subject.MATHS, Track.TERMINALE, Voie.GENERALE)][:12]
    weak = [
        Measure(
            Subject.MATHS, code, "MATHS-C-CALCULER", 0.2 + 0.012 * place, 2,
            TODAY - 50 * DAY, TODAY - 49 * DAY,
        )
        for place, code in enumerate(codes)
    ]  # fmt: skip
    done = diligent(pupil(measures=weak), 70)
    times = [done[f"revision/{code}"] for code in codes]
    assert min(times) >= 1
    assert max(times) <= 5
