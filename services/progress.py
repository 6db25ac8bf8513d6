"""Recording what was measured of a pupil's competences."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import fmean
from uuid import UUID

from sqlalchemy import or_, select

from models.curriculum import Subject
from models.progress import Progress, ProgressPoint
from models.student import Student
from models.vocabulary import EventKind
from services import journal, mastery, students
from services.catalogue.programme import chapter
from services.dashboard import civil_day
from services.problems import ValidationError, refuse_if
from services.unit_of_work import Work

MAX_EVIDENCE = 100

Competence = tuple[str, str]  # the codes of the chapter and of the competence


@dataclass(frozen=True, slots=True)
class ProgressEvidence:
    """One measure of one competence; `score` and `difficulty` go from 0 to 1."""

    chapter_code: str
    competence_code: str
    score: float
    difficulty: float = mastery.USUAL


def problems(subject: Subject, evidence: Sequence[ProgressEvidence]) -> Iterator[ValidationError]:
    """Everything that is wrong with measures of a subject."""
    if not 1 <= len(evidence) <= MAX_EVIDENCE:
        yield ValidationError(f"de 1 à {MAX_EVIDENCE} mesures", ("evidence",))
        return
    for index, each in enumerate(evidence):
        path = ("evidence", str(index))
        taught = chapter(each.chapter_code)
        if taught is None or taught.subject is not subject:
            yield ValidationError(
                "ce chapitre n’est pas au programme de la matière", (*path, "chapterCode")
            )
        elif all(one.code != each.competence_code for one in taught.competences):
            yield ValidationError(
                "cette compétence n’est pas de ce chapitre", (*path, "competenceCode")
            )
        if not (math.isfinite(each.score) and 0 <= each.score <= 1):
            yield ValidationError("une mesure va de 0 à 1", (*path, "score"))
        if not (math.isfinite(each.difficulty) and 0 <= each.difficulty <= 1):
            yield ValidationError("une difficulté va de 0 à 1", (*path, "difficulty"))


async def record(
    work: Work, *, student_id: UUID, subject: Subject, evidence: list[ProgressEvidence]
) -> list[Progress]:
    """Take measures into a pupil's mastery, in the order given: one entry of the journal for all.

    From 1 to 100 of them. Answers the competences measured, each once, and brings the subject's
    point of the pupil's day up to date.
    """
    student = await students.hold(work, student_id)
    refuse_if(problems(subject, evidence))
    known = await _known(work, student, subject, evidence)
    before = {key: row.score for key, row in known.items()}
    touched = [_measured(work, student, subject, known, each) for each in evidence]
    rows = list(dict.fromkeys(touched))
    mean = fmean(row.score for row in known.values() if row.subject is subject)
    await _point(work, student, subject, mean)
    await work.db.flush()
    await journal.record(
        work,
        student.id,
        EventKind.PROGRESS_UPDATED,
        rows[0] if len(rows) == 1 else None,
        subject=subject.name,
        evidence=len(evidence),
        competences=[
            {
                "chapterCode": row.chapter_code,
                "competenceCode": row.competence_code,
                "before": before.get(_key(row)),
                "after": row.score,
            }
            for row in rows
        ],
    )
    return rows


async def _known(
    work: Work, student: Student, subject: Subject, evidence: Sequence[ProgressEvidence]
) -> dict[Competence, Progress]:
    """What is measured of the subject, and of any chapter that the programme moved into it."""
    chapters = {each.chapter_code for each in evidence}
    rows = await work.db.scalars(
        select(Progress).where(
            Progress.student_id == student.id,
            or_(Progress.subject == subject, Progress.chapter_code.in_(chapters)),
        )
    )
    return {_key(row): row for row in rows}


def _measured(
    work: Work,
    student: Student,
    subject: Subject,
    known: dict[Competence, Progress],
    evidence: ProgressEvidence,
) -> Progress:
    """The competence's row after one more measure."""
    key = (evidence.chapter_code, evidence.competence_code)
    row = known.get(key)
    score, count = mastery.updated(
        row.score if row else None,
        row.evidence_count if row else 0,
        evidence.score,
        difficulty=evidence.difficulty,
        age=work.clock - row.updated_at if row else timedelta(),
    )
    if row is None:
        row = known[key] = Progress(
            student_id=student.id, chapter_code=key[0], competence_code=key[1]
        )
        work.db.add(row)
    row.subject, row.score, row.evidence_count, row.updated_at = subject, score, count, work.clock
    row.last_shown = mastery.shown(evidence.score, evidence.difficulty)
    return row


async def _point(work: Work, student: Student, subject: Subject, mean: float) -> None:
    """The subject's point of today, where the pupil lives."""
    today = civil_day(work.clock, student.time_zone)
    point = await work.db.scalar(
        select(ProgressPoint).where(
            ProgressPoint.student_id == student.id,
            ProgressPoint.subject == subject,
            ProgressPoint.day == today,
        )
    )
    if point is None:
        point = ProgressPoint(student_id=student.id, subject=subject, day=today)
        work.db.add(point)
    point.score = mean


def _key(row: Progress) -> Competence:
    return row.chapter_code, row.competence_code
