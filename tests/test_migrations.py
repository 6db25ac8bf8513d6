"""Migrations go up from nothing, agree with the models, and come down to nothing.

On clusters of their own: the PostgreSQL that we bring along (18), and Debian's 15 where its
binaries are installed. Nothing is skipped elsewhere: there is one server less to ask. A machine
that must vouch for both, such as the one that decides on a change, has `postgresql-15` installed
before `scripts/test` is run.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from itertools import count
from typing import Any, TextIO

import alembic.command
import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from conftest import migrate, named, run_sql
from debian_postgres import INSTALLED, debian_postgres

from gateway.embedded import embedded
from gateway.settings import ROOT, Settings
from models.base import Entity

NUMBERS = count(1)
SCRIPTS = ScriptDirectory.from_config(Config(toml_file=str(ROOT / "pyproject.toml")))
STEPS = list(SCRIPTS.walk_revisions())


@pytest.fixture(scope="module", params=["18", *(["15"] if INSTALLED else [])])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A cluster that no other test uses: roles belong to the whole of it."""
    if request.param == "15":
        with debian_postgres() as url:
            yield url
    else:
        settings = Settings(home=tmp_path_factory.mktemp("cluster"), redis_url="unix:///nowhere")
        with embedded(settings, durable=False) as started:
            yield started.database_url


@pytest.fixture
def fresh(server: str) -> Iterator[str]:
    """A database of which nothing was made yet."""
    name = f"fresh_{next(NUMBERS)}"
    asyncio.run(run_sql(server, f"CREATE DATABASE {name} TEMPLATE template0"))
    yield named(server, name)
    asyncio.run(run_sql(server, f"DROP DATABASE {name} WITH (FORCE)"))
    asyncio.run(run_sql(server, "DROP ROLE IF EXISTS nexus_api, nexus_worker"))


def fetch(dsn: str, sql: str) -> list[Any]:
    async def ask() -> list[Any]:
        connection = await asyncpg.connect(dsn)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    return asyncio.run(ask())


def config(dsn: str, stdout: TextIO = sys.stdout) -> Config:
    found = Config(toml_file=str(ROOT / "pyproject.toml"), stdout=stdout)
    found.attributes["url"] = dsn.replace("postgresql://", "postgresql+asyncpg://", 1)
    return found


FOREIGN = "NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
EVERYTHING = f"""
    SELECT 'schema', nspname, NULL FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%'
    UNION ALL SELECT 'class', relname, relnamespace::regnamespace::text FROM pg_class
      WHERE relnamespace::regnamespace::text {FOREIGN}
    UNION ALL SELECT 'type', typname, typnamespace::regnamespace::text FROM pg_type
      WHERE typnamespace::regnamespace::text {FOREIGN}
    UNION ALL SELECT 'function', oid::regprocedure::text, NULL FROM pg_proc
      WHERE pronamespace::regnamespace::text {FOREIGN}
    UNION ALL SELECT 'extension', extname, NULL FROM pg_extension
    UNION ALL SELECT 'policy', polname, NULL FROM pg_policy
    UNION ALL SELECT 'acl', nspname, nspacl::text FROM pg_namespace WHERE nspname = 'public'
    UNION ALL SELECT 'acl', datname, datacl::text FROM pg_database
      WHERE datname = current_database()
    UNION ALL SELECT 'role', rolname, NULL FROM pg_roles WHERE rolname !~ '^pg_'
    UNION ALL SELECT 'member', roleid::regrole::text, member::regrole::text FROM pg_auth_members
      WHERE roleid::regrole::text !~ '^pg_'
    ORDER BY 1, 2, 3
"""  # noqa: S608
ROLES = ("nexus_api", "nexus_worker")
ROLE = "SELECT count(*) FROM pg_roles WHERE rolname IN ('nexus_api', 'nexus_worker')"
MAY_READ = "SELECT has_table_privilege('nexus_api', 'nexus_app.students', 'SELECT')"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'nexus_app' ORDER BY 1"
# those of the tools: alembic's, and the queue's as its library wants them
OTHERS = {
    "alembic_version",
    "pgqueuer",
    "pgqueuer_log",
    "pgqueuer_schedules",
    "pgqueuer_statistics",
}
VERSION = "SELECT version_num FROM nexus_app.alembic_version"


def test_there_is_one_way_up():
    assert len(SCRIPTS.get_heads()) == len(SCRIPTS.get_bases()) == 1


@pytest.mark.parametrize("script", STEPS, ids=lambda script: script.revision)
def test_every_migration_bounds_its_waits_in_both_directions(script):
    text = (ROOT / script.path).read_text()
    up, down = text.split("def upgrade()")[1].split("def downgrade()")
    for direction in (up, down):
        assert "SET LOCAL lock_timeout = " in direction
        assert "SET LOCAL statement_timeout = " in direction


def test_up_from_nothing_makes_every_table_of_the_models(fresh):
    migrate(fresh)
    expected = {table.name for table in Entity.metadata.tables.values()} | OTHERS
    assert {name for (name,) in fetch(fresh, TABLES)} == expected


def test_the_models_agree_with_what_the_migrations_made(fresh):
    migrate(fresh)
    said = StringIO()
    alembic.command.check(config(fresh, said))  # raises what it would change
    assert "No new upgrade operations detected" in said.getvalue()


def test_down_to_base_leaves_nothing(fresh):
    before = fetch(fresh, EVERYTHING)
    migrate(fresh)
    assert fetch(fresh, EVERYTHING) != before
    migrate(fresh, "base")
    assert fetch(fresh, EVERYTHING) == before


def test_down_and_up_again_ends_where_up_did(fresh):
    migrate(fresh)
    first = fetch(fresh, EVERYTHING)
    migrate(fresh, "base")
    migrate(fresh)
    assert fetch(fresh, EVERYTHING) == first


def test_up_twice_is_up_once(fresh):
    migrate(fresh)
    first = fetch(fresh, EVERYTHING)
    migrate(fresh)
    assert fetch(fresh, EVERYTHING) == first


@pytest.mark.parametrize("revision", [step.revision for step in STEPS])
def test_every_step_comes_down_and_goes_up_again(fresh, revision):
    migrate(fresh)
    whole = fetch(fresh, EVERYTHING)
    alembic.command.downgrade(config(fresh), f"{revision}-1")
    migrate(fresh)
    assert fetch(fresh, EVERYTHING) == whole


def test_an_extension_that_was_there_before_stays(fresh):
    asyncio.run(run_sql(fresh, "CREATE EXTENSION unaccent"))
    before = fetch(fresh, EVERYTHING)
    migrate(fresh)
    migrate(fresh, "base")
    assert fetch(fresh, EVERYTHING) == before


def test_the_role_stays_while_another_database_grants_to_it(server, fresh):
    name = f"other_{next(NUMBERS)}"
    asyncio.run(run_sql(server, f"CREATE DATABASE {name} TEMPLATE template0"))
    other = named(server, name)
    migrate(fresh)
    migrate(other)
    migrate(fresh, "base")
    assert fetch(other, ROLE) == [(2,)]
    assert fetch(other, MAY_READ) == [(True,)]
    migrate(other, "base")
    assert fetch(fresh, ROLE) == [(0,)]
    asyncio.run(run_sql(server, f"DROP DATABASE {name}"))


@pytest.fixture
def owned(server: str) -> Iterator[tuple[str, str]]:
    """A database whose connections are those of an owner that is no superuser, and the owner."""
    name = f"owned_{next(NUMBERS)}"
    asyncio.run(run_sql(server, f"CREATE ROLE {name} CREATEROLE"))
    asyncio.run(run_sql(server, f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0"))
    asyncio.run(run_sql(server, f"ALTER ROLE nexus IN DATABASE {name} SET role = {name}"))
    yield named(server, name), name
    asyncio.run(run_sql(server, f"DROP DATABASE {name} WITH (FORCE)"))
    asyncio.run(run_sql(server, "DROP ROLE IF EXISTS nexus_api, nexus_worker"))
    asyncio.run(run_sql(server, f"DROP ROLE {name}"))


def test_an_owner_who_is_no_superuser_may_migrate_up_and_down(owned):
    dsn, owner = owned
    before = fetch(dsn, EVERYTHING)
    migrate(dsn)
    assert fetch(dsn, "SELECT current_user::text, count(*) FROM nexus_app.students") == [(owner, 0)]
    migrate(dsn, "base")
    assert fetch(dsn, EVERYTHING) == before


@pytest.mark.parametrize("role", ROLES)
def test_an_owner_who_is_no_superuser_may_take_the_roles(owned, role):
    dsn, owner = owned
    migrate(dsn)

    async def take() -> object:
        connection = await asyncpg.connect(dsn)
        await connection.execute(f"SET SESSION AUTHORIZATION {owner}; SET ROLE {role}")
        taken = await connection.fetchval("SELECT current_user")
        await connection.close()
        return taken

    assert asyncio.run(take()) == role


def test_the_worker_s_role_may_do_what_only_an_owner_can_where_that_is_no_superuser(owned):
    dsn, _ = owned
    migrate(dsn)
    day = "timestamptz '2026-11-23'"

    async def do() -> object:
        connection = await asyncpg.connect(dsn, server_settings={"role": "nexus_worker"})
        try:
            await connection.execute(f"SELECT nexus_app.refresh_dashboard_summary({day})")
            return await connection.fetchval(f"SELECT nexus_app.forget_idempotency_keys({day}, 9)")
        finally:
            await connection.close()

    assert asyncio.run(do()) == 0


def test_the_role_may_be_made_and_granted_beforehand_by_who_keeps_the_cluster(server, owned):
    dsn, owner = owned
    asyncio.run(run_sql(server, f"ALTER ROLE {owner} NOCREATEROLE"))
    for role in ROLES:
        asyncio.run(run_sql(server, f"CREATE ROLE {role}; GRANT {role} TO {owner}"))
    before = fetch(dsn, EVERYTHING)
    migrate(dsn)
    migrate(dsn, "base")
    assert fetch(dsn, EVERYTHING) == before


def upgrade(dsn: str) -> "subprocess.Popen[str]":
    """An upgrade in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=ROOT,
        env={"DATABASE_URL": dsn},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_two_upgrades_at_once_both_end_well(fresh):
    both = [upgrade(fresh) for _ in range(2)]
    said = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert fetch(fresh, VERSION) == [(SCRIPTS.get_current_head(),)]


LOCK = int.from_bytes(b"nexus", "big")
WAITING = f"""
    SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
    WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted
      AND classid::bigint << 32 | objid::bigint = {LOCK}
"""  # noqa: S608


def test_an_upgrade_waits_for_the_one_under_way(fresh):
    async def hold_the_lock_until_it_waits() -> bool:
        connection = await asyncpg.connect(fresh)
        await connection.execute(f"SELECT pg_advisory_lock({LOCK})")
        second = upgrade(fresh)
        waits = False
        while not waits and second.poll() is None:
            waits = bool(await connection.fetchval(WAITING))
        begun = await connection.fetchval("SELECT to_regnamespace('nexus_app') IS NOT NULL")
        await connection.close()
        second.communicate()
        return waits and not begun and second.returncode == 0

    assert asyncio.run(hold_the_lock_until_it_waits())
    assert fetch(fresh, VERSION) == [(SCRIPTS.get_current_head(),)]
