"""The library."""

from loaders.rows import Row
from loaders.visible import visible
from models.resource import Favorite, Resource
from models.student import Student
from models.vocabulary import Role
from resolvers.context import Info
from services.access import visible_resources


async def of_task(root: Row, info: Info) -> Row | None:
    """What to work with, if the caller may see it."""
    if root.resource_id is None:
        return None
    gated = visible(info.context.loaders, Resource.id, visible_resources)
    return await gated.load(root.resource_id)


async def favorite(root: Row, info: Info) -> bool:
    """Among the favorites of the list's student, or of the caller's own."""
    if "favorite" in root.keys():  # noqa: SIM118  a row's columns, not a mapping's
        return True
    if info.context.viewer.role is not Role.STUDENT:
        return False
    loaders = info.context.loaders
    student = await loaders.one(Student.user_id).load(info.context.viewer.id)
    if student is None:
        return False
    kept = await loaders.many(Favorite.student_id).load(student.id)
    return any(row.resource_id == root.id for row in kept)
