"""The caller."""

from loaders.rows import Row
from models.student import Student
from models.vocabulary import Role
from resolvers.context import Info
from services.access import Viewer


def viewer(info: Info) -> Viewer:
    """The caller."""
    return info.context.viewer


async def student(root: Viewer, info: Info) -> Row | None:
    """The caller's own student: set for STUDENT."""
    if root.role is not Role.STUDENT:
        return None
    return await info.context.loaders.one(Student.user_id).load(root.id)
