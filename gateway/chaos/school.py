"""Whose journals grow, who may watch them, and what the journals hold in the end."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg

from gateway.settings import Settings
from gateway.tokens import mint
from services import demo_school

LIFE = timedelta(hours=12)


class Committed(NamedTuple):
    """An event as the journal keeps it."""

    seq: int
    id: UUID
    kind: str


Journals = dict[UUID, list[Committed]]


class School:
    """The pupils of a trial, and a token for everyone around them."""

    def __init__(
        self, settings: Settings, people: demo_school.People, cares: dict[str, list[UUID]]
    ):
        self._settings = settings
        self.students = [pupil.id for pupil in people.students]
        self.users = {pupil.id: pupil.user_id for pupil in people.students}
        self.parents = {parent.id: parent.wards for parent in people.parents}
        self.coaches = cares
        self.admin = people.admins[0].id

    @classmethod
    async def make(cls, settings: Settings, pupils: int) -> "School":
        """Load a school of so many pupils into an empty database."""
        connection = await asyncpg.connect(settings.asyncpg_dsn)
        try:
            await demo_school.load(connection, datetime.now(UTC).date(), scale=pupils)
            people = await demo_school.people(connection)
            cares: dict[str, list[UUID]] = {}
            for coach, pupil in await connection.fetch(
                "SELECT person_id, student_id FROM nexus_app.coachings ORDER BY 1, 2"
            ):
                cares.setdefault(coach, []).append(pupil)
            return cls(settings, people, cares)
        finally:
            await connection.close()

    def token(self, subject: str, role: str) -> str:
        return mint(self._settings.signing_secret() or "", sub=subject, role=role, ttl=LIFE)

    async def journals(self) -> Journals:
        """All that was committed, as the table tells."""
        connection = await asyncpg.connect(self._settings.asyncpg_dsn)
        found: Journals = {id: [] for id in self.students}
        try:
            for student_id, *event in await connection.fetch(
                "SELECT student_id, seq, id, kind::text FROM nexus_app.events ORDER BY 1, 2"
            ):
                found[student_id].append(Committed(*event))
            return found
        finally:
            await connection.close()
