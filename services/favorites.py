"""What pupils keep at hand of the library."""

from uuid import UUID

from sqlalchemy import ColumnElement, false, select

from models.resource import Favorite, Resource
from models.student import Student
from models.vocabulary import EventKind, Role
from services import journal, library, students
from services.access import VIEWER
from services.unit_of_work import Work


async def add(work: Work, *, student_id: UUID, resource_id: UUID) -> Resource:
    """Keep a resource at hand; what is kept already changes and journals nothing."""
    student = await students.hold(work, student_id)
    resource = await library.visible(work, resource_id, "resourceId")
    if await _kept(work, student.id, resource.id) is None:
        work.db.add(Favorite(student_id=student.id, resource_id=resource.id, created_at=work.clock))
        await journal.record(work, student.id, EventKind.RESOURCE_FAVORITED, resource)
    return resource


async def remove(work: Work, *, student_id: UUID, resource_id: UUID) -> Resource:
    """Let a resource go; what is not kept changes and journals nothing."""
    student = await students.hold(work, student_id)
    resource = await library.visible(work, resource_id, "resourceId")
    kept = await _kept(work, student.id, resource.id)
    if kept is not None:
        await work.db.delete(kept)
        await journal.record(work, student.id, EventKind.RESOURCE_UNFAVORITED, resource)
    return resource


async def _kept(work: Work, student_id: UUID, resource_id: UUID) -> Favorite | None:
    found: Favorite | None = await work.db.scalar(
        select(Favorite).where(
            Favorite.student_id == student_id, Favorite.resource_id == resource_id
        )
    )
    return found


def kept_by(role: Role) -> ColumnElement[bool]:
    """Whether a resource is among the viewer's own favorites, for viewers of a role."""
    if role is not Role.STUDENT:
        return false()
    found: ColumnElement[bool] = (
        select(Favorite.id)
        .join(Student, Student.id == Favorite.student_id)
        .where(Favorite.resource_id == Resource.id, Student.user_id == VIEWER)
        .exists()
    )
    return found
