"""How a migration runs: one at a time, one transaction each, bounded waits."""

import asyncio
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

import models
from models.base import SCHEMA, Entity

ADVISORY_LOCK = 0x6E65787573  # "nexus" in ASCII; held while migrating, so that two never race

BY_HAND = {"ix_students_search"}  # needs a function of the migration's own

for module in iter_modules([str(Path(models.__file__).parent)]):
    import_module(f"models.{module.name}")


def url() -> str:
    """The database: given by the caller, or read from the environment like the gateway's."""
    if given := context.config.attributes.get("url"):
        return str(given)
    from gateway.settings import Settings

    found = Settings().sqlalchemy_url
    if found is None:
        raise SystemExit("no DATABASE_URL: use `scripts/nexus migrate` for the embedded database")
    return found


def ours(_object: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:  # noqa: FBT001
    """What autogenerate compares: what the models declare; the rest is written by hand."""
    if kind == "index":
        return name not in BY_HAND
    return kind != "table" or name in {table.name for table in Entity.metadata.tables.values()}


def leave_nothing_at_base(connection: Connection) -> None:
    """After `downgrade base`, take away what this file made: the version table and the schema."""
    versions = f"{SCHEMA}.alembic_version"
    made = connection.scalar(text(f"SELECT to_regclass('{versions}') IS NOT NULL"))
    if made and connection.scalar(text(f"SELECT NOT EXISTS (SELECT FROM {versions})")):  # noqa: S608
        connection.execute(text(f"DROP TABLE {versions}"))
        connection.execute(text(f"DROP SCHEMA {SCHEMA}"))
        connection.commit()


def run(connection: Connection) -> None:
    connection.execute(text(f"SELECT pg_advisory_lock({ADVISORY_LOCK})"))
    try:
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Entity.metadata,
            version_table_schema=SCHEMA,
            include_schemas=True,
            include_name=lambda name, kind, _: kind != "schema" or name == SCHEMA,
            include_object=ours,
            compare_server_default=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        leave_nothing_at_base(connection)
    finally:
        if connection.in_transaction():
            connection.rollback()
        connection.execute(text(f"SELECT pg_advisory_unlock({ADVISORY_LOCK})"))
        connection.commit()


async def main() -> None:
    engine = create_async_engine(url(), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(main())
