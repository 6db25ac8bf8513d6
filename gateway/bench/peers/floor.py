"""The floor: what is left when there is no GraphQL, no token and no row gate."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from starlette.types import Receive, Scope, Send

OPERATIONS = Path(__file__).with_name("operations")
CONNECTIONS = 2  # of each process: kept, with the statements prepared on them
GENERIC = {"plan_cache_mode": "force_generic_plan"}  # planned once, not for each request
STATEMENTS = {
    # the statement, the names of its parameters, and what the answer wraps its text in
    "dashboard": (("studentId",), b'{"data":{"student":%b}}'),
    "pupils": (("coach", "first"), b'{"data":{"pupils":%b}}'),
}
SAMPLES = """
    SELECT (SELECT min(id::text) FROM nexus_app.students) AS "studentId", 50 AS first,
      (SELECT min(person_id) FROM nexus_app.coachings WHERE person_id LIKE 'bench-%') AS coach
"""


class Floor:
    """`/sql/…` runs one prepared statement and passes its text on; `/bare/…` answers at once.

    What the bare answer holds is what the statement said of one pupil and one coach at the start.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._free: asyncio.LifoQueue[dict[str, Any]] = asyncio.LifoQueue()
        self._kept: dict[str, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        given = await _body(receive)
        way, operation = [*scope["path"].split("/"), "", ""][1:3]
        if way == "bare":
            answer = self._kept[operation]
        elif way == "sql":
            answer = await self._ask(operation, orjson.loads(given)["variables"])
        else:
            answer = b"{}"
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(answer)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _ask(self, operation: str, variables: dict[str, Any]) -> bytes:
        names, envelope = STATEMENTS[operation]
        statements = await self._free.get()
        try:
            text: str = await statements[operation].fetchval(*(variables[name] for name in names))
        finally:
            self._free.put_nowait(statements)
        return envelope % text.encode()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        connections = [
            await asyncpg.connect(self._dsn, server_settings=GENERIC) for _ in range(CONNECTIONS)
        ]
        for connection in connections:
            self._free.put_nowait(
                {
                    name: await connection.prepare((OPERATIONS / f"floor.{name}.sql").read_text())
                    for name in STATEMENTS
                }
            )
        samples = dict(await connections[0].fetchrow(SAMPLES))
        for name in STATEMENTS:
            self._kept[name] = await self._ask(name, samples)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for connection in connections:
            await connection.close()
        await send({"type": "lifespan.shutdown.complete"})


async def _body(receive: Receive) -> bytes:
    parts = []
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)
