"""Who sees a pupil: parents are linked and unlinked, coaches assigned and unassigned."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from models.student import Coaching, Guardianship, Student
from models.vocabulary import EventKind
from services import journal, students
from services.actors import PersonId, name_problems, person_problems
from services.problems import not_found, refuse_if
from services.unit_of_work import Work

Link = type[Guardianship] | type[Coaching]

# what the journal says: linked, renamed, unlinked
CHANGES: dict[Link, tuple[str, str, str]] = {
    Guardianship: ("guardian_linked", "guardian_renamed", "guardian_unlinked"),
    Coaching: ("coach_assigned", "coach_renamed", "coach_unassigned"),
}


async def link_guardian(
    work: Work, *, student_id: UUID, person_id: PersonId, display_name: str | None = None
) -> Student:
    """Let a parent see a pupil. Where they are linked already, only a given name changes."""
    return await _link(work, Guardianship, student_id, person_id, display_name)


async def unlink_guardian(work: Work, *, student_id: UUID, person_id: PersonId) -> Student:
    """A parent sees a pupil no more."""
    return await _unlink(work, Guardianship, student_id, person_id)


async def assign_coach(
    work: Work, *, student_id: UUID, person_id: PersonId, display_name: str | None = None
) -> Student:
    """Entrust a pupil to a coach. Where it is done already, only a given name changes."""
    return await _link(work, Coaching, student_id, person_id, display_name)


async def unassign_coach(work: Work, *, student_id: UUID, person_id: PersonId) -> Student:
    """A coach sees a pupil no more."""
    return await _unlink(work, Coaching, student_id, person_id)


async def _link(
    work: Work, link: Link, student_id: UUID, person_id: PersonId, display_name: str | None
) -> Student:
    student = await students.hold(work, student_id)
    name = display_name if display_name is None else display_name.strip()
    refuse_if(
        [
            *person_problems(person_id, "personId"),
            *(name_problems(name, "displayName") if name is not None else ()),
        ]
    )
    linked, renamed, _ = CHANGES[link]
    held = await _held(work, link, student.id, person_id)
    if held is None:
        work.db.add(
            link(
                student_id=student.id,
                person_id=person_id,
                display_name=name,
                created_at=work.clock,
            )
        )
        await _record(work, student, linked, person_id)
    elif name is not None and name != held.display_name:
        held.display_name = name
        await _record(work, student, renamed, person_id)
    return student


async def _unlink(work: Work, link: Link, student_id: UUID, person_id: PersonId) -> Student:
    student = await students.hold(work, student_id)
    held = await _held(work, link, student.id, person_id)
    if held is None:
        raise not_found(person_id, "personId")
    await work.db.delete(held)
    await _record(work, student, CHANGES[link][-1], person_id)
    return student


async def _held(work: Work, link: Any, student_id: UUID, person_id: PersonId) -> Any:
    return await work.db.scalar(
        select(link).where(link.student_id == student_id, link.person_id == person_id)
    )


async def _record(work: Work, student: Student, change: str, person_id: PersonId) -> None:
    await journal.record(
        work,
        student.id,
        EventKind.PROFILE_UPDATED,
        student,
        change=change,
        personId=person_id,
    )
