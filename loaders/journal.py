"""Journals read for following: entries after a number, ends, and who sees them.

Read as the school itself: who may see an entry is asked for separately, and anew each time.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Uuid, any_, bindparam, column, func, or_, select, true

from loaders.columns import columns_of
from loaders.rows import Reader, Row, Statement, compiled
from models.event import Event
from models.student import Student

IDS = ARRAY(Uuid())


@cache
def _after() -> Statement:
    asked = (
        func.unnest(bindparam("students", type_=IDS), bindparam("positions", type_=ARRAY(Integer)))
        .table_valued(column("student_id", Uuid()), column("position", Integer))
        .render_derived("asked")
    )
    entries = (
        select(*columns_of(Event))
        .where(Event.student_id == asked.c.student_id, Event.seq > asked.c.position)
        .order_by(Event.seq)
        .limit(bindparam("most", type_=Integer))
        .lateral("entries")
    )
    order = (entries.c.student_id, entries.c.seq)
    return compiled(
        select(entries).select_from(asked.join(entries, true())).order_by(*order), Event
    )


async def after(reader: Reader, positions: Mapping[UUID, int], most: int) -> list[Row]:
    """The next entries of each journal, in order, at most so many of each."""
    return await reader.rows(
        _after(), students=list(positions), positions=list(positions.values()), most=most
    )


@cache
def _versions() -> Statement:
    mine = Student.id == any_(bindparam("students", type_=IDS))
    return compiled(select(Student.id, Student.version).where(mine))


async def versions(reader: Reader, students: Iterable[UUID]) -> dict[UUID, int]:
    """Where each journal ends; a student who is gone is left out."""
    found = await reader.rows(_versions(), students=list(students))
    return {row.id: row.version for row in found}


@cache
def _audience(seen_by: Any) -> Statement:
    asked = seen_by.c.student_id == any_(bindparam("students", type_=IDS))
    return compiled(select(seen_by).where(asked))


async def audience(reader: Reader, seen_by: Any, students: Iterable[UUID]) -> list[Row]:
    """Rows of `seen_by` about these students."""
    return await reader.rows(_audience(seen_by), students=list(students))


@cache
def _cohort(seen_by: Any) -> Statement:
    everyone = seen_by.c.person_id.is_(None)
    return compiled(
        select(Student.id, Student.version)
        .join(seen_by, seen_by.c.student_id == Student.id)
        .where(
            seen_by.c.role == bindparam("as_role"),
            or_(everyone, seen_by.c.person_id == bindparam("person")),
        )
    )


async def cohort(reader: Reader, seen_by: Any, role: str, person: str) -> dict[UUID, int]:
    """Whom a person sees, and where their journals end."""
    found = await reader.rows(_cohort(seen_by), as_role=role, person=person)
    return {row.id: row.version for row in found}


BEFORE = Statement(
    """
    SELECT coalesce(
      (SELECT min(seq) - 1 FROM events WHERE student_id = $1 AND at >= $2),
      (SELECT version FROM students WHERE id = $1), 0) AS position
    """,
    ("student_id", "moment"),
)


async def before(reader: Reader, student_id: UUID, moment: Any) -> int:
    """The last number of a journal before a moment."""
    (row,) = await reader.rows(BEFORE, student_id=student_id, moment=moment)
    position: int = row.position
    return position
