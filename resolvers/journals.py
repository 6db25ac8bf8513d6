"""The journals as they are followed: read by the loaders, opened by the row gate."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from loaders import journal
from loaders.rows import Reader, Row
from models.vocabulary import Role
from services.access import SEEN_BY
from subscriptions.follow import Person

SCHOOL = "nexus"  # who reads for everyone who follows: no token ever names it


class Audience:
    """Who sees some students, as it was when it was read."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._since = {(row.student_id, row.role, row.person_id): row.since for row in rows}

    def sees(self, person: Person, student_id: UUID) -> bool:
        return self._found(person, student_id) is not None

    def since(self, person: Person, student_id: UUID) -> datetime:
        """Since when; LookupError where the person does not see the student."""
        found = self._found(person, student_id)
        if found is None:
            raise LookupError(f"{person.role} does not see {student_id}")
        return found

    def _found(self, person: Person, student_id: UUID) -> datetime | None:
        alone = self._since.get((student_id, person.role.value, person.id))
        return alone or self._since.get((student_id, person.role.value, None))


class Journals:
    """`subscriptions.journals.Journals` over the database."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @property
    def _reader(self) -> Reader:
        """One for each read: followers do not wait for each other."""
        # no statement of `loaders.journal` depends on the clock
        never = datetime.min.replace(tzinfo=UTC)
        return Reader(self._pool, viewer=SCHOOL, role=Role.ADMIN, clock=never)

    async def after(self, positions: Mapping[UUID, int], most: int) -> list[Row]:
        return await journal.after(self._reader, positions, most)

    async def versions(self, students: Iterable[UUID]) -> Mapping[UUID, int]:
        return await journal.versions(self._reader, students)

    async def audience(self, students: Iterable[UUID]) -> Audience:
        return Audience(await journal.audience(self._reader, SEEN_BY, students))

    async def cohort(self, person: Person) -> Mapping[UUID, int]:
        return await journal.cohort(self._reader, SEEN_BY, person.role.value, person.id)

    async def before(self, student_id: UUID, moment: datetime) -> int:
        return await journal.before(self._reader, student_id, moment)
