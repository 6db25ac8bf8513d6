"""Whether the process lives, and whether it can serve."""

import asyncio
from functools import cache

import asyncpg
from alembic.config import Config
from alembic.script import ScriptDirectory
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.settings import ROOT
from services.patience import within

PATIENCE = 3.0  # seconds for each check


async def health(_request: Request) -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """The database, its migrations and Redis, each `ok` or what is wrong; 503 if any is."""
    checks = {
        "database": _database(request.app.state.pool),
        "redis": _redis(request.app.state.redis),
    }
    found = dict(zip(checks, await asyncio.gather(*checks.values()), strict=True))
    status = 200 if set(found.values()) == {"ok"} else 503
    return JSONResponse({"status": "ok" if status == 200 else "unavailable", **found}, status)


@cache
def head() -> str | None:
    """The revision that this code expects."""
    return ScriptDirectory.from_config(
        Config(toml_file=str(ROOT / "pyproject.toml"))
    ).get_current_head()


async def _database(pool: asyncpg.Pool) -> str:
    async def revision() -> str | None:
        found: str | None = await pool.fetchval("SELECT version_num FROM nexus_app.alembic_version")
        return found

    try:
        found = await within(PATIENCE, revision(), grace=0)
    except TimeoutError:
        return "does not answer in time"
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return "cannot be reached"
    return "ok" if found == head() else f"is at migration {found}, not {head()}"


async def _redis(client: Redis) -> str:
    async def answered() -> None:
        await client.ping()

    try:
        await within(PATIENCE, answered(), grace=0)
    except TimeoutError:
        return "does not answer in time"
    except (OSError, RedisError):
        return "cannot be reached"
    return "ok"
