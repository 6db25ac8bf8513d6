"""Mastery by subject, chapter and competence."""

from datetime import date, datetime

import strawberry

from models.curriculum import Subject
from models.progress import Progress as ProgressRow
from models.progress import ProgressPoint as ProgressPointRow
from resolvers import catalogue, progression
from resolvers.mutations import Outcome
from schema.binding import derived, entity, field
from schema.catalogue import Chapter, Competence
from schema.mutating import MutationPayload, all_changed, mutation
from schema.shared import Node
from services import knowledge
from services import progress as recorded
from services import progression as progress
from services.access import Permission


@entity(ProgressRow)
class Progress(Node):
    """One measured competence of one chapter."""

    subject: Subject
    chapter: Chapter = derived(catalogue.chapter, ProgressRow.chapter_code)
    competence: Competence = derived(catalogue.competence, ProgressRow.competence_code)
    score: float = strawberry.field(description="Mastery, 0..1.")
    evidence_count: int
    updated_at: datetime


@entity(progress.ChapterMastery)
class ChapterProgress:
    """A chapter, and what is measured of it."""

    chapter: Chapter
    score: float
    coverage: float
    competences: list[Progress]


@entity(ProgressPointRow)
class ProgressPoint:
    """Mastery of a subject at the end of a day."""

    day: date
    score: float


@entity(progress.SubjectMastery)
class SubjectProgress:
    """A subject, and what is measured of its programme."""

    subject: Subject
    score: float = strawberry.field(
        description="Mean mastery over the measured competences, 0..1; 0 before any measure."
    )
    coverage: float = strawberry.field(
        description="Share of the programme's competences that have been measured, 0..1."
    )
    programme: str | None = strawberry.field(
        description="The official text that sets the chapters, and the sessions it holds for."
    )
    chapters: list[ChapterProgress]
    trend: list[ProgressPoint] = field(progression.trend)


@entity(knowledge.KnowledgeNode)
class KnowledgeNode:
    """A chapter, what is known of it, and whether it is time to see it again."""

    code: str
    label: str
    score: float | None = strawberry.field(
        description="Mean mastery over the measured competences, 0..1; null before any measure."
    )
    coverage: float = strawberry.field(
        description="Share of the chapter's competences that have been measured, 0..1."
    )
    due_for_review: bool


@entity(knowledge.KnowledgeEdge)
class KnowledgeEdge:
    """The chapter `from` is to be known before the chapter `to`."""

    from_: str = strawberry.field(name="from")
    to: str
    reason: str = strawberry.field(
        description="What links them, in French; the links are ours, no programme sets them."
    )


@entity(knowledge.KnowledgeGraph)
class KnowledgeGraph:
    """The chapters of a pupil's year in a subject, and every chapter they stand on."""

    nodes: list[KnowledgeNode]
    edges: list[KnowledgeEdge]


@entity(Outcome)
class RecordProgressPayload(MutationPayload):
    progress: list[Progress] = all_changed()


@strawberry.type
class Mutation:
    record_progress: RecordProgressPayload = mutation(
        "RecordProgress", recorded.record, requires=Permission.PROGRESS_WRITE
    )
