"""The printed schema: shown, written, or compared with the one under review."""

import difflib
from typing import Annotated

import typer

from gateway.cli.display import Failure, progress, result
from gateway.settings import ROOT

PRINTED = ROOT / "schema" / "schema.graphql"


def schema(
    *,
    check: Annotated[bool, typer.Option("--check", help="Compare with schema.graphql.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Write schema.graphql.")] = False,
) -> None:
    """Print the GraphQL schema."""
    from schema import schema as contract

    now = contract.as_str().rstrip("\n") + "\n"
    if write:
        PRINTED.write_text(now)
        progress.print(f"wrote {PRINTED.relative_to(ROOT)}")
    elif check:
        _compare(PRINTED.read_text() if PRINTED.exists() else "", now)
    else:
        typer.echo(now, nl=False)


def _compare(printed: str, now: str) -> None:
    if printed == now:
        result.print("schema.graphql is what the code declares")
        return
    name = str(PRINTED.relative_to(ROOT))
    for line in difflib.unified_diff(
        printed.splitlines(), now.splitlines(), name, "the code", lineterm=""
    ):
        typer.echo(line)
    raise Failure("schema.graphql is behind: scripts/nexus schema --write, and review the diff")
