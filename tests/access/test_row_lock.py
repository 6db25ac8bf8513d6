"""The second lock: with the first one open, PostgreSQL itself still shows no foreign row."""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from selections import walks
from sqlalchemy import true
from two_families import STRANGERS, Families

from models.base import SCHEMA, Entity, uuid7
from models.vocabulary import Role
from resolvers import nodes
from services import access
from services.access import Viewer

pytestmark = pytest.mark.anyio

ROLES = (Role.STUDENT, Role.PARENT, Role.COACH)
OWNED = sorted(t.name for t in Entity.metadata.sorted_tables if "student_id" in t.columns)
NOBODY = Viewer("", Role.STUDENT)


def forget_statements() -> None:
    """Statements are compiled once, gate and all."""
    for name, module in list(sys.modules.items()):
        if name.startswith("loaders."):
            for cached in vars(module).values():
                if hasattr(cached, "cache_clear"):
                    cached.cache_clear()


@pytest.fixture
def open_gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module in (access, nodes):
        monkeypatch.setattr(module, "visible_to", lambda _role, _column: true())
    forget_statements()
    yield
    monkeypatch.undo()
    forget_statements()


@asynccontextmanager
async def seeing_as(dsn: str, viewer: Viewer) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the API's role, in a transaction that leaves nothing behind."""
    connection = await asyncpg.connect(dsn, server_settings={"role": "nexus_api"})
    transaction = connection.transaction()
    await transaction.start()
    await connection.fetchrow(
        "SELECT set_config('nexus.viewer', $1, true), set_config('nexus.role', $2, true)",
        viewer.id,
        viewer.role,
    )
    try:
        yield connection
    finally:
        await transaction.rollback()
        await connection.close()


@pytest.mark.usefixtures("open_gate")
@pytest.mark.parametrize("role", ROLES)
async def test_with_the_gate_open_the_database_shows_no_foreign_row(
    families: Families, inquire, both_locks: asyncpg.Pool, role: Role
) -> None:
    viewer = families.ours.viewer(role)
    for document in walks(depth=1):
        assert "theirs" not in str(await inquire(viewer, document, pool=both_locks))


@pytest.mark.usefixtures("open_gate")
@pytest.mark.parametrize("role", ROLES)
async def test_with_the_gate_open_the_database_finds_no_foreign_id(
    families: Families, inquire, both_locks: asyncpg.Pool, role: Role
) -> None:
    viewer = families.ours.viewer(role)
    ids = [str(id) for table in families.theirs.rows.values() for id in table]
    document = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    answer = await inquire(viewer, document, pool=both_locks, ids=ids)
    assert set(answer["data"]["nodes"]) == {None}


@pytest.mark.usefixtures("open_gate")
@pytest.mark.parametrize("role", ROLES)
async def test_without_either_lock_the_foreign_rows_do_show(
    families: Families, inquire, role: Role
) -> None:
    """The two tests above would see it: the gate they open is the only other lock."""
    document = "{ viewer { students { nodes { id } } } }"
    answer = await inquire(families.ours.viewer(role), document)
    found = {node["id"] for node in answer["data"]["viewer"]["students"]["nodes"]}
    assert found == {str(families.ours.student), str(families.theirs.student)}


@pytest.mark.parametrize("table", OWNED)
@pytest.mark.parametrize("role", ROLES)
async def test_a_table_shows_the_api_only_rows_of_ones_own(
    families: Families, families_dsn: str, role: Role, table: str
) -> None:
    async with seeing_as(families_dsn, families.ours.viewer(role)) as connection:
        rows = await connection.fetch(f"SELECT id FROM {SCHEMA}.{table}")  # noqa: S608
    seen = {row["id"] for row in rows}
    assert seen.isdisjoint(families.theirs.rows[table])
    assert seen & set(families.ours.rows[table])


@pytest.mark.parametrize("table", sorted([*OWNED, "students", "uploads", "idempotency_keys"]))
@pytest.mark.parametrize("viewer", [*STRANGERS, NOBODY], ids=lambda v: f"{v.role}-{v.id}")
async def test_whom_nobody_knows_sees_an_empty_table(
    families: Families, families_dsn: str, viewer: Viewer, table: str
) -> None:
    async with seeing_as(families_dsn, viewer) as connection:
        count = await connection.fetchval(f"SELECT count(*) FROM {SCHEMA}.{table}")  # noqa: S608
    assert count == 0


async def copy_of(owner: asyncpg.Connection, table: str, id: UUID) -> str:
    """A row as JSON, with an id of its own."""
    found: str = await owner.fetchval(
        f"SELECT to_jsonb(t) || jsonb_build_object('id', $2::uuid) FROM {SCHEMA}.{table} t"  # noqa: S608
        " WHERE id = $1",
        id,
        uuid7(),
    )
    return found


FOREIGN = sorted([*OWNED, "students", "uploads", "idempotency_keys", "resources"])


@pytest.mark.parametrize("table", FOREIGN)
@pytest.mark.parametrize("role", ROLES)
async def test_a_foreign_row_cannot_be_inserted(
    families: Families,
    families_dsn: str,
    owner: asyncpg.Connection,
    role: Role,
    table: str,
) -> None:
    row = await copy_of(owner, table, families.theirs.rows[table][0])
    async with seeing_as(families_dsn, families.ours.viewer(role)) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await connection.execute(
                f"INSERT INTO {SCHEMA}.{table}"  # noqa: S608
                f" SELECT * FROM jsonb_populate_record(NULL::{SCHEMA}.{table}, $1)",
                row,
            )


CHANGED = [table for table in FOREIGN if table != "events"]


@pytest.mark.parametrize("table", CHANGED)
@pytest.mark.parametrize("role", ROLES)
async def test_a_foreign_row_cannot_be_updated_or_deleted(
    families: Families, families_dsn: str, role: Role, table: str
) -> None:
    foreign = families.theirs.rows[table]
    async with seeing_as(families_dsn, families.ours.viewer(role)) as connection:
        assert await write(connection, table, foreign) == ("UPDATE 0", "DELETE 0")


@pytest.mark.parametrize("table", [t for t in CHANGED if t not in ("uploads", "idempotency_keys")])
async def test_a_row_of_ones_own_can_be_updated_and_deleted(
    families: Families, families_dsn: str, table: str
) -> None:
    """The lock has a key: what refuses above is not the missing right to write at all."""
    # of the resources, each of one of the family, a coach alone may change its own
    role = Role.COACH if table == "resources" else Role.STUDENT
    own = families.ours.rows[table]
    own = [own[ROLES.index(role)]] if table == "resources" else own[:1]
    async with seeing_as(families_dsn, families.ours.viewer(role)) as connection:
        assert await write(connection, table, own) == ("UPDATE 1", "DELETE 1")


async def write(connection: asyncpg.Connection, table: str, ids: list[UUID]) -> tuple[Any, Any]:
    """What PostgreSQL says to an UPDATE and to a DELETE of the rows."""
    rows = "WHERE id = ANY ($1::uuid[])"
    return (
        await connection.execute(f"UPDATE {SCHEMA}.{table} SET id = id {rows}", ids),  # noqa: S608
        await connection.execute(f"DELETE FROM {SCHEMA}.{table} {rows}", ids),  # noqa: S608
    )


@pytest.mark.parametrize("table", [table for table in OWNED if table != "events"])
async def test_a_row_of_ones_own_cannot_be_given_to_another_pupil(
    families: Families, families_dsn: str, table: str
) -> None:
    role = Role.STUDENT if table == "favorites" else Role.COACH  # who may change it at all
    async with seeing_as(families_dsn, families.ours.viewer(role)) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await connection.execute(
                f"UPDATE {SCHEMA}.{table} SET student_id = $1 WHERE id = $2",  # noqa: S608
                families.theirs.student,
                families.ours.rows[table][0],
            )


@pytest.mark.parametrize("statement", ["UPDATE {} SET seq = seq + 1", "DELETE FROM {}"])
@pytest.mark.parametrize("role", list(Role))
async def test_the_journal_is_never_rewritten(
    families: Families, families_dsn: str, role: Role, statement: str
) -> None:
    async with seeing_as(families_dsn, families.ours.viewer(role)) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            await connection.execute(statement.format(f"{SCHEMA}.events"))


@pytest.mark.parametrize("visibility", ["PUBLIC", "PLUS", "PRO"])
@pytest.mark.parametrize("role", ROLES)
async def test_a_resource_of_the_school_is_read_and_never_changed(
    families: Families, families_dsn: str, role: Role, visibility: str
) -> None:
    id = families.library[visibility]
    async with seeing_as(families_dsn, families.ours.viewer(role)) as connection:
        assert await connection.fetchval("SELECT id FROM nexus_app.resources WHERE id = $1", id)
        assert await write(connection, "resources", [id]) == ("UPDATE 0", "DELETE 0")


async def test_work_cannot_be_asked_for_about_a_foreign_pupil(
    families: Families, families_dsn: str
) -> None:
    viewer = families.ours.viewer(Role.COACH)
    async with seeing_as(families_dsn, viewer) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await connection.execute(
                "INSERT INTO nexus_app.jobs"
                " (id, kind, status, progress, student_id, requested_by, created_at)"
                " VALUES ($1, 'EXPORT_DATA', 'QUEUED', 0, $2, $3, now())",
                uuid7(),
                families.theirs.student,
                viewer.id,
            )
