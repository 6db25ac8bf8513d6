"""Mastery by subject, chapter and competence."""

from datetime import timedelta

from loaders import dashboard as loaded
from loaders.rows import Row
from models.curriculum import Subject
from models.progress import Progress
from models.student import Student
from resolvers.context import Info
from resolvers.inputs import refused
from services.dashboard import civil_day
from services.knowledge import KnowledgeGraph
from services.knowledge import knowledge_graph as reckoned_graph
from services.progression import SubjectMastery
from services.progression import progression as reckoned

MAX_DAYS = 1000


async def progression(
    root: Row, info: Info, subject: Subject | None = None
) -> list[SubjectMastery]:
    """By subject, chapter and competence. All subjects when none is named."""
    measured = await info.context.loaders.many(
        Progress.student_id, Progress.chapter_code, Progress.competence_code
    ).load(root.id)
    return reckoned(root, measured, subject)


async def knowledge_graph(root: Row, info: Info, subject: Subject) -> KnowledgeGraph:
    """The chapters of a subject, what they stand on, what is mastered and what is due again."""
    measured = await info.context.loaders.many(
        Progress.student_id, Progress.chapter_code, Progress.competence_code
    ).load(root.id)
    return reckoned_graph(root, subject, measured, info.context.clock)


async def trend(root: SubjectMastery, info: Info, days: int = 90) -> list[Row]:
    """Mastery over time, at most one point a day, oldest first."""
    if not 1 <= days <= MAX_DAYS:
        raise refused(f"`days` must be between 1 and {MAX_DAYS}")
    loaders = info.context.loaders
    student = await loaders.one(Student.id).load(root.student_id)
    today = civil_day(info.context.clock, student.time_zone if student else "UTC")
    points = loaded.points(loaders, today - timedelta(days=days))
    return await points.load((root.student_id, root.subject))
