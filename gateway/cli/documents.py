"""`scripts/nexus documents …`: what there is to know of the operations that clients ship."""

import typer

from gateway.cli import explaining, trusted

documents = typer.Typer(
    name="documents", help="The operations that clients ship.", no_args_is_help=True
)
documents.command()(trusted.manifest)
documents.command("import")(trusted.import_manifest)
documents.command()(trusted.report)
documents.command()(explaining.explain)
