"""Evaluations: who may read what is not published yet."""

from models.vocabulary import EvaluationStatus
from services.access import Viewer


def published(viewer: Viewer, status: EvaluationStatus) -> bool:
    """Whether corrections and marks may be shown: once CORRIGE, and to those who teach before."""
    return status is EvaluationStatus.CORRIGE or viewer.teaches
