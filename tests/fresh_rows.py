"""Rows of a family that no test has used before, made as they are needed."""

from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
from family_rows import NOW
from two_families import Family, insert

from models.base import uuid7
from models.vocabulary import Role

HOUR = timedelta(hours=1)
OPENS = NOW + timedelta(days=3)
"""When the coaches can be booked first; then at any hour."""

hours = count()
numbers = count(1)

PEOPLE = ("person", "coach", "guardianship", "coaching")


def absent(what: str) -> str:
    """An id like those of `Rows.new`, of nobody and nothing."""
    return "nobody-at-all" if what in PEOPLE else str(uuid7())


class Rows:
    """Rows of a family that nobody has used before, by what they are good for."""

    def __init__(self, db: asyncpg.Connection) -> None:
        self._db = db

    async def prepare(self, family: Family) -> None:
        """The coach can be booked at any hour, a parent and a coach can be let go, and the last
        resource is not kept at hand yet."""
        for table in ("guardianships", "coachings"):
            await self._link(family, table, f"{family.mark}-leaves")
        family.rows["resources"].append(UUID(await self.new(family, "resource")))
        await self._add(
            "coach_availabilities",
            coach_id=family.viewer(Role.COACH).id,
            slot_start=OPENS,
            slot_end=OPENS + timedelta(days=300),
            kinds=["Visio"],
        )

    async def new(self, family: Family, what: str) -> str:
        match what:
            case "student":
                return str(family.student)
            case "unplanned student":
                return await self._unplanned(family)
            case "coach":
                return family.viewer(Role.COACH).id
            case "guardianship" | "coaching":
                person = f"{family.mark}-person-{next(numbers)}"
                return await self._link(family, f"{what}s", person)
            case "person":
                return f"{family.mark}-person-{next(numbers)}"
            case "task":
                return await self._task(family, status="Todo")
            case "done task":
                return await self._task(family, status="Done", closed_at=NOW)
            case "proposal":
                return await self._proposal(family)
            case "epreuve":
                return await self._epreuve(family)
            case "resource" | "favorite":
                return await self._resource(family, kept=what == "favorite")
            case "upload":
                return await self._upload(family)
        raise LookupError(what)

    async def _add(self, table: str, **values: Any) -> str:
        return str(await insert(self._db, table, **values))

    async def _unplanned(self, family: Family) -> str:
        await self._db.execute(
            "UPDATE nexus_app.students SET epreuves_synced_at = NULL WHERE id = $1", family.student
        )
        return str(family.student)

    async def _link(self, family: Family, table: str, person: str) -> str:
        links = {"student_id": family.student, "person_id": person, "created_at": NOW}
        await self._add(table, **links)
        return person

    async def _task(self, family: Family, **given: Any) -> str:
        return await self._add(
            "tasks",
            student_id=family.student,
            label=f"{family.mark} task",
            category="AUTRE",
            weight=1.0,
            source="Coach",
            created_at=NOW,
            **given,
        )

    async def _proposal(self, family: Family) -> str:
        start = OPENS + next(hours) * HOUR
        return await self._add(
            "sessions",
            student_id=family.student,
            title=f"{family.mark} proposal",
            kind="Visio",
            status="Proposé",
            awaiting="STUDENT",
            slot_start=start,
            slot_end=start + HOUR,
            coach_id=family.viewer(Role.COACH).id,
            created_at=NOW,
        )

    async def _epreuve(self, family: Family) -> str:
        return await self._add(
            "epreuves_plan",
            student_id=family.student,
            code=f"{family.mark}-{next(numbers)}",
            label=f"{family.mark} épreuve",
            kind="TERMINALE",
            weight=1.0,
            provisional=True,
            format="écrit",
            source="Réglement",
            created_at=NOW,
        )

    async def _resource(self, family: Family, *, kept: bool) -> str:
        owner = family.viewer(Role.COACH).id
        id = await self._add(
            "resources",
            title=f"{family.mark} notes",
            uri="https://library.example/notes",
            type="PDF",
            tags=[],
            visibility="PRIVATE",
            owner_id=owner,
            created_at=NOW,
        )
        if kept:
            await self._add("favorites", student_id=family.student, resource_id=id, created_at=NOW)
        return id

    async def _upload(self, family: Family) -> str:
        return await self._add(
            "uploads",
            owner_id=family.viewer(Role.COACH).id,
            filename="notes.pdf",
            media_type="application/pdf",
            size_bytes=10,
            sha256="0" * 64,
            storage_key=f"uploads/{next(numbers)}",
            created_at=NOW,
            purge_at=NOW + HOUR,
        )
