"""The queue's own connections: as the worker's role, which may serve the queue and little else."""

import asyncpg

STATEMENT_TIMEOUT_MS = 10_000
SIZE = 6  # one listens to the queue, one may lead; the others come and go

LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg says of a connection that was cut under it
)
"""What a statement raises while PostgreSQL is away, or will not have it now."""


class NotMigrated(Exception):
    """The database has no queue yet, or none that its user may serve."""


async def open_queue(dsn: str) -> asyncpg.Pool:
    """A pool for the queue; raises NotMigrated where there is none."""
    pool = await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=SIZE,
        timeout=10,
        command_timeout=STATEMENT_TIMEOUT_MS / 1000 * 2,
        server_settings={
            "application_name": "nexus worker",
            "jit": "off",
            "role": "nexus_worker",
            "search_path": "nexus_app, public",
            "statement_timeout": str(STATEMENT_TIMEOUT_MS),
            "lock_timeout": str(STATEMENT_TIMEOUT_MS // 2),
            "idle_in_transaction_session_timeout": str(STATEMENT_TIMEOUT_MS * 3),
            "timezone": "UTC",
        },
    )
    try:
        made = await pool.fetchval("SELECT to_regclass('nexus_app.pgqueuer') IS NOT NULL")
    except (asyncpg.InvalidParameterValueError, asyncpg.InsufficientPrivilegeError):
        made = False  # there is no such role, or it is not for us
    if not made:
        await pool.close()
        raise NotMigrated
    return pool
