"""Whether everything is as it should be, and what to do where it is not: `scripts/nexus doctor`."""

import dataclasses
import json
from typing import Annotated

import typer
from rich.markup import escape

from gateway import settings as configuration
from gateway.cli.checks import Finding, Level, machine, servers, tokens
from gateway.cli.display import result
from gateway.cli.people import gateway_url
from gateway.embedded import EmbeddedError, embedded, has_data, owner
from gateway.settings import Settings, SettingsError

_MARKS = {Level.OK: "[green]ok  [/]", Level.WARN: "[yellow]warn[/]", Level.FAIL: "[red]fail[/]"}


def doctor(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False
) -> None:
    """Check the environment, the servers and the migrations; say what to do."""
    findings = _examine()
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(f) for f in findings], indent=2))
    else:
        for finding in findings:
            _show(finding)
    if any(finding.level is Level.FAIL for finding in findings):
        raise typer.Exit(1)


def _examine() -> list[Finding]:
    findings = [machine.python(), machine.packages(), machine.graphiql()]
    try:
        settings = configuration.load()
    except SettingsError as error:
        return [*findings, Finding(Level.FAIL, "settings", str(error), "mend the environment")]
    findings += [
        machine.variables(settings),
        machine.port(settings, gateway_url(settings, settings.port)),
        tokens.signature(settings),
    ]
    return findings + _examine_servers(settings)


def _examine_servers(settings: Settings) -> list[Finding]:
    """Look at the servers that run; start the home's own for a moment where none do."""
    named = settings.database_url and settings.redis_url
    if not named and not owner(settings) and not has_data(settings):
        advice = "scripts/run makes them, or set DATABASE_URL and REDIS_URL"
        return [Finding(Level.WARN, "servers", f"none yet in {settings.home}", advice)]
    try:
        with embedded(settings, share=True) as found:
            reached = found.within(settings)
            return [*servers.database(reached), servers.redis(reached)]
    except EmbeddedError as error:
        return [Finding(Level.FAIL, "servers", str(error))]


def _show(finding: Finding) -> None:
    line = f"{_MARKS[finding.level]}  {finding.subject:<11} {escape(finding.found)}"
    if finding.advice:
        line += f"\n                  [dim]→ {escape(finding.advice)}[/]"
    result.print(line)
