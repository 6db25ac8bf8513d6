"""The value of an argument that was not given: what is there is kept."""

from enum import Enum
from typing import Final


class Keep(Enum):
    """One member, so that `x is KEEP` narrows types."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP
