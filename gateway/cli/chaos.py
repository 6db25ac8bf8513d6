"""`scripts/nexus chaos`: kill servers while pupils work, and see whether an event is missing."""

import tempfile
from pathlib import Path
from secrets import randbelow
from typing import Annotated

import typer
from rich.markup import escape

from gateway.cli.display import Failure, progress, result
from gateway.cli.signals import obeying_signals

SHOWN = 10  # faults; they tend to be one


def chaos(
    *,
    seconds: Annotated[float, typer.Option(min=1, help="Of mistreatment.")] = 120,
    pupils: Annotated[int, typer.Option(min=2)] = 200,
    writers: Annotated[int, typer.Option(min=1)] = 20,
    subscribers: Annotated[int, typer.Option(min=1)] = 400,
    seed: Annotated[int | None, typer.Option(help="Of what is left to chance.")] = None,
    home: Annotated[
        Path | None, typer.Option(help="Where the servers' logs are kept; must be empty.")
    ] = None,
) -> None:
    """Mistreat servers of its own; each subscriber must hear what was committed, once, in order."""
    from gateway.chaos.trial import Plan, run

    plan = Plan(
        seconds=seconds,
        pupils=pupils,
        writers=writers,
        subscribers=subscribers,
        seed=randbelow(1_000_000) if seed is None else seed,
    )
    progress.print(f"seed {plan.seed}")
    with tempfile.TemporaryDirectory(prefix="nexus-chaos-") as fresh, obeying_signals():
        outcome = run(plan, home or Path(fresh), lambda said: progress.print(f"[dim]{said}[/]"))
    result.print(
        f"seed {outcome.seed}: {len(outcome.mistreatments)} mistreatments,"
        f" {outcome.committed} events committed, {outcome.undone} rolled back,"
        f" {outcome.unanswered} changes without an answer;"
        f" {outcome.delivered} deliveries over {outcome.connections} connections,"
        f" settled in {outcome.settled_in:.1f} s"
    )
    for fault in outcome.faults[:SHOWN]:
        result.print(f"[red]fault[/] {escape(str(fault))}")
    if outcome.faults:
        raise Failure(f"{len(outcome.faults)} faults with seed {outcome.seed}")
