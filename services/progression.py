"""Mastery by subject, chapter and competence, against the programme."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.curriculum import Subject
from services.catalogue.programme import Chapter, chapter, programme, programme_text, subjects_of


@dataclass(frozen=True, slots=True)
class ChapterMastery:
    """`score`: mean over the measured competences, 0..1. `coverage`: share that is measured."""

    chapter: Chapter
    score: float
    coverage: float
    competences: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class SubjectMastery:
    """The same over all chapters of the programme; 0 and 0 where nothing is measured yet."""

    student_id: UUID
    subject: Subject
    score: float
    coverage: float
    programme: str | None
    chapters: tuple[ChapterMastery, ...]


def progression(
    student: Any, measured: Iterable[Any], only: Subject | None = None
) -> list[SubjectMastery]:
    """One entry a subject: those that the pupil follows, then any other that was measured.

    `measured` are rows of `progress`. Chapters come in the programme's order; a chapter that was
    measured and is no longer in the programme follows them.
    """
    by_subject: defaultdict[Subject, list[Any]] = defaultdict(list)
    for row in measured:
        by_subject[row.subject].append(row)
    if only is not None:
        wanted: Sequence[Subject] = [only]
    else:
        followed = subjects_of(student.track, student.voie, student.specialities, student.options)
        wanted = [*followed, *sorted(set(by_subject) - set(followed))]
    return [_subject(student, subject, by_subject[subject]) for subject in wanted]


def _subject(student: Any, subject: Subject, rows: list[Any]) -> SubjectMastery:
    taught = programme(subject, student.track, student.voie)
    by_chapter: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_chapter[row.chapter_code].append(row)
    known = {entry.code for entry in taught}
    gone = [chapter(code) for code in sorted(by_chapter) if code not in known]
    chapters = tuple(
        _chapter(entry, by_chapter[entry.code]) for entry in (*taught, *filter(None, gone))
    )
    total = sum(len(entry.competences) for entry in taught)
    within = sum(1 for entry in taught for row in by_chapter[entry.code] if _taught(entry, row))
    return SubjectMastery(
        student_id=student.id,
        subject=subject,
        score=_mean(rows),
        coverage=within / total if total else 0.0,
        programme=programme_text(subject, student.track, student.voie),
        chapters=chapters,
    )


def _chapter(entry: Chapter, rows: list[Any]) -> ChapterMastery:
    within = [row for row in rows if _taught(entry, row)]
    coverage = len(within) / len(entry.competences) if entry.competences else 0.0
    rows = sorted(rows, key=lambda row: str(row.competence_code))
    return ChapterMastery(entry, _mean(rows), coverage, tuple(rows))


def _taught(entry: Chapter, row: Any) -> bool:
    return any(competence.code == row.competence_code for competence in entry.competences)


def _mean(rows: list[Any]) -> float:
    return sum(row.score for row in rows) / len(rows) if rows else 0.0
