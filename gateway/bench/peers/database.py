"""The scratch database: the demo school, coaches with enough pupils, and the peers' views."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import asyncpg

from gateway.cli.database import upgrade
from gateway.cli.display import step
from gateway.embedded import embedded, postgres
from gateway.settings import Settings
from models.base import uuid7
from services import demo_school

# what is measured are servers, not the reading of pages that the embedded one has no room for
MEMORY = {"shared_buffers": "1GB"}
FACTS = Path(__file__).with_name("facts.sql")
COACHES = 100
PUPILS_OF_A_COACH = 60  # more than the fifty that are asked for


@dataclass(frozen=True)
class Scratch:
    """Where the data is, and who can be asked about."""

    settings: Settings
    pupils: list[tuple[str, str]]  # the pupil's id, and its token's subject
    coaches: list[str]
    postgres: int  # the pid of its postmaster
    version: str


@contextmanager
def scratch(settings: Settings, home: Path, *, pupils: int) -> Iterator[Scratch]:
    """A database of our own with that many pupils, gone at the end."""
    alone = settings.model_copy(update={"home": home, "database_url": None, "redis_url": None})
    with (
        patch.dict(postgres._SETTINGS, MEMORY),
        embedded(alone, durable=False, step=step) as servers,
    ):
        reached = servers.within(alone)
        with step(f"{pupils} pupils"):
            upgrade(reached)
            found = asyncio.run(_fill(reached, pupils))
        yield found


async def _fill(settings: Settings, size: int) -> Scratch:
    connection = await asyncpg.connect(settings.asyncpg_dsn)
    try:
        today = datetime.now(UTC).date()
        await demo_school.load(connection, today, scale=size)
        dice = random.Random(size)  # noqa: S311  the same for all who are measured
        rows = await connection.fetch("SELECT id, user_id FROM nexus_app.students ORDER BY id")
        dice.shuffle(rows)
        coaches = await _coach(connection, [row["id"] for row in rows], dice)
        await connection.execute(FACTS.read_text())
        await connection.execute("VACUUM (ANALYZE)")  # index-only scans from the start, for all
        await connection.execute("CHECKPOINT")
        backend: int = connection.get_server_pid()
        return Scratch(
            settings,
            [(str(row["id"]), row["user_id"]) for row in rows],
            coaches,
            _parent(backend),
            await connection.fetchval("SHOW server_version"),
        )
    finally:
        await connection.close()


async def _coach(connection: Any, pupils: list[Any], dice: random.Random) -> list[str]:
    """Coaches of our own: those of the demo school have 32 pupils each."""
    coaches = [f"bench-coach-{number}" for number in range(COACHES)]
    size = min(PUPILS_OF_A_COACH, len(pupils))
    links = [(pupil, coach) for coach in coaches for pupil in dice.sample(pupils, size)]
    await connection.copy_records_to_table(
        "coachings",
        schema_name="nexus_app",
        columns=["id", "student_id", "person_id", "created_at"],
        records=[(uuid7(), pupil, coach, datetime.now(UTC)) for pupil, coach in links],
    )
    return coaches


def _parent(pid: int) -> int:
    status = Path(f"/proc/{pid}/stat").read_text()
    return int(status.rpartition(")")[2].split()[1])
