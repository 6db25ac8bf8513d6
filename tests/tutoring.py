"""A coach with an open day and pupils who may book it: what the tests of sessions begin with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from conftest import CLOCK, Gate, gate
from factories import insert

from models.vocabulary import Role, SessionKind
from services.access import Viewer

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
MORNING = (CLOCK + 2 * DAY).replace(hour=8)
"""When the coach's day begins; it ends twelve hours later."""

ALL_KINDS = [kind.value for kind in SessionKind]
ADMIN = Viewer("an-admin", Role.ADMIN)

SESSION = "session { id title status awaiting slotStart slotEnd kind coach { id displayName } }"
ERRORS = """errors { __typename message path
  ... on ForbiddenError { requiredRoles } ... on EntitlementError { requiredTier }
  ... on InvalidTransitionError { from to allowed } ... on NotFoundError { id } }"""


def mutation(name: str, shown: str = SESSION) -> str:
    field = name[0].lower() + name[1:]
    return (
        f"mutation ($input: {name}Input!) {{ done: {field}(input: $input)"
        f" {{ {shown} events {{ kind payload }} {ERRORS} }} }}"
    )


BOOK, CONFIRM, CANCEL = (mutation(f"{verb}Session") for verb in ("Book", "Confirm", "Cancel"))
CANCEL_MANY = mutation("CancelSessions", "results { id outcome session { id status } }")
SLOTS = """
query ($studentId: ID!, $from: DateTime!, $to: DateTime!, $kind: SessionKind, $coachId: ID) {
  availableSlots(studentId: $studentId, from: $from, to: $to, kind: $kind, coachId: $coachId) {
    coach { id displayName } start end kinds } }
"""


def coach(name: str = "coach") -> Viewer:
    return Viewer(name, Role.COACH, name.title())


class Pupil:
    """A student's id, and the student as a viewer."""

    def __init__(self, id: UUID, viewer: Viewer) -> None:
        self.id, self.viewer = id, viewer


class Tutoring:
    """A school of one's own: `db` is bound by no lock."""

    def __init__(self, gate: Gate, db: asyncpg.Connection) -> None:
        self.gate, self.db = gate, db

    async def pupil(
        self, name: str = "pupil", *coaches: str, tier: str | None = "Pro", **ends: Any
    ) -> Pupil:
        id = await insert(self.db, "students", user_id=name, display_name=f"Secret {name}")
        for i, person in enumerate(coaches or ("coach",)):
            await insert(
                self.db,
                "coachings",
                student_id=id,
                person_id=person,
                display_name=person.title(),
                created_at=CLOCK - DAY + i * MINUTE,
            )
        if tier is not None:
            await insert(self.db, "entitlements", student_id=id, tier=tier, **ends)
        return Pupil(id, Viewer(name, Role.STUDENT, f"Secret {name}"))

    async def opens(
        self,
        start: datetime = MORNING,
        length: timedelta = 12 * HOUR,
        *,
        coach: str = "coach",
        kinds: list[str] = ALL_KINDS,
    ) -> None:
        await insert(
            self.db,
            "coach_availabilities",
            coach_id=coach,
            slot_start=start,
            slot_end=start + length,
            kinds=kinds,
        )

    async def session(
        self, pupil: Pupil, start: datetime = MORNING, length: timedelta = HOUR, **given: Any
    ) -> str:
        """A session as it is kept, id first."""
        return str(
            await insert(
                self.db,
                "sessions",
                student_id=pupil.id,
                slot_start=start,
                slot_end=start + length,
                **{"coach_id": "coach", "coach_name": "Coach", **given},
            )
        )

    async def book(
        self,
        viewer: Viewer,
        pupil: Pupil,
        start: datetime = MORNING,
        length: timedelta = HOUR,
        **given: Any,
    ) -> dict[str, Any]:
        input = {
            "studentId": str(pupil.id),
            "kind": "VISIO",
            "slotStart": start.isoformat(),
            "slotEnd": (start + length).isoformat(),
            **given,
        }
        return await self.do(viewer, BOOK, **input)

    async def do(
        self, viewer: Viewer, document: str, *, at: datetime = CLOCK, **input: Any
    ) -> dict[str, Any]:
        """What the one mutation of the document answered."""
        answer = await self.gate.ask(viewer, document, clock=at, input=input)
        assert answer.errors is None, answer.errors
        assert answer.data is not None
        found: dict[str, Any] = answer.data["done"]
        return found

    async def journal(self, pupil: Pupil) -> list[str]:
        """The kinds of the pupil's events, in order."""
        rows = await self.db.fetch(
            "SELECT kind::text FROM nexus_app.events WHERE student_id = $1 ORDER BY seq", pupil.id
        )
        return [row["kind"] for row in rows]


@asynccontextmanager
async def tutoring(dsn: str) -> AsyncIterator[Tutoring]:
    """A school without anybody in an empty database."""
    db = await asyncpg.connect(dsn)
    try:
        async with gate(dsn) as opened:
            yield Tutoring(opened, db)
    finally:
        await db.close()


def refusals(done: dict[str, Any]) -> list[tuple[str, str]]:
    """The errors by their types, and where in the input they point."""
    return [(error["__typename"], ".".join(error["path"])) for error in done["errors"]]
