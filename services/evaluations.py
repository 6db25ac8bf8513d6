"""Evaluations: who may read what is not published yet."""

from typing import Any

from sqlalchemy import ColumnElement, literal_column, select, true

from models.base import LABELS, SCHEMA
from models.evaluation import Evaluation, EvaluationItem
from models.vocabulary import EvaluationStatus, Role
from services.access import TEACHES, Viewer


def published(viewer: Viewer, status: EvaluationStatus) -> bool:
    """Whether corrections and marks may be shown: once CORRIGE, and to those who teach before."""
    return status is EvaluationStatus.CORRIGE or viewer.teaches


# a literal, for a parameter would hide its value from the planner
PUBLISHED: Any = literal_column(
    f"'{EvaluationStatus.CORRIGE.value}'::{SCHEMA}.{LABELS[EvaluationStatus].name}",
    LABELS[EvaluationStatus],
)


def published_to(role: Role) -> ColumnElement[bool]:
    """`published` of an evaluation, as a predicate for viewers of a role."""
    return true() if role in TEACHES else Evaluation.status == PUBLISHED


def item_published_to(role: Role) -> ColumnElement[bool]:
    """`published` of an item's evaluation, as a predicate for viewers of a role."""
    if role in TEACHES:
        return true()
    found: ColumnElement[bool] = (
        select(Evaluation.id)
        .where(Evaluation.id == EvaluationItem.evaluation_id, Evaluation.status == PUBLISHED)
        .exists()
    )
    return found
