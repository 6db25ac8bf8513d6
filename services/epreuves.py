"""The exam plan: pure reckoning over its entries."""

from collections.abc import Iterable
from typing import Any

from models.curriculum import EpreuveKind


def weight_without_options(entries: Iterable[Any]) -> float:
    """Sum of the coefficients, options left out: 100 when the plan is whole."""
    return float(sum(entry.weight for entry in entries if entry.kind is not EpreuveKind.OPTION))
