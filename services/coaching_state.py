"""Reading what the coach is told, of any number of pupils at once: five statements for all."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select

from models.epreuve import Epreuve
from models.evaluation import Evaluation, EvaluationItem
from models.event import Event
from models.progress import Progress
from models.student import Student
from models.task import Task
from models.vocabulary import EvaluationStatus, EventKind, TaskStatus
from services import recall
from services.coach.revision import FRESH
from services.coach.state import CoachState, Exam, KnownTask, Measure, Paper, Refusal, practical
from services.dashboard import civil_day
from services.unit_of_work import Work

REMEMBERED = timedelta(days=300)
"""So long work done or skipped is remembered, from September to July; what milestones and methods
asked for, always."""


def own_words(column: Any) -> Any:
    """The coach's own, where a language model said them better since."""
    return func.coalesce(Task.wording[column.key].astext, column).label(column.key)


E, P, T = Epreuve, Progress, Task
EXAMS = (
    E.student_id, E.code, E.label, E.subject, E.kind, E.weight, E.scheduled_at, E.window_end,
    E.provisional, E.mark_20, E.format,
)  # fmt: skip
MEASURES = (
    P.student_id, P.subject, P.chapter_code, P.competence_code, P.score, P.evidence_count,
    P.updated_at, P.last_shown,
)  # fmt: skip
TASKS = (
    T.student_id, T.id, own_words(T.label), T.category, T.status, T.source, T.weight, T.due_at,
    T.subject, T.chapter_code, T.closed_at, T.motive, own_words(T.reason), T.taken_over,
)  # fmt: skip


async def states(work: Work, students: Sequence[Student]) -> dict[UUID, CoachState]:
    """What the coach is told of each of these pupils, as it stands at the work's clock."""
    ids = [student.id for student in students]
    clock = work.clock
    exams = await _grouped(work, select(*EXAMS).where(E.student_id.in_(ids)))
    measures = await _grouped(work, select(*MEASURES).where(P.student_id.in_(ids)))
    tasks = await _grouped(work, select(*TASKS).where(T.student_id.in_(ids), _remembered(clock)))
    papers = await _grouped(work, _papers(ids, clock - FRESH - timedelta(days=1)))
    refusals = await _grouped(work, _refusals(ids, clock - REMEMBERED))
    found = {}
    for student in students:
        zone, id = student.time_zone, student.id
        found[id] = CoachState(
            track=student.track,
            voie=student.voie,
            profile=student.profile,
            exam_path=student.exam_path,
            exam_session=student.exam_session,
            specialities=tuple(student.specialities),
            exams=[_exam(row) for row in exams[id]],
            measures=[_measure(row, zone) for row in measures[id]],
            papers=[
                Paper(
                    row.subject,
                    row.score_20,
                    civil_day(row.graded_at, zone),
                    frozenset(one for one in row.chapters if one),
                )
                for row in papers[id]
            ],
            tasks=[_task(row, zone) for row in tasks[id]],
            refusals=[Refusal(row.motive, civil_day(row.at, zone)) for row in refusals[id]],
        )
    return found


async def _grouped(work: Work, statement: Select[*tuple[Any, ...]]) -> defaultdict[UUID, list[Any]]:
    """Rows by their student, which is their first column."""
    found: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in await work.db.execute(statement):
        found[row[0]].append(row)
    return found


def _remembered(clock: datetime) -> Any:
    once = or_(T.motive.like("jalon/%"), T.motive.like("methode/%"), T.motive.like("bilan/%"))
    return or_(
        T.status == TaskStatus.TODO,
        and_(T.closed_at.is_not(None), or_(T.closed_at >= clock - REMEMBERED, once)),
    )


def _papers(ids: Sequence[UUID], since: datetime) -> Select[*tuple[Any, ...]]:
    """Graded since then, with the chapters of their items."""
    return (
        select(
            Evaluation.student_id,
            Evaluation.subject,
            Evaluation.score_20,
            Evaluation.graded_at,
            func.array_agg(EvaluationItem.chapter_code).label("chapters"),
        )
        .outerjoin(EvaluationItem, EvaluationItem.evaluation_id == Evaluation.id)
        .where(
            Evaluation.student_id.in_(ids),
            Evaluation.status == EvaluationStatus.CORRIGE,
            Evaluation.graded_at >= since,
        )
        .group_by(Evaluation.id)
        .order_by(Evaluation.graded_at, Evaluation.id)
    )


def _refusals(ids: Sequence[UUID], since: datetime) -> Select[*tuple[Any, ...]]:
    """The coach's tasks that people took away: the journal alone remembers them."""
    motive = Event.payload_json["motive"].astext
    return select(Event.student_id, motive.label("motive"), Event.at).where(
        Event.student_id.in_(ids),
        Event.at >= since,
        Event.kind == EventKind.TASK_DELETED,
        Event.actor_role.is_not(None),
        # who takes away what is done refuses nothing
        Event.payload_json["before"]["status"].astext == TaskStatus.TODO.name,
        motive.is_not(None),
    )


def _exam(row: Any) -> Exam:
    return Exam(
        code=row.code,
        label=row.label,
        subject=row.subject,
        kind=row.kind,
        weight=row.weight,
        day=row.scheduled_at,
        end=row.window_end,
        provisional=row.provisional,
        marked=row.mark_20 is not None,
        oral=row.format.startswith("oral"),
        practical=practical(row.format),
    )


def _measure(row: Any, zone: str) -> Measure:
    due = recall.due_at(row.score, row.evidence_count, row.updated_at, row.last_shown)
    return Measure(
        subject=row.subject,
        chapter_code=row.chapter_code,
        competence_code=row.competence_code,
        score=row.score,
        evidence_count=row.evidence_count,
        measured_on=civil_day(row.updated_at, zone),
        due_on=civil_day(due, zone),
    )


def _task(row: Any, zone: str) -> KnownTask:
    return KnownTask(
        id=row.id,
        label=row.label,
        category=row.category,
        status=row.status,
        source=row.source,
        weight=row.weight,
        due_on=civil_day(row.due_at, zone) if row.due_at else None,
        subject=row.subject,
        chapter_code=row.chapter_code,
        closed_on=civil_day(row.closed_at, zone) if row.closed_at else None,
        motive=row.motive,
        reason=row.reason,
        taken_over=row.taken_over,
    )
