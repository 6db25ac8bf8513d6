"""`scripts/nexus documents explain FILE`: which path answers each root field, and how."""

import asyncio
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from rich.markup import escape

from gateway import settings as configuration
from gateway.cli.database import connected
from gateway.cli.display import Failure, result
from gateway.settings import Settings
from models.vocabulary import Role


def explain(
    file: Annotated[Path, typer.Argument(help="A document: one or more operations.")],
    *,
    role: Annotated[Role, typer.Option(help="Who asks.")] = Role.COACH,
    sql: Annotated[bool, typer.Option(help="Print the statements.")] = True,
) -> None:
    """Print what becomes of a document: compiled, or left to the reference path, and why."""
    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{file} cannot be read: {getattr(error, 'strerror', 'not UTF-8')}") from None
    with connected(configuration.load()) as reached:
        try:
            asyncio.run(_explain(reached, text, role, with_sql=sql))
        except asyncpg.PostgresError as error:
            message = f"the database cannot explain: {error} (scripts/nexus migrate?)"
            raise Failure(message) from None


async def _explain(settings: Settings, text: str, role: Role, *, with_sql: bool) -> None:
    # reading the schema takes a second: only where it is needed
    from graphql import GraphQLError, OperationDefinitionNode, parse

    from gateway.compiled.explaining import explained
    from gateway.documents import Documents, Operation
    from gateway.refusals import Rejected

    documents = Documents(open_schema=True)
    try:
        nodes = parse(text).definitions
        names = [
            node.name.value if node.name else None
            for node in nodes
            if isinstance(node, OperationDefinitionNode)
        ]
        operations = [documents.prepared(Operation(text, {}, name)) for name in names]
    except GraphQLError as error:
        raise Failure(error.message) from None
    except Rejected as rejected:
        raise Failure("; ".join(error.message for error in rejected.errors)) from None
    timeout_ms = round(settings.statement_timeout * 1000)
    for prepared in operations:
        result.print(f"[bold]{escape(prepared.name or 'an unnamed operation')}[/] as {role.value}")
        for root in await explained(prepared, role, settings.asyncpg_dsn, timeout_ms):
            cost = "" if root.cost is None else f", estimated cost {root.cost:,.0f}"
            result.print(f"  [cyan]{escape(root.name)}[/]: {root.path}{cost}")
            for fallen in root.fallen:
                result.print(f"    {escape(fallen.path)} falls back: {escape(fallen.why)}")
            if with_sql and root.sql:
                result.print(f"    [dim]{escape(root.sql)}[/]")
