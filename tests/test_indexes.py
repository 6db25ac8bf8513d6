"""The tables have the vocabularies and the indexes of the specification, and reads use them."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest
from conftest import CLOCK, database
from factories import pupil

from gateway.embedded import Servers
from loaders.calendar import BY_PRIORITY, OPEN_TASKS
from loaders.pages import _page
from loaders.rows import as_seen, open_pool
from models.base import LABELS
from models.vocabulary import Role

pytestmark = pytest.mark.anyio

ENUMS = {
    "track": ["Premiere", "Terminale"],
    "profile": ["Scolarise", "CandidatLibre"],
    "task_status": ["Todo", "Done", "Skipped"],
    "task_source": ["Agent", "Coach", "System"],
    "session_kind": ["Visio", "Présentiel", "Stage"],
    "session_status": ["Proposé", "Confirmé", "Annulé"],
    "evaluation_status": ["Proposé", "Soumis", "Corrigé"],
    "epreuve_source": ["Réglement", "Agent"],
    "tier": ["Free", "Plus", "Pro"],
    "resource_type": ["PDF", "Video", "URL"],
}
INDEXES = {
    "progress": "(student_id, subject, updated_at)",
    "tasks": "(student_id, status, due_at)",
    "sessions": "(student_id, status, slot_start)",
    "evaluations": "(student_id, status, created_at)",
    "epreuves_plan": "(student_id, code)",
    "events": "(student_id, at)",
}


@pytest.fixture(scope="module")
def dsn(servers: Servers, migrated: str) -> Iterator[str]:
    with database(servers, migrated) as found:
        yield found


@pytest.fixture(scope="module")
async def connection(dsn: str, anyio_backend: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(dsn)
    yield opened
    await opened.close()


@pytest.mark.parametrize(("name", "labels"), ENUMS.items())
async def test_labels_are_those_of_the_specification_accents_included(connection, name, labels):
    found = await connection.fetchval(f"SELECT enum_range(NULL::nexus_app.{name})::text[]")
    assert found == labels


async def test_every_enum_holds_the_words_of_its_vocabulary(connection):
    stored = await connection.fetch(
        """SELECT typname FROM pg_type
        WHERE typtype = 'e' AND typnamespace = 'nexus_app'::regnamespace
          AND typname <> 'pgqueuer_status'  -- the queue's own"""
    )
    known = {str(kind.name): [member.value for member in enum] for enum, kind in LABELS.items()}
    for (name,) in stored:
        found = await connection.fetchval(f"SELECT enum_range(NULL::nexus_app.{name})::text[]")
        assert found == known[name]
    assert len(stored) >= 20


@pytest.mark.parametrize(("table", "columns"), INDEXES.items())
async def test_an_index_of_the_specification_exists(connection, table, columns):
    found = await connection.fetch(
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'nexus_app' AND tablename = $1", table
    )
    assert any(definition.endswith(f"USING btree {columns}") for (definition,) in found)


async def test_the_index_of_open_tasks_holds_open_tasks_alone(connection):
    found = await connection.fetchval(
        "SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_tasks_open'"
    )
    assert "(student_id, weight DESC, due_at)" in found
    assert "WHERE (status = 'Todo'::nexus_app.task_status)" in found


async def test_the_summary_has_the_unique_index_that_refreshing_beside_readers_needs(connection):
    found = await connection.fetchval(
        "SELECT indexdef FROM pg_indexes WHERE tablename = 'mv_dashboard_summary'"
    )
    assert found.startswith("CREATE UNIQUE INDEX")
    assert found.endswith("(student_id)")


UNINDEXED = """
    SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'f' AND c.connamespace = 'nexus_app'::regnamespace
      AND c.confdeltype = 'c'
      AND NOT EXISTS (SELECT FROM pg_index i
                      WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1])
"""


async def test_what_leaves_with_its_owner_is_found_by_an_index(connection):
    assert await connection.fetch(UNINDEXED) == []


async def test_row_level_security_guards_every_table(connection):
    open_ = await connection.fetch(
        """SELECT relname FROM pg_class WHERE relnamespace = 'nexus_app'::regnamespace
        AND relkind IN ('r', 'p') AND NOT relrowsecurity AND relname <> 'alembic_version'"""
    )
    assert open_ == []


FILL = """
    INSERT INTO nexus_app.tasks (id, student_id, label, category, weight, status, source,
      created_at, closed_at)
    SELECT gen_random_uuid(), s.id, 'Réviser', 'REVISION', n % 6,
      (CASE WHEN n > 5 THEN 'Done' ELSE 'Todo' END)::nexus_app.task_status, 'Agent',
      '2026-09-01', CASE WHEN n > 5 THEN timestamptz '2026-09-02' END
    FROM nexus_app.students s, generate_series(1, 200) n
"""


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes_of(inner)


async def test_the_open_tasks_of_a_dashboard_are_read_through_their_partial_index(connection, dsn):
    for _ in range(100):
        await pupil(connection)
    await connection.execute(FILL)
    await connection.execute("ANALYZE nexus_app.students, nexus_app.tasks")
    statement = _page(OPEN_TASKS, BY_PRIORITY, Role.ADMIN, (), backward=False, bounds=())
    pool = await open_pool(dsn, size=1, statement_timeout_ms=10_000)
    async with pool.acquire() as api:
        who = ("admin", Role.ADMIN.value)
        pupils = await api.fetch(as_seen("SELECT id FROM students LIMIT 20", 0), *who)
        given = {
            **statement.constants,
            "keys": [row["id"] for row in pupils],
            "limit": 5,
            "sorted_at": CLOCK,
        }
        values = [given[name] for name in statement.parameters]
        sql = as_seen(statement.sql, len(values))
        ((plan,),) = await api.fetch(f"EXPLAIN (FORMAT JSON) {sql}", *values, *who)
    await pool.close()
    tasks = [one for one in nodes_of(plan[0]["Plan"]) if one.get("Relation Name") == "tasks"]
    used = {one.get("Index Name") for one in nodes_of(plan[0]["Plan"])}
    assert "ix_tasks_open" in used
    assert all(one["Node Type"] != "Seq Scan" for one in tasks)
