"""What PostgreSQL itself lets each role do to the library, and what two changes do that meet."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from conftest import Gate

from models.vocabulary import Role
from services.access import Viewer
from services.demo_school import People
from tests.changing import change, refusals
from tests.factories import insert

pytestmark = pytest.mark.anyio

INSERT_RESOURCE = """
  INSERT INTO nexus_app.resources
    (id, title, uri, type, tags, visibility, owner_id, created_at)
  SELECT gen_random_uuid(), title, uri, type, tags, visibility, {owner}, created_at
  FROM nexus_app.resources WHERE id = $1
"""
KEEPERS_ONLY = {
    "change": "UPDATE nexus_app.resources SET title = 'x' WHERE id = $1",
    "take away": "DELETE FROM nexus_app.resources WHERE id = $1",
    "change a passage": "UPDATE nexus_app.resource_chunks SET text = 'x' WHERE resource_id = $1",
    "drop a passage": "DELETE FROM nexus_app.resource_chunks WHERE resource_id = $1",
    "add a passage": "INSERT INTO nexus_app.resource_chunks (id, resource_id, number, text)"
    " VALUES (gen_random_uuid(), $1, 2, 'x')",
}
ADD_OWN = INSERT_RESOURCE.format(owner="current_setting('nexus.viewer')")
ADD_ANOTHERS = INSERT_RESOURCE.format(owner="'somebody'")
GIVE_AWAY = "UPDATE nexus_app.resources SET owner_id = 'somebody' WHERE id = $1"
KEEP = (
    "INSERT INTO nexus_app.favorites (id, student_id, resource_id, created_at)"
    " VALUES (gen_random_uuid(), $2, $1, '2026-11-23Z')"
)
LET_GO = "DELETE FROM nexus_app.favorites WHERE resource_id = $1 AND student_id = $2"
ONE_WAITS = """
  DO $$ BEGIN
    WHILE (SELECT count(*) FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event_type = 'Lock') < 1 LOOP
      PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
    END LOOP;
  END $$
"""


@dataclass
class Shelf:
    """A public resource of the first coach, which the first pupil keeps at hand."""

    dsn: str
    owner: asyncpg.Connection
    resource: UUID
    pupil: UUID
    viewers: dict[str, Viewer]

    async def touched(self, viewer: Viewer, sql: str, *values: Any) -> int:
        """How many rows a statement of the API's role touches; a refusal touches none."""
        connection = await asyncpg.connect(self.dsn, server_settings={"role": "nexus_api"})
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute(
                "SELECT set_config('nexus.viewer', $1, true), set_config('nexus.role', $2, true)",
                viewer.id,
                viewer.role.value,
            )
            return int((await connection.execute(sql, *values)).split()[-1])
        except asyncpg.InsufficientPrivilegeError:
            return 0
        finally:
            await transaction.rollback()
            await connection.close()

    async def who(self, sql: str, *values: Any) -> set[str]:
        """For whom a statement touches something."""
        return {
            name
            for name, viewer in self.viewers.items()
            if await self.touched(viewer, sql, *values)
        }


@pytest.fixture
async def shelf(
    own_school: str, people: People, coach: Viewer, student: Viewer, parent: Viewer
) -> AsyncIterator[Shelf]:
    owner = await asyncpg.connect(own_school)
    resource = await insert(owner, "resources", owner_id=coach.id, visibility="PUBLIC")
    await insert(owner, "resource_chunks", resource_id=resource)
    viewers = {
        "pupil": student,
        "parent": parent,
        "author": coach,
        "another coach": Viewer("another coach", Role.COACH),
        "admin": Viewer("admin", Role.ADMIN),
    }
    yield Shelf(own_school, owner, resource, people.students[0].id, viewers)
    await owner.close()


@pytest.mark.parametrize("what", KEEPERS_ONLY)
async def test_only_its_author_and_an_admin_may(shelf: Shelf, what: str) -> None:
    assert await shelf.who(KEEPERS_ONLY[what], shelf.resource) == {"author", "admin"}


async def test_those_who_teach_add_resources_of_their_own(shelf: Shelf) -> None:
    assert await shelf.who(ADD_OWN, shelf.resource) == {"author", "another coach", "admin"}
    for sql in (ADD_ANOTHERS, GIVE_AWAY):
        assert await shelf.who(sql, shelf.resource) == {"admin"}


async def test_only_the_pupil_and_an_admin_say_what_is_kept_at_hand(shelf: Shelf) -> None:
    assert await shelf.who(KEEP, shelf.resource, shelf.pupil) == {"pupil", "admin"}
    await insert(shelf.owner, "favorites", student_id=shelf.pupil, resource_id=shelf.resource)
    assert await shelf.who(LET_GO, shelf.resource, shelf.pupil) == {"pupil", "admin"}


@asynccontextmanager
async def going(shelf: Shelf) -> AsyncIterator[None]:
    """Ask for the resource while it is being taken away: it is seen, and then it is gone."""
    async with shelf.owner.transaction():
        await shelf.owner.execute("DELETE FROM nexus_app.resources WHERE id = $1", shelf.resource)
        yield
        await shelf.owner.execute(ONE_WAITS, timeout=20)


async def test_what_goes_while_it_is_kept_at_hand_is_not_there(
    shelf: Shelf, own_gate: Gate, student: Viewer
) -> None:
    given = {"studentId": str(shelf.pupil), "resourceId": str(shelf.resource)}
    async with going(shelf):
        kept = asyncio.create_task(change(own_gate, student, "favoriteResource", **given))
    assert refusals(await kept) == [("NotFoundError", "")]


async def test_what_goes_while_tasks_are_set_refuses_the_one_that_names_it(
    shelf: Shelf, own_gate: Gate, student: Viewer
) -> None:
    task = {"studentId": str(shelf.pupil), "label": "Lire"}
    operations = [{"create": task}, {"create": {**task, "resourceId": str(shelf.resource)}}]
    shown = "results { outcome error { path } }"
    async with going(shelf):
        done = asyncio.create_task(
            change(own_gate, student, "bulkTasks", shown, operations=operations)
        )
    assert (await done)["results"] == [
        {"outcome": "CREATED", "error": None},
        {"outcome": "NOT_FOUND", "error": {"path": ["operations", "1"]}},
    ]
