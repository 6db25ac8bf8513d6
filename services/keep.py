"""The value of an argument that was not given: what is there is kept."""

from enum import Enum
from typing import Any, Final


class Keep(Enum):
    """One member, so that `x is KEEP` narrows types."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


def given(**values: Any) -> dict[str, Any]:
    """Those that were given, by name."""
    return {name: value for name, value in values.items() if value is not KEEP}
