"""The database as the commands see it: reached, migrated, compared with the models."""

import asyncio
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import alembic.command
import alembic.util
import asyncpg
import typer
from alembic.config import Config
from sqlalchemy.exc import SQLAlchemyError

from gateway import settings as configuration
from gateway.cli.display import Failure, result, step
from gateway.embedded import embedded
from gateway.settings import ROOT, Settings

_PATIENCE = 10  # seconds for a database to answer


@contextmanager
def connected(settings: Settings) -> Iterator[Settings]:
    """Settings that have a database: the one they name, or the home's, started if it is not."""
    with embedded(settings, share=True) as servers:
        reached = servers.within(settings)
        reach(reached)
        yield reached


def reach(settings: Settings) -> None:
    """Ask the database whether it is there, before work is built upon it."""

    async def knock() -> None:
        connection = await asyncpg.connect(settings.asyncpg_dsn, timeout=_PATIENCE)
        await connection.close()

    try:
        asyncio.run(knock())
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        reason = _line(error) or type(error).__name__
        raise Failure(f"the database does not answer: {reason} (see DATABASE_URL)") from None


def upgrade(settings: Settings, revision: str = "head") -> None:
    """Bring the schema to a revision; two at once wait for each other."""
    with _alembic(settings) as config:
        alembic.command.upgrade(config, revision)


def downgrade(settings: Settings, revision: str) -> None:
    with _alembic(settings) as config:
        alembic.command.downgrade(config, revision)


def migrate(
    revision: Annotated[str, typer.Argument(help="Where to: head, or a revision.")] = "head",
    *,
    down: Annotated[
        bool, typer.Option("--down", help="Go back to the revision, or to `base`.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="On a database of its own: up, and equal to the models?")
    ] = False,
) -> None:
    """Bring the database's schema up to date."""
    settings = configuration.load()
    if check:
        _check_on_a_fresh_database(settings)
        return
    with connected(settings) as reached, step(f"migrate to {revision}"):
        (downgrade if down else upgrade)(reached, revision)


def _check_on_a_fresh_database(settings: Settings) -> None:
    with tempfile.TemporaryDirectory(prefix="nexus-check-") as home:
        alone = settings.model_copy(
            update={"home": Path(home), "database_url": None, "redis_url": None}
        )
        with embedded(alone, durable=False) as servers, _alembic(servers.within(alone)) as config:
            alembic.command.upgrade(config, "head")
            alembic.command.check(config)
            alembic.command.downgrade(config, "base")
    result.print("migrations go up and down, and agree with the models")


@contextmanager
def _alembic(settings: Settings) -> Iterator[Config]:
    config = Config(toml_file=ROOT / "pyproject.toml")
    config.set_main_option("script_location", str(ROOT / "migrations").replace("%", "%%"))
    config.attributes["url"] = settings.sqlalchemy_url
    try:
        yield config
    except (alembic.util.CommandError, SQLAlchemyError) as error:
        cause = getattr(error, "orig", None) or error  # without the statement and its arguments
        raise Failure(f"migration failed: {_line(cause)}") from error


def _line(error: BaseException) -> str:
    said = re.sub(r"^<class '[^']*'>: ", "", str(error))
    return " ".join(said.split())[:500]
