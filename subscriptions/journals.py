"""What following needs of the database: journals, where they end, and who sees them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from subscriptions.follow import Entry, Person


class Audience(Protocol):
    """Who sees some students, and since when."""

    def sees(self, person: Person, student_id: UUID) -> bool: ...

    def since(self, person: Person, student_id: UUID) -> datetime: ...


class Journals(Protocol):
    """The journals, read as the school itself: who may see an entry is asked of `audience`."""

    async def after(self, positions: Mapping[UUID, int], most: int) -> Sequence[Entry]:
        """The next entries of each journal, in order, at most so many of each."""

    async def versions(self, students: Iterable[UUID]) -> Mapping[UUID, int]:
        """Where each journal ends; a student who is gone is left out."""

    async def audience(self, students: Iterable[UUID]) -> Audience:
        """Who sees the students now."""

    async def cohort(self, person: Person) -> Mapping[UUID, int]:
        """Whom a person sees now, and where their journals end."""

    async def before(self, student_id: UUID, moment: datetime) -> int:
        """The last number of a journal before a moment."""
