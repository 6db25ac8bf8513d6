"""Pupils: how a use case takes hold of one."""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select

from models.base import Entity
from models.student import Student
from services.access import visible_to
from services.problems import ConflictError, Refused, not_found
from services.unit_of_work import Work

Owned = TypeVar("Owned", bound=Entity)


async def hold(
    work: Work, id: UUID, *, expected_version: int | None = None, path: str = "studentId"
) -> Student:
    """A student whom the viewer may see, locked: every change of a file begins here.

    The lock comes before anything is read, so that what is read is what is changed. Refuses a
    stale `expected_version` with the current one.
    """
    student = await _locked(work, Student.id == id)
    if student is None:
        raise not_found(id, path)
    if expected_version is not None and expected_version != student.version:
        raise Refused(
            ConflictError("le dossier a changé entre-temps", ("expectedVersion",), student.version)
        )
    return student


async def hold_owner(
    work: Work, model: type[Owned], id: UUID, *, expected_version: int | None = None
) -> tuple[Student, Owned]:
    """A row of a student's file with its student, both as they are once the student is locked."""
    owned: Any = model
    owner = select(owned.student_id).where(owned.id == id).scalar_subquery()
    student = await _locked(work, Student.id == owner)
    if student is None:
        raise not_found(id)
    # read after the lock was granted: what another changed before is seen
    row: Owned | None = await work.db.scalar(
        select(owned).where(owned.id == id).execution_options(populate_existing=True)
    )
    if row is None:
        raise not_found(id)
    if expected_version is not None and expected_version != student.version:
        raise Refused(
            ConflictError("le dossier a changé entre-temps", ("expectedVersion",), student.version)
        )
    return student, row


async def hold_free(work: Work, ids: Sequence[UUID]) -> list[Student]:
    """Those of the students whom nobody holds, locked in the order of their ids."""
    found = await work.db.scalars(
        select(Student)
        .where(Student.id.in_(ids), visible_to(work.viewer.role, Student.id))
        .order_by(Student.id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True),
        {"viewer": work.viewer.id},
    )
    return list(found)


async def following(work: Work, last: UUID | None, *, limit: int) -> list[UUID]:
    """The next students whom the viewer may see, in the order of their ids."""
    found = select(Student.id).where(visible_to(work.viewer.role, Student.id))
    if last is not None:
        found = found.where(Student.id > last)
    ids = await work.db.scalars(found.order_by(Student.id).limit(limit), {"viewer": work.viewer.id})
    return list(ids)


async def _locked(work: Work, condition: Any) -> Student | None:
    found: Student | None = await work.db.scalar(
        select(Student)
        .where(condition, visible_to(work.viewer.role, Student.id))
        .with_for_update()
        .execution_options(populate_existing=True),
        {"viewer": work.viewer.id},
    )
    return found
