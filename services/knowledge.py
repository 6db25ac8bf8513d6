"""A subject as a graph: its chapters, what they stand on, what is known and what is due again."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.curriculum import Subject
from services import recall
from services.catalogue.programme import Chapter, chapter, programme


@dataclass(frozen=True, slots=True)
class KnowledgeNode:
    """A chapter; `score` is None where nothing is measured."""

    code: str
    label: str
    score: float | None
    coverage: float
    due_for_review: bool


@dataclass(frozen=True, slots=True)
class KnowledgeEdge:
    """`from_` is to be known before `to`, and why: a link of our own design, not a programme's."""

    from_: str
    to: str
    reason: str


@dataclass(frozen=True, slots=True)
class KnowledgeGraph:
    nodes: tuple[KnowledgeNode, ...]
    edges: tuple[KnowledgeEdge, ...]


def knowledge_graph(
    student: Any, subject: Subject, measured: Iterable[Any], clock: datetime
) -> KnowledgeGraph:
    """The chapters of the pupil's year, and every chapter they stand on, of whatever year.

    The year's chapters come in the programme's order, what they stand on after them.
    """
    by_chapter: defaultdict[str, list[Any]] = defaultdict(list)
    for row in measured:
        by_chapter[row.chapter_code].append(row)
    chapters = {one.code: one for one in programme(subject, student.track, student.voie)}
    waiting = list(chapters.values())
    while waiting:
        for code in waiting.pop(0).prerequisites:
            found = chapter(code)
            if found and code not in chapters:
                chapters[code] = found
                waiting.append(found)
    return KnowledgeGraph(
        nodes=tuple(_node(one, by_chapter[one.code], clock) for one in chapters.values()),
        edges=tuple(
            KnowledgeEdge(before, one.code, one.why)
            for one in chapters.values()
            for before in one.prerequisites
        ),
    )


def _node(one: Chapter, rows: list[Any], clock: datetime) -> KnowledgeNode:
    taught = {competence.code for competence in one.competences}
    within = [row for row in rows if row.competence_code in taught]
    return KnowledgeNode(
        code=one.code,
        label=one.label,
        score=sum(row.score for row in rows) / len(rows) if rows else None,
        coverage=len(within) / len(taught),
        due_for_review=any(
            recall.due_at(row.score, row.evidence_count, row.updated_at, row.last_shown) <= clock
            for row in rows
        ),
    )
