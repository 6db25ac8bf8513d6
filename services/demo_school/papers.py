"""The evaluations of a demo pupil: papers set, handed in, and marked item by item."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from models.curriculum import Subject
from models.evaluation import Copy, Evaluation, EvaluationAction, EvaluationItem
from models.job import Job
from models.vocabulary import (
    Agent,
    AnswerFormat,
    EvaluationStatus,
    EventKind,
    JobKind,
    JobStatus,
    TextSource,
)
from services.demo_school.feedback import feedback
from services.demo_school.journal import Actor, agent
from services.demo_school.mastery import Measure, Result
from services.demo_school.pupil import Pupil
from services.demo_school.texts import Exercise, Paper, papers, phrases

S = EvaluationStatus

GENERATOR = "nexus/demo"
KEPT_FOR = timedelta(days=180)


@dataclass(slots=True)
class Draft:
    """A paper given to the pupil, as far as it has come; `measure` is what its marks showed."""

    key: str
    paper: Paper
    status: EvaluationStatus
    created: datetime
    author: Actor
    submitted: datetime | None = None
    graded: datetime | None = None
    grader: Actor | None = None
    awarded: tuple[float, ...] = ()
    measure: Measure | None = None

    @property
    def score_20(self) -> float:
        return sum(self.awarded)  # every sample paper is marked out of 20


def draw_papers(pupil: Pupil, talents: dict[Subject, float]) -> list[Draft]:
    """The papers on what the pupil follows: most are marked, one waits for marks, one for answers.

    A light pupil has one or the other.
    """
    known = {chapter.code for chapters in pupil.programme.values() for chapter in chapters}
    fitting = [
        paper
        for paper in papers()
        if paper.track is pupil.choices.track and {item.chapter for item in paper.items} <= known
    ]
    fitting = pupil.dice.sample(fitting, min(len(fitting), 9 if pupil.rich else 3))
    waiting = [S.SOUMIS, S.PROPOSE] if pupil.rich else [pupil.dice.pick((S.SOUMIS, S.PROPOSE))]
    marked = max(1, len(fitting) - len(waiting))
    drafts = [
        _marked(pupil, paper, turn / marked, talents[paper.subject])
        for turn, paper in enumerate(fitting[:marked])
    ]
    drafts += [
        _waiting(pupil, paper, status)
        for paper, status in zip(fitting[marked:], waiting, strict=False)
    ]
    return drafts


def _marked(pupil: Pupil, paper: Paper, progress: float, talent: float) -> Draft:
    calendar, dice = pupil.calendar, pupil.dice
    first = calendar.start + timedelta(days=9)
    span = (calendar.eve - timedelta(days=12) - first).days
    created = first + timedelta(days=int(span * progress) + dice.below(4))
    draft = _set(pupil, paper, S.CORRIGE, created)
    handed_in = created + dice.days(2, 4)
    draft.submitted = pupil.own(handed_in)
    marked_on = handed_in + timedelta(days=1)
    by_coach = dice.chance(0.3)
    draft.graded = pupil.moment(marked_on, 8, 15)
    draft.grader = pupil.coach_actor if by_coach else agent(Agent.EVALUATOR)
    draft.awarded = tuple(
        _awarded(item, dice.around(talent + 0.1 * progress, 0.35)) for item in paper.items
    )
    draft.measure = _measure(draft, draft.graded, marked_on, draft.grader)
    pupil.marks.append((marked_on, paper.subject, draft.score_20))
    return draft


def _awarded(item: Exercise, ratio: float) -> float:
    """The points for an answer: all or nothing for a choice, or half for a number."""
    if item.format is AnswerFormat.CHOICE:
        return item.points if ratio >= 0.5 else 0.0
    if item.format is AnswerFormat.NUMBER:
        return item.points * round(ratio * 2) / 2
    return round(item.points * ratio * 2) / 2


def _waiting(pupil: Pupil, paper: Paper, status: EvaluationStatus) -> Draft:
    eve = pupil.calendar.eve
    draft = _set(pupil, paper, status, eve - pupil.dice.days(4, 6))
    if status is S.SOUMIS:
        draft.submitted = pupil.own(eve - pupil.dice.days(0, 1))
    return draft


def _set(pupil: Pupil, paper: Paper, status: EvaluationStatus, day: date) -> Draft:
    at = pupil.moment(day, 9, 15)
    author = pupil.coach_actor if pupil.dice.chance(0.4) else agent(Agent.EVALUATOR)
    return Draft(pupil.dice.key(at), paper, status, at, author)


def _measure(draft: Draft, at: datetime, day: date, grader: Actor) -> Measure:
    """What the marks say of each competence: its share of the points it was worth."""
    worth: dict[tuple[str, str], list[float]] = {}
    for item, awarded in zip(draft.paper.items, draft.awarded, strict=True):
        sums = worth.setdefault((item.chapter, item.competence), [0.0, 0.0])
        sums[0] += awarded
        sums[1] += item.points
    results = [Result(*key, round(got / of, 4)) for key, (got, of) in worth.items()]
    return Measure(at, day, draft.paper.subject, results, grader)


def write_papers(pupil: Pupil, drafts: list[Draft]) -> None:
    """Write the papers once their marks have met the mastery."""
    for draft in drafts:
        job = _write_job(pupil, draft)
        _write_evaluation(pupil, draft, job)
        for number, item in enumerate(draft.paper.items, 1):
            _write_item(pupil, draft, number, item)
        if draft.submitted:
            _write_copy(pupil, draft, draft.submitted)
        _note(pupil, draft)


def _write_job(pupil: Pupil, draft: Draft) -> str | None:
    """The grading, unless nothing was handed in or a coach did it."""
    if not draft.submitted or draft.grader is pupil.coach_actor:
        return None
    done = draft.graded is not None
    key = pupil.dice.key(draft.submitted)
    pupil.rows.add(
        Job,
        id=key,
        kind=JobKind.GRADE_EVALUATION,
        status=JobStatus.SUCCEEDED if done else JobStatus.RUNNING,
        progress=1.0 if done else 0.4,
        message=phrases()["jobs"]["done" if done else "running"],
        student_id=pupil.id,
        requested_by=pupil.user_id,
        created_at=draft.submitted,
        finished_at=draft.graded,
    )
    return key


def _write_evaluation(pupil: Pupil, draft: Draft, job: str | None) -> None:
    paper = draft.paper
    pupil.rows.add(
        Evaluation,
        id=draft.key,
        student_id=pupil.id,
        subject=paper.subject,
        track=paper.track,
        title=paper.title,
        generator=GENERATOR,
        duration_min=paper.duration_min,
        status=draft.status,
        score_20=draft.score_20 if draft.graded else None,
        statement_md=paper.statement_md,
        feedback_json=_feedback(pupil, draft, draft.measure) if draft.measure else None,
        grading_job_id=job,
        created_at=draft.created,
        submitted_at=draft.submitted,
        graded_at=draft.graded,
    )


def _write_item(pupil: Pupil, draft: Draft, number: int, item: Exercise) -> None:
    pupil.rows.add(
        EvaluationItem,
        id=pupil.dice.key(draft.created),
        student_id=pupil.id,
        evaluation_id=draft.key,
        number=number,
        prompt_md=item.prompt,
        points=item.points,
        chapter_code=item.chapter,
        competence_code=item.competence,
        answer_format=item.format,
        choices=item.choices,
        correction_md=item.correction,
    )


def _write_copy(pupil: Pupil, draft: Draft, at: datetime) -> None:
    dice = pupil.dice
    key = dice.key(at)
    read = draft.graded is not None
    photo = dice.chance(0.3)
    ending, media_type = ("jpg", "image/jpeg") if photo else ("pdf", "application/pdf")
    scanned = photo or dice.chance(0.6)
    pages = 1 if photo else dice.between(1, 4)
    pupil.rows.add(
        Copy,
        id=key,
        student_id=pupil.id,
        evaluation_id=draft.key,
        filename=f"copie-{at:%Y-%m-%d}.{ending}",
        media_type=media_type,
        size_bytes=pages * dice.between(180_000, 900_000),
        page_count=pages,
        storage_key=f"copies/{pupil.id}/{key}.{ending}",
        text_source=(TextSource.OCR if scanned else TextSource.TEXT_LAYER) if read else None,
        ocr_confidence=round(0.7 + 0.29 * dice.random(), 2) if read and scanned else None,
        created_at=at,
        purge_at=at + KEPT_FOR,
    )


def _note(pupil: Pupil, draft: Draft) -> None:
    journal = pupil.journal
    journal.note(
        draft.created,
        EventKind.EVALUATION_GENERATED,
        draft.author,
        Evaluation,
        draft.key,
        after={
            "status": S.PROPOSE.name,
            "subject": draft.paper.subject.name,
            "items": len(draft.paper.items),
        },
    )
    if draft.submitted:
        action = EvaluationAction.SUBMIT
        at = draft.submitted
        journal.move(at, action, pupil.actor, Evaluation, draft.key, before=S.PROPOSE, copies=1)
    if draft.graded and draft.grader:
        action, score = EvaluationAction.GRADE, draft.score_20
        at, by = draft.graded, draft.grader
        journal.move(at, action, by, Evaluation, draft.key, before=S.SOUMIS, score20=score)


def _feedback(pupil: Pupil, draft: Draft, measure: Measure) -> dict[str, object]:
    by_coach = draft.grader is pupil.coach_actor
    return feedback(draft.paper, draft.awarded, measure, pupil.dice, by_coach=by_coach)
