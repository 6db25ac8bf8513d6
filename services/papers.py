"""The shapes kept as JSON: beside a pupil, an evaluation, a report. Validated in and out."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.dataclasses import dataclass as pydantic_dataclass

from models.curriculum import Language, LanguageRank, Subject
from models.vocabulary import GradedBy


class Shape(BaseModel):
    """Frozen, and closed: a key that nobody declared is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ItemFeedback(Shape):
    """What the grader gave for one exercise, of `points`, and how sure it is (0..1)."""

    number: int
    awarded: float = Field(ge=0)
    points: float = Field(gt=0)
    answer_read: str | None
    comment_md: str
    confidence: float = Field(ge=0, le=1)


class CompetenceResult(Shape):
    """Mastery (0..1) before and after the evaluation."""

    chapter_code: str
    competence_code: str
    before: float | None = Field(ge=0, le=1)
    after: float = Field(ge=0, le=1)


class Feedback(Shape):
    """`evaluations.feedback_json`."""

    summary_md: str
    graded_by: GradedBy
    confidence: float = Field(ge=0, le=1)
    needs_review: bool
    items: list[ItemFeedback]
    competences: list[CompetenceResult]


def feedback(stored: dict[str, Any] | None) -> Feedback | None:
    """What is stored, if anything is, as its shape."""
    return None if stored is None else Feedback.model_validate(stored)


class SubjectKpi(Shape):
    subject: Subject
    score: float = Field(ge=0, le=1)
    delta: float | None
    average_score_20: float | None = Field(ge=0, le=20)


class ReportKpis(Shape):
    """`reports.kpis_json`."""

    progress_overall: float = Field(ge=0, le=1)
    progress_delta: float | None
    average_score_20: float | None = Field(ge=0, le=20)
    evaluations_graded: int
    tasks_completed: int
    tasks_overdue: int
    sessions_held: int
    sessions_cancelled: int
    streak_days: int
    by_subject: list[SubjectKpi]


@pydantic_dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class LanguageChoice:
    """An element of `students.languages`, and what a client sends for one."""

    rank: LanguageRank
    language: Language
