"""Long work."""

from uuid import UUID

from loaders.rows import Row
from loaders.visible import visible
from models.job import Job
from resolvers.context import Info
from services.access import visible_jobs


async def job(info: Info, id: UUID) -> Row | None:
    """A job that the caller asked for, or that is about a student the caller may see."""
    return await visible(info.context.loaders, Job.id, visible_jobs).load(id)
