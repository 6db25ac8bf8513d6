"""Tables that answers are kept of: none of their rows changes without an entry in a journal."""

import asyncpg
import pytest
from changing_families import Crossing
from every_mutation import CASES, owner_of

from models.student import Student
from services.journal import JOURNALLED

pytestmark = pytest.mark.anyio

# which resource a task has is the library's matter, and never part of what is kept
ROWS = " UNION ALL ".join(
    f"SELECT '{model.__tablename__}' AS name,"  # noqa: S608
    f" {'id' if model is Student else 'student_id'} AS student_id,"
    f" (to_jsonb(row) - 'resource_id' - 'version' - 'updated_at')::text AS told"
    f" FROM nexus_app.{model.__tablename__} row"
    for model in JOURNALLED
)
READ = f"SELECT student_id, md5(string_agg(name || told, '' ORDER BY name, told)) FROM ({ROWS}) r GROUP BY 1"  # noqa: E501, S608


async def files(db: asyncpg.Connection) -> dict[str, str]:
    """A checksum of everything that answers about a student are made of."""
    return dict(await db.fetch(READ))


async def versions(db: asyncpg.Connection) -> dict[str, int]:
    return dict(await db.fetch("SELECT id, version FROM nexus_app.students"))


@pytest.mark.parametrize("place", CASES)
async def test_what_a_mutation_changes_of_a_pupil_moves_the_version(
    crossing: Crossing, place: str
) -> None:
    family = crossing.families.ours
    id = await crossing.rows.new(family, CASES[place][0])
    before, numbers = await files(crossing.db), await versions(crossing.db)
    sent = await crossing.send(owner_of(place, family), place, CASES[place][1](family, id))
    assert (sent.refusals(), sent.errors) == (set(), [])
    after, moved = await files(crossing.db), await versions(crossing.db)
    changed = {student for student in after if after[student] != before.get(student)}
    assert changed <= {student for student in moved if moved[student] != numbers.get(student)}
