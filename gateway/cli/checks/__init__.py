"""What the doctor looks at; each check is a function that returns what it found."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One thing looked at: what was found, and what to do about it."""

    level: Level
    subject: str
    found: str
    advice: str = ""
