"""Fixtures: a pupil with a coach, a parent and work of its own, alone in an empty database."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from conftest import CLOCK, Answer, database
from factories import insert
from tutoring import DAY, Pupil, Tutoring, coach, tutoring

from gateway.embedded import Servers
from models.vocabulary import Role
from services.access import Viewer

ADMIN = Viewer("an-admin", Role.ADMIN, "Administration")


@dataclass(frozen=True)
class Desk:
    """A pupil, those who see it, and what they ask; `at` is the database it lies in."""

    school: Tutoring
    pupil: Pupil
    at: str

    def viewer(self, role: Role) -> Viewer:
        """Somebody of this role who sees the pupil."""
        return {
            Role.STUDENT: self.pupil.viewer,
            Role.PARENT: Viewer("parent", Role.PARENT, "Parent"),
            Role.COACH: coach(),
            Role.ADMIN: ADMIN,
        }[role]

    async def task(self, status: str = "Todo", **given: Any) -> str:
        closed = None if status == "Todo" else CLOCK
        given = {"student_id": self.pupil.id, "status": status, "closed_at": closed, **given}
        return str(await insert(self.school.db, "tasks", **given))

    async def ask(self, viewer: Viewer, document: str, **given: Any) -> Answer:
        return await self.school.gate.ask(viewer, document, **given)

    async def version(self) -> int:
        """The head of the pupil's journal."""
        found: int = await self.school.db.fetchval(
            "SELECT version FROM nexus_app.students WHERE id = $1", self.pupil.id
        )
        return found

    async def kinds(self, after: int = 0) -> list[str]:
        """What was journaled after a version, in order."""
        return (await self.school.journal(self.pupil))[after:]


@pytest.fixture(scope="module")
def desk_dsn(servers: Servers, migrated: str) -> Iterator[str]:
    with database(servers, migrated) as dsn:
        yield dsn


@pytest.fixture(scope="module")
async def desk(desk_dsn: str, anyio_backend: str) -> AsyncIterator[Desk]:
    """One for all tests of a file: each brings the rows that it changes."""
    async with tutoring(desk_dsn) as school:
        pupil = await school.pupil()
        await insert(school.db, "guardianships", student_id=pupil.id, person_id="parent")
        await school.opens(length=30 * DAY)
        yield Desk(school, pupil, desk_dsn)
