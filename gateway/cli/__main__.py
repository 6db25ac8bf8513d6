"""`python -m gateway.cli`: the commands, and one line instead of a traceback."""

import sys

import typer
from rich.markup import escape

from gateway.cli import (
    agents,
    bench,
    chaos,
    contract,
    database,
    doctor,
    documents,
    fuzz,
    people,
    serving,
    token,
    worker,
)
from gateway.cli.display import Failure, progress
from gateway.cli.signals import Interrupted
from gateway.embedded import EmbeddedError
from gateway.settings import SettingsError
from gateway.trusted.broken import BrokenDocument

app = typer.Typer(
    name="nexus",
    help="The backend of the dashboard for pupils who prepare the baccalauréat.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    serving.run,
    serving.serve,
    worker.worker,
    database.migrate,
    people.demo,
    token.token,
    contract.schema,
    doctor.doctor,
    bench.bench,
    fuzz.fuzz,
    chaos.chaos,
):
    app.command()(command)
app.add_typer(documents.documents)
app.add_typer(agents.agents)


def main() -> int:
    """Run a command; 2 means that it was asked for something impossible, 1 that it failed."""
    try:
        app()
    except SettingsError as error:
        return _say(error, 2)
    except (Failure, EmbeddedError, BrokenDocument) as error:
        return _say(error, 1)
    except Interrupted as stop:
        progress.print("stopped")
        return 128 + stop.number
    return 0


def _say(error: Exception, code: int) -> int:
    progress.print(f"[red]nexus:[/] {escape(str(error))}", soft_wrap=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
