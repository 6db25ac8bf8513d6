"""`scripts/nexus fuzz`: random questions by every path, until one is answered differently."""

import subprocess
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from gateway.cli.display import Failure
from gateway.settings import ROOT

NEEDED = ("hypothesis", "pytest")
ORACLE = "tests/compiled/test_oracle.py"


def fuzz(
    *,
    examples: Annotated[int, typer.Option(min=1, help="How many questions.")] = 5000,
    seed: Annotated[int | None, typer.Option(help="To ask the same ones again.")] = None,
) -> None:
    """Compare the answers of the paths, to the byte, on a school of its own with writes between."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise Failure(
            f"{' and '.join(missing)} is missing: "
            "install requirements-dev.lock (scripts/test does) to compare the paths"
        )
    chosen = [] if seed is None else [f"--hypothesis-seed={seed}"]
    asked = [sys.executable, "-m", "pytest", ORACLE, "-q", "-s", f"--examples={examples}", *chosen]
    if subprocess.run(asked, cwd=ROOT, check=False).returncode:  # noqa: S603  our own words
        raise Failure("two paths answered differently: the question is above")
