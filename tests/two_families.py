"""Two pupils who must never meet, each with a row in every table: what the access tests read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import family_rows
from family_rows import DAY, NOW

from models.base import SCHEMA, uuid7
from models.curriculum import Subject, Track
from models.vocabulary import Role
from services.access import Viewer
from services.catalogue.programme import programme


@dataclass(frozen=True)
class Family:
    """A pupil with its parent and its coach; `rows` are the ids of its rows, by table.

    Every text of its rows contains `mark`, so that a leak can be seen wherever it comes out.
    """

    mark: str
    student: UUID = field(default_factory=uuid7)
    rows: dict[str, list[UUID]] = field(default_factory=dict)

    def viewer(self, role: Role) -> Viewer:
        return Viewer(f"{self.mark}-{role}", role, f"{self.mark} {role}")

    @property
    def viewers(self) -> tuple[Viewer, ...]:
        return tuple(self.viewer(role) for role in (Role.STUDENT, Role.PARENT, Role.COACH))


@dataclass(frozen=True)
class Families:
    ours: Family
    theirs: Family
    library: Mapping[str, UUID]  # resources of the school, by visibility


ADMIN = Viewer("school-admin", Role.ADMIN, "Administration")
STRANGERS = tuple(Viewer("nobody-knows", role) for role in Role if role is not Role.ADMIN)


async def write(connection: asyncpg.Connection) -> Families:
    """Fill an empty database."""
    library = {
        visibility: await _resource(connection, f"library {visibility}", visibility, "the-school")
        for visibility in ("PUBLIC", "PLUS", "PRO", "PRIVATE")
    }
    ours, theirs = Family("ours"), Family("theirs")
    await _write(connection, ours, 0)
    await _write(connection, theirs, 1)
    await _tempt(connection, ours, theirs)
    await _tempt(connection, theirs, ours)
    return Families(ours, theirs, library)


async def insert(connection: asyncpg.Connection, table: str, **values: Any) -> UUID:
    """Write one row, with an id of its own unless one is given."""
    values = {"id": uuid7(), **values}
    given = [json.dumps(v) if isinstance(v, dict) else v for v in values.values()]
    places = ", ".join(f"${i}" for i in range(1, len(given) + 1))
    await connection.execute(
        f"INSERT INTO {SCHEMA}.{table} ({', '.join(values)}) VALUES ({places})",  # noqa: S608
        *given,
    )
    found: UUID = values["id"]
    return found


async def _resource(
    connection: asyncpg.Connection, title: str, visibility: str, owner: str
) -> UUID:
    return await insert(
        connection,
        "resources",
        title=title,
        uri=f"https://library.example/{title}",
        type="PDF",
        subject="MATHS",
        tags=[title],
        visibility=visibility,
        owner_id=owner,
        created_at=NOW,
    )


async def _add(connection: asyncpg.Connection, family: Family, table: str, **values: Any) -> UUID:
    id = await insert(connection, table, **values)
    family.rows.setdefault(table, []).append(id)
    return id


async def _write(connection: asyncpg.Connection, family: Family, number: int) -> None:
    mark, student = family.mark, family.student
    add = partial(_add, connection, family)
    pupil, parent, coach = (viewer.id for viewer in family.viewers)
    chapter = programme(Subject.MATHS, Track.TERMINALE)[number]
    about = {"chapter_code": chapter.code, "competence_code": chapter.competences[0].code}

    await family_rows.pupil(add, mark, student, pupil)
    for table, person in (("guardianships", parent), ("coachings", coach)):
        await add(
            table,
            student_id=student,
            person_id=person,
            display_name=f"{mark} {table}",
            created_at=NOW,
        )
    family.rows["resources"] = private = [
        await _resource(connection, f"{mark} notes of {owner}", "PRIVATE", owner)
        for owner in (pupil, parent, coach)
    ]
    for kept in private:
        await add("favorites", student_id=student, resource_id=kept, created_at=NOW)

    job = {"status": "RUNNING", "progress": 0.5, "created_at": NOW, "message": f"{mark} job"}
    grading = await add("jobs", kind="GRADE_EVALUATION", student_id=student, **job)
    for viewer in family.viewers:
        await add("jobs", kind="EXPORT_DATA", requested_by=viewer.id, **job)

    await family_rows.mastery(add, student, 0.25 + number / 2, about)
    task = await family_rows.task(add, mark, student, private[0], chapter.code)
    await family_rows.session(add, mark, student, coach)
    for status in ("Proposé", "Soumis", "Corrigé"):
        await family_rows.evaluation(add, mark, student, status, about, grading)
    await family_rows.epreuve(add, mark, student)
    await family_rows.report(add, mark, student)
    await family_rows.event(add, mark, student, 1, task, actor=coach)
    await family_rows.event(add, mark, student, 2, task, actor=None)
    await family_rows.file(add, "uploads", mark, owner_id=pupil, sha256="0" * 64)
    await add(
        "idempotency_keys", actor_id=pupil, key=f"{mark} key", fingerprint=mark, created_at=NOW
    )


async def _tempt(connection: asyncpg.Connection, family: Family, other: Family) -> None:
    """Rows of one family that point at rows of the other: a bug would follow them."""
    add = partial(_add, connection, family)
    mark, student = family.mark, family.student
    private, task = other.rows["resources"][0], other.rows["tasks"][0]
    await family_rows.task(add, mark, student, private, "")
    await add("favorites", student_id=student, resource_id=private, created_at=NOW - DAY)
    await family_rows.event(add, mark, student, 3, task, actor=None)
