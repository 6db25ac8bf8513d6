"""Pupils as the coach is told of them, each from a seed; and what becomes of its word."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random
from uuid import UUID

from models.curriculum import EpreuveKind, ExamPath, Profile, Subject, Track, Voie
from models.vocabulary import TaskCategory, TaskSource, TaskStatus
from services import recall
from services.catalogue.programme import Chapter, programme
from services.coach.assignment import Assigned, Assignments
from services.coach.load import MINUTES, monday
from services.coach.state import CoachState, Exam, KnownTask, Measure, Paper, Refusal

DAY = timedelta(days=1)
FIRST = date(2026, 9, 1)
SUBJECTS = (
    Subject.MATHS,
    Subject.NSI,
    Subject.SES,
    Subject.PHILOSOPHIE,
    Subject.HISTOIRE_GEO,
    Subject.LANGUES_VIVANTES,
)
MOTIVES = (
    "epreuve/E-MATHS",
    "methode/MATHS/1",
    "methode/PHILOSOPHIE/1",
    "jalon/GO-M1",
    "jalon/PS-INFO/formations",
    "bilan/NSI",
)


def chapters(subject: Subject, track: Track) -> tuple[Chapter, ...]:
    return programme(subject, track, Voie.GENERALE)[:6]


def any_state(seed: int) -> tuple[CoachState, date]:
    """A pupil of this number, and the day on which the coach looks."""
    dice = Random(seed)  # noqa: S311 - a seed that fails must fail again
    track = dice.choice(tuple(Track))
    today = FIRST + DAY * dice.randrange(320)
    libre = dice.random() < 0.3
    state = CoachState(
        track=track,
        voie=Voie.GENERALE,
        profile=Profile.CANDIDAT_LIBRE if libre else Profile.SCOLARISE,
        exam_path=ExamPath.LIBRE_UN_AN if libre else ExamPath.SCOLARISE,
        exam_session=2027 if track is Track.TERMINALE else 2028,
        specialities=(Subject.MATHS, Subject.NSI),
        exams=_exams(dice, today) if dice.random() < 0.9 else (),
        measures=_measures(dice, track, today),
        papers=_papers(dice, track, today),
        tasks=_tasks(dice, track, today),
        refusals=[Refusal(dice.choice(MOTIVES), today - DAY * dice.randrange(90))][
            : dice.randrange(2)
        ],
    )
    return state, today


def _exams(dice: Random, today: date) -> list[Exam]:
    found = []
    for subject in (*SUBJECTS, Subject.GRAND_ORAL):
        for part in range(dice.choice((0, 1, 1, 2))):
            day = today + DAY * dice.randrange(-30, 330) if dice.random() < 0.8 else None
            found.append(
                Exam(
                    code=f"E-{subject}" + (f"-{part}" if part else ""),
                    label=f"Épreuve de {subject}",
                    subject=subject,
                    kind=EpreuveKind.TERMINALE if day else EpreuveKind.CONTROLE_CONTINU,
                    weight=dice.choice((1.0, 3.0, 5.0, 8.0, 12.8, 16.0)),
                    day=day,
                    end=day + DAY * dice.randrange(8) if day else today + DAY * 90,
                    provisional=dice.random() < 0.5,
                    marked=dice.random() < 0.1,
                    oral=dice.random() < 0.2,
                )
            )
    return found


def _measures(dice: Random, track: Track, today: date) -> list[Measure]:
    found = []
    for subject in SUBJECTS:
        for chapter in chapters(subject, track)[: dice.randrange(7)]:
            for competence in chapter.competences[: dice.randrange(1, 4)]:
                score, count = round(dice.random(), 3), dice.randrange(1, 8)
                day = today - DAY * dice.randrange(100)
                due = recall.due_at(score, count, datetime.combine(day, time(12)))
                found.append(
                    Measure(subject, chapter.code, competence.code, score, count, day, due.date())
                )
    return found


def _papers(dice: Random, track: Track, today: date) -> list[Paper]:
    found = []
    for _ in range(dice.randrange(4)):
        subject = dice.choice(SUBJECTS)
        about = [chapter.code for chapter in chapters(subject, track)]
        some = frozenset(dice.sample(about, min(len(about), dice.randrange(3))))
        mark = dice.randrange(41) / 2
        found.append(Paper(subject, mark, today - DAY * dice.randrange(40), some))
    return found


def _tasks(dice: Random, track: Track, today: date) -> list[KnownTask]:
    return [_task(dice, track, today, number) for number in range(dice.choice((0, 0, 6, 20)))]


def _task(dice: Random, track: Track, today: date, number: int) -> KnownTask:
    taught = chapters(dice.choice(SUBJECTS), track)
    chapter = dice.choice(taught) if taught and dice.random() < 0.6 else None
    motive = None
    if dice.random() < 0.6:
        motive = dice.choice(MOTIVES)
        if chapter:
            motive = f"revision/{chapter.code}" + dice.choice(("", "", ":exercice"))
    status = dice.choice(tuple(TaskStatus))
    return KnownTask(
        id=UUID(int=number),
        label=f"Une tâche {number}",
        category=_category(motive) if motive else dice.choice(tuple(TaskCategory)),
        status=status,
        source=TaskSource.AGENT if motive else dice.choice(tuple(TaskSource)),
        weight=dice.randrange(51) / 10,
        due_on=today + DAY * dice.randrange(-20, 40) if dice.random() < 0.9 else None,
        subject=chapter.subject if chapter else None,
        chapter_code=chapter.code if chapter else None,
        closed_on=None if status is TaskStatus.TODO else today - DAY * dice.randrange(60),
        motive=motive,
        reason="Parce que." if motive else None,
        taken_over=motive is not None and dice.random() < 0.2,
    )


def _category(motive: str) -> TaskCategory:
    """What the coach's own task of this motive is."""
    if motive.startswith("jalon/"):
        return TaskCategory.PARCOURSUP if "/PS-" in motive else TaskCategory.GRAND_ORAL
    if motive.startswith("methode/"):
        return TaskCategory.METHODO
    lesser = ":" in motive or not motive.startswith("revision/")
    return TaskCategory.EXERCICE if lesser else TaskCategory.REVISION


def followed(state: CoachState, word: Assignments) -> CoachState:
    """The pupil's state once all that the coach said is written down."""
    gone = {one.task.id for one in word.withdrawn}
    moved = {one.task.id: one for one in word.wanted if one.task}
    kept = [
        _as_told(task, moved[task.id]) if task.id in moved else task
        for task in state.tasks
        if task.id not in gone
    ]
    new = [_new(one, 1000 + number) for number, one in enumerate(word.created)]
    return replace(state, tasks=[*kept, *new])


def _as_told(task: KnownTask, one: Assigned) -> KnownTask:
    return replace(task, weight=one.weight, due_on=one.due_on, reason=one.reason)


def _new(one: Assigned, number: int) -> KnownTask:
    return KnownTask(
        id=UUID(int=number),
        label=one.label,
        category=one.category,
        status=TaskStatus.TODO,
        source=TaskSource.AGENT,
        weight=one.weight,
        due_on=one.due_on,
        subject=one.subject,
        chapter_code=one.chapter_code,
        motive=one.motive,
        reason=one.reason,
    )


def minutes(tasks: Iterable[KnownTask], today: date) -> dict[date, int]:
    """What each week holds of open tasks, what is overdue or undated in this one."""
    found: dict[date, int] = {}
    for task in tasks:
        stale = task.due_on and task.due_on < today - 7 * DAY and not task.kept
        if task.open and not stale:
            week = max(monday(task.due_on or today), monday(today))
            found[week] = found.get(week, 0) + MINUTES[task.category]
    return found


def spent(tasks: Iterable[KnownTask], today: date) -> int:
    """What was done this week, in minutes."""
    return sum(
        MINUTES[task.category]
        for task in tasks
        if task.status is TaskStatus.DONE
        and task.closed_on
        and monday(today) <= task.closed_on <= today
    )
