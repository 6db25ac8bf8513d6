"""What becomes of an operation: the path of each root field, its SQL, its estimated cost."""

from dataclasses import dataclass, field

import asyncpg
import orjson
from graphql import OperationType

from gateway.compiled.examples import examples, imagined
from gateway.compiled.outcome import Fallen
from gateway.compiled.plans import Prepared, begun, compiled
from gateway.compiled.runs import FallsBack
from loaders.rows import server_settings, teach
from models.vocabulary import Role

REFERENCE = "the reference path"


@dataclass(frozen=True)
class Explained:
    """One root field. `cost` is PostgreSQL's estimate, in its own unit."""

    name: str
    path: str
    sql: str | None = None
    cost: float | None = None
    fallen: list[Fallen] = field(default_factory=list)


async def explained(
    prepared: Prepared, role: Role, dsn: str, statement_timeout_ms: int
) -> list[Explained]:
    """How each root field is answered for a role, with every variable given."""
    if prepared.node.operation is not OperationType.QUERY:
        return [Explained(prepared.node.operation.value, f"{REFERENCE}: only queries are compiled")]
    context = next(each for each in imagined() if each.viewer.role is role)
    run = begun(prepared, examples(prepared.node)[0], context)
    try:
        plan = compiled(run) if run else None
    except FallsBack as why:
        return [Explained("all", f"{REFERENCE}: {why}")]
    if plan is None or run is None:
        return [Explained("all", f"{REFERENCE}: nothing of it is read from tables")]
    connection = await asyncpg.connect(dsn, server_settings=server_settings(statement_timeout_ms))
    try:
        await teach(connection)
        found = []
        for each in plan.statements:
            fallen = [one for one in plan.fallen if one.path.split(".")[0] == each.name]
            if each.sql is None:
                found.append(Explained(each.name, REFERENCE, fallen=fallen))
                continue
            values = [way(run) for way in each.ways]
            told = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {each.sql}", *values)
            tree = orjson.loads(told) if isinstance(told, str) else told
            path = "compiled, but for" if fallen else "compiled"
            found.append(
                Explained(each.name, path, each.sql, tree[0]["Plan"]["Total Cost"], fallen)
            )
        return found
    finally:
        await connection.close()
