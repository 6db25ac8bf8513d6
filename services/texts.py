"""What a text from outside must be before anything is done with it."""

import re
from enum import Enum
from uuid import UUID

HALF = re.compile("[\ud800-\udfff]")
SPELLED = 36  # characters of an id


class Flaw(Enum):
    """Why PostgreSQL could not store a text."""

    NUL = "a NUL character"
    SURROGATE = "half of a surrogate pair"


def flaw_of(text: str) -> Flaw | None:
    """What makes a text impossible to store, if anything does."""
    if "\x00" in text:
        return Flaw.NUL
    if not text.isascii() and HALF.search(text):
        return Flaw.SURROGATE
    return None


def uuid_of(text: str) -> UUID | None:
    """The id that a text spells with hyphens, in either case; other spellings are not ids."""
    if len(text) != SPELLED:
        return None
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text.lower() else None
