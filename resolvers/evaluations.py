"""Evaluations: what is published, and to whom."""

from loaders.rows import Row
from models.evaluation import Evaluation
from models.vocabulary import EvaluationStatus
from resolvers.context import Info
from services import papers
from services.catalogue import programme
from services.catalogue.programme import Chapter, Competence
from services.evaluations import published
from services.papers import CompetenceResult, Feedback


async def correction_md(root: Row, info: Info) -> str | None:
    """Worked answer: null to the student and parents until CORRIGE."""
    evaluation = await info.context.loaders.one(Evaluation.id).load(root.evaluation_id)
    status = EvaluationStatus.PROPOSE if evaluation is None else evaluation.status
    return root.correction_md if published(info.context.viewer, status) else None


def score_20(root: Row, info: Info) -> float | None:
    """0..20 once CORRIGE."""
    return root.score_20 if published(info.context.viewer, root.status) else None


def feedback(root: Row, info: Info) -> Feedback | None:
    """The marks and words; null to the student and parents until CORRIGE."""
    return (
        papers.feedback(root.feedback_json) if published(info.context.viewer, root.status) else None
    )


def chapter(root: CompetenceResult) -> Chapter | None:
    return programme.chapter(root.chapter_code)


def competence(root: CompetenceResult) -> Competence | None:
    return programme.competence(root.competence_code)
