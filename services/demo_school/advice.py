"""What the agents' coach set on the eve for a demo pupil's today: the coach itself decides."""

from datetime import date, datetime

from models.task import Task
from models.vocabulary import Agent, EventKind, TaskSource, TaskStatus
from services import recall
from services.coach.assignment import Assigned, coach
from services.coach.state import CoachState, Exam, Measure, Paper, practical
from services.dashboard import civil_day
from services.demo_school.calendar import TIME_ZONE
from services.demo_school.dice import Dice
from services.demo_school.journal import agent
from services.demo_school.mastery import Mastery
from services.demo_school.pupil import Pupil, TaskFact
from services.planner.plan import PlannedEpreuve

EVENING = (20, 30)


def write_advice(pupil: Pupil, mastery: Mastery) -> None:
    """Write the tasks with their reasons, and journal them as the coach's."""
    at = pupil.calendar.at(pupil.calendar.eve, *EVENING)
    dice = Dice("advice", pupil.number, pupil.calendar.today)
    for one in coach(_state(pupil, mastery), pupil.calendar.today).created:
        _write(pupil, one, at, dice.key(at))


def _state(pupil: Pupil, mastery: Mastery) -> CoachState:
    choices = pupil.choices
    return CoachState(
        track=choices.track,
        voie=choices.voie,
        profile=choices.profile,
        exam_path=choices.exam_path,
        exam_session=pupil.session,
        specialities=tuple(choices.specialities),
        exams=[_exam(one) for one in pupil.planned],
        measures=_measures(mastery),
        papers=[Paper(subject, score, day) for day, subject, score in pupil.marks],
        tasks=pupil.known_tasks,
    )


def _exam(one: PlannedEpreuve) -> Exam:
    return Exam(
        code=one.code,
        label=one.label,
        subject=one.subject,
        kind=one.kind,
        weight=float(one.weight),
        day=one.scheduled_at,
        end=one.window_end,
        provisional=one.provisional,
        marked=False,
        oral=one.format.startswith("oral"),
        practical=practical(one.format),
    )


def _measures(mastery: Mastery) -> list[Measure]:
    return [
        Measure(
            subject=subject,
            chapter_code=chapter,
            competence_code=competence,
            score=known.score,
            evidence_count=known.evidence,
            measured_on=_day(known.updated_at),
            due_on=_day(
                recall.due_at(known.score, known.evidence, known.updated_at, known.last_shown)
            ),
        )
        for (subject, chapter, competence), known in mastery.known.items()
    ]


def _day(moment: datetime) -> date:
    return civil_day(moment, TIME_ZONE)


def _write(pupil: Pupil, one: Assigned, at: datetime, key: str) -> None:
    due = pupil.calendar.at(one.due_on, 18)
    facts = {
        "status": TaskStatus.TODO.name,
        "category": one.category.name,
        "dueAt": due.isoformat(),
        "weight": one.weight,
        "chapterCode": one.chapter_code,
        "motive": one.motive,
    }
    pupil.journal.note(at, EventKind.TASK_CREATED, agent(Agent.COACH), Task, key, after=facts)
    pupil.tasks.append(TaskFact(TaskStatus.TODO, due, None))
    pupil.rows.add(
        Task,
        id=key,
        student_id=pupil.id,
        label=one.label,
        category=one.category,
        due_at=due,
        weight=one.weight,
        status=TaskStatus.TODO,
        source=TaskSource.AGENT,
        subject=one.subject,
        chapter_code=one.chapter_code,
        motive=one.motive,
        reason=one.reason,
        taken_over=False,
        created_at=at,
    )
