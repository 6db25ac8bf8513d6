"""Evaluations: papers, copies, marks."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from loaders.filters import among, equal
from loaders.keyset import Key, Order
from loaders.pages import Relation
from models.curriculum import Subject, Track
from models.evaluation import Copy as CopyRow
from models.evaluation import Evaluation as EvaluationRow
from models.evaluation import EvaluationItem as EvaluationItemRow
from models.job import Job as JobRow
from models.student import Student as StudentRow
from models.vocabulary import AnswerFormat, EvaluationStatus, GradedBy, TextSource
from resolvers import catalogue, evaluations
from schema.binding import derived, entity, field, many, one
from schema.catalogue import Chapter, Competence
from schema.declarations import Derived, Shown
from schema.jobs import Job
from schema.shared import Node
from services import papers
from services.evaluations import item_published_to, published_to

if TYPE_CHECKING:
    from schema.students import Student

EVALUATIONS = Relation(
    "evaluations",
    EvaluationRow,
    EvaluationRow.student_id,
    filters={"status": among(EvaluationRow.status), "subject": equal(EvaluationRow.subject)},
)
LATEST_EVALUATION = Order(
    "created_at",
    (Key(EvaluationRow.created_at, descending=True), Key(EvaluationRow.id, descending=True)),
)


@entity(EvaluationItemRow)
class EvaluationItem:
    """One exercise of a paper."""

    number: int
    prompt_md: str
    points: float
    chapter: Chapter = derived(catalogue.chapter, EvaluationItemRow.chapter_code)
    competence: Competence = derived(catalogue.competence, EvaluationItemRow.competence_code)
    answer_format: AnswerFormat
    choices: list[str]
    correction_md: str | None = field(
        evaluations.correction_md, reads=Shown("correction_md", item_published_to)
    )


@entity(papers.ItemFeedback)
class ItemFeedback:
    """What the grader gave for one exercise."""

    number: int
    awarded: float
    points: float
    answer_read: str | None
    comment_md: str
    confidence: float


@entity(papers.CompetenceResult)
class CompetenceResult:
    """What an evaluation changed of a competence's mastery."""

    chapter: Chapter = field(evaluations.chapter)
    competence: Competence = field(evaluations.competence)
    before: float | None
    after: float


@entity(papers.Feedback)
class EvaluationFeedback:
    """The grader's marks and words."""

    summary_md: str
    items: list[ItemFeedback]
    competences: list[CompetenceResult]
    graded_by: GradedBy
    confidence: float = strawberry.field(
        description="0..1: how sure the grader is; under the threshold a coach is asked to review."
    )
    needs_review: bool


@entity(CopyRow)
class Copy(Node):
    """An uploaded answer sheet."""

    filename: str
    media_type: str
    size_bytes: int
    page_count: int
    text_source: TextSource | None
    ocr_confidence: float | None
    purge_at: datetime = strawberry.field(description="When the raw file is erased.")


@entity(EvaluationRow)
class Evaluation(Node):
    """A paper, what was handed in, and the marks."""

    student: Annotated["Student", strawberry.lazy("schema.students")] = one(
        EvaluationRow.student_id, StudentRow.id
    )
    subject: Subject
    track: Track
    title: str
    generator: str
    duration_min: int
    status: EvaluationStatus
    score20: float | None = field(evaluations.score_20, reads=Shown("score_20", published_to))
    items: list[EvaluationItem] = many(EvaluationItemRow.evaluation_id, EvaluationItemRow.number)
    statement_md: str = strawberry.field(
        description="The paper as Markdown with LaTeX between $ signs."
    )
    copies: list[Copy] = many(CopyRow.evaluation_id, CopyRow.created_at, CopyRow.id)
    grading: Job | None = one(EvaluationRow.grading_job_id, JobRow.id)
    feedback: EvaluationFeedback | None = field(
        evaluations.feedback,
        reads=Derived(papers.feedback, ("feedback_json",), shown=published_to),
    )
    created_at: datetime
    submitted_at: datetime | None
    graded_at: datetime | None
