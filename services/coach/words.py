"""How the coach says days, marks, weights and lengths of time, in French."""

import re
from datetime import date

NUMBERED = re.compile(r"n°(?=\d)")
BRACKETS = re.compile(r"\s*\([^()]*\)$")

MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)


def day_of(day: date) -> str:
    """« 1er décembre 2026 »."""
    number = "1er" if day.day == 1 else str(day.day)
    return f"{number} {MONTHS[day.month - 1]} {day.year}"


def number(value: float) -> str:
    """« 12,8 », « 16 »: at most two decimals, none where they are nought."""
    return f"{round(value, 2):.2f}".rstrip("0").rstrip(".").replace(".", ",")


def duration(minutes: int) -> str:
    """« 45 min », « 1 h », « 7 h 30 »."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest:02d}" if rest else f"{hours} h"


def counted(count: int, word: str) -> str:
    """« 1 tâche », « 3 tâches »: words that take an s."""
    return f"{count} {word}" + ("s" if count > 1 else "")


def short(label: str) -> str:
    """A label without what it says in brackets at its end."""
    return BRACKETS.sub("", label)


def spaced(label: str) -> str:
    """A label with the space that « n° 2 » has in French."""
    return NUMBERED.sub("n° ", label)


def inside(label: str) -> str:
    """A label as it stands inside a sentence: « mathématiques », but « LLCER »."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def within(text: str, length: int) -> str:
    """The text, cut at a word where it is too long."""
    if len(text) <= length:
        return text
    return text[: length - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
