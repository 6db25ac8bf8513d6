"""Any row by its id alone: every table that shows as a Node, with the gate that guards it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement

from loaders.rows import Row
from loaders.visible import node as located
from models.epreuve import Epreuve
from models.evaluation import Copy, Evaluation
from models.event import Event
from models.job import Job
from models.progress import Progress
from models.report import Report
from models.resource import Resource
from models.student import Student
from models.study_session import StudySession
from models.task import Task
from models.vocabulary import Role
from resolvers.context import Info
from resolvers.inputs import refused
from services.access import visible_jobs, visible_resources, visible_students, visible_to

MAX_IDS = 100


def _owned(model: Any) -> Callable[[Role], ColumnElement[bool]]:
    """The gate of a table whose rows belong to a student."""
    return lambda role: visible_to(role, model.student_id)


NODES: Any = (
    (Student, visible_students),
    (Resource, visible_resources),
    (Job, visible_jobs),
    *(
        (model, _owned(model))
        for model in (Progress, Task, StudySession, Evaluation, Copy, Epreuve, Report, Event)
    ),
)


async def node(info: Info, id: UUID) -> Row | None:
    """Whatever has this id, if the caller may see it."""
    return await located(info.context.loaders, NODES).load(id)


async def nodes(info: Info, ids: list[UUID]) -> list[Row | None]:
    """Whatever has these ids, in their order; null where there is nothing for the caller."""
    if len(ids) > MAX_IDS:
        raise refused(f"`ids` takes at most {MAX_IDS}")
    return await located(info.context.loaders, NODES).load_many(ids)


async def entity(root: Row, info: Info) -> Row | None:
    """What it is about, as it stands now; null once deleted or purged."""
    if root.entity_id is None:
        return None
    return await located(info.context.loaders, NODES).load(root.entity_id)
