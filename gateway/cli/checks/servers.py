"""PostgreSQL and Redis: do they answer, are they new enough, is everything in place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from alembic.config import Config
from alembic.script import ScriptDirectory
from redis import Redis, RedisError

from gateway.cli.checks import Finding, Level
from gateway.settings import ROOT, Settings
from models.base import SCHEMA

OLDEST = 150_000
EXTENSIONS = ("btree_gist", "pg_trgm", "unaccent")
API_ROLE = "nexus_api"

_PATIENCE = 5  # seconds


def database(settings: Settings) -> list[Finding]:
    return asyncio.run(_database(settings))


def redis(settings: Settings) -> Finding:
    if settings.redis_url is None:
        return Finding(Level.FAIL, "redis", "no address", "set REDIS_URL")
    try:
        with Redis.from_url(
            settings.redis_url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE
        ) as client:
            about = client.info("server")
    except (RedisError, OSError, ValueError) as error:
        advice = "see REDIS_URL; without it, live updates come every few seconds"
        return Finding(Level.FAIL, "redis", str(error), advice)
    name = about.get("server_name", "redis")
    return Finding(Level.OK, "redis", f"{name} {about.get(f'{name}_version', '')}".strip())


async def _database(settings: Settings) -> list[Finding]:
    try:
        connection = await asyncpg.connect(settings.asyncpg_dsn, timeout=_PATIENCE)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        reason = str(error) or type(error).__name__
        return [Finding(Level.FAIL, "database", reason, "see DATABASE_URL")]
    async with _closing(connection):
        return [
            await _version(connection),
            await _extensions(connection),
            await _migrations(connection),
            await _role(connection),
        ]


async def _version(connection: asyncpg.Connection) -> Finding:
    number = int(await connection.fetchval("SHOW server_version_num"))
    found = f"PostgreSQL {await connection.fetchval('SHOW server_version')}"
    encoding = await connection.fetchval("SHOW server_encoding")
    if number < OLDEST:
        return Finding(Level.FAIL, "database", found, "PostgreSQL 15 or later is needed")
    if encoding != "UTF8":
        return Finding(Level.FAIL, "database", f"{found}, {encoding}", "make it with ENCODING UTF8")
    return Finding(Level.OK, "database", found)


async def _extensions(connection: asyncpg.Connection) -> Finding:
    rows = await connection.fetch("SELECT name FROM pg_available_extensions")
    missing = sorted(set(EXTENSIONS) - {row["name"] for row in rows})
    if missing:
        advice = "install PostgreSQL's contrib modules on its machine"
        return Finding(Level.FAIL, "extensions", f"{', '.join(missing)} not available", advice)
    return Finding(Level.OK, "extensions", ", ".join(EXTENSIONS))


async def _migrations(connection: asyncpg.Connection) -> Finding:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations").replace("%", "%%"))
    heads = set(ScriptDirectory.from_config(config).get_heads())
    try:
        rows = await connection.fetch(f"SELECT version_num FROM {SCHEMA}.alembic_version")  # noqa: S608
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        rows = []
    at = {row["version_num"] for row in rows}
    if at != heads:
        found = f"at {', '.join(sorted(at)) or 'nothing'}, not {', '.join(sorted(heads))}"
        return Finding(Level.FAIL, "migrations", found, "scripts/nexus migrate")
    return Finding(Level.OK, "migrations", f"at {', '.join(sorted(heads))}")


async def _role(connection: asyncpg.Connection) -> Finding:
    member = await connection.fetchval(
        "SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = $1", API_ROLE
    )
    if member is None:
        return Finding(Level.FAIL, "role", f"{API_ROLE} is missing", "scripts/nexus migrate")
    if not member:
        advice = f"as its administrator: GRANT {API_ROLE} TO the gateway's user"
        return Finding(Level.FAIL, "role", f"may not become {API_ROLE}", advice)
    return Finding(Level.OK, "role", API_ROLE)


@asynccontextmanager
async def _closing(connection: asyncpg.Connection) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await connection.close(timeout=_PATIENCE)
