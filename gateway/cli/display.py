"""What a command shows while it works; its result alone goes to the standard output."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

progress = Console(stderr=True, highlight=False)
result = Console(highlight=False, soft_wrap=True)


class Failure(Exception):
    """The command cannot do its work; the message says why and what to do, in one line."""


@contextmanager
def step(title: str) -> Iterator[None]:
    """Say what is being done, and then how long it took."""
    began = time.monotonic()
    with progress.status(f"{title} …"):
        yield
    progress.print(f"[green]✓[/] {title} [dim]{time.monotonic() - began:.1f} s[/]")


def warn(message: str) -> None:
    progress.print(f"[yellow]![/] {message}", soft_wrap=True)
