"""How many statements a gateway sends, as PostgreSQL's own log tells."""

import asyncio
from pathlib import Path
from typing import Self

import asyncpg

from gateway.settings import Settings

GATEWAY = b"nexus|"  # the name that its connections go by


class Counted:
    """Calling it gives the statements so far; the log is switched on only inside the block."""

    def __init__(self, settings: Settings) -> None:
        self._dsn = settings.asyncpg_dsn
        self._log = Path(settings.home) / "logs" / "postgres.log"

    def __enter__(self) -> Self:
        asyncio.run(self._say("SET log_line_prefix = '%a|'", "SET log_statement = 'all'"))
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run(self._say("RESET log_line_prefix", "RESET log_statement"))

    def __call__(self) -> int:
        lines = self._log.read_bytes().split(b"\n")
        return sum(
            line.startswith(GATEWAY) and (b" execute " in line or b" statement: " in line)
            for line in lines
        )

    async def _say(self, *settings: str) -> None:
        connection = await asyncpg.connect(self._dsn)
        for setting in settings:
            await connection.execute(f"ALTER SYSTEM {setting}")
        await connection.execute("SELECT pg_reload_conf()")
        await connection.close()
