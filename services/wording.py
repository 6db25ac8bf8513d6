"""What a language model may do to a text of ours: say it better, and never say anything else."""

import re
import unicodedata
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

MONTHS = "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre"
SPELT = (
    "zéro|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize"
    "|vingts?|trente|quarante|cinquante|soixante|cents?|mille|dizaines?|douzaines?|moitié|tiers"
    "|quart|double|demie?"
)
FACT = re.compile(
    r"«[^»]*»"  # a title, word for word
    r"|\d+(?:[.,]\d+)*(?:er\b|re\b|e\b)?(?:\s?(?:%|/\s?\d+|h\b|min\b))?"
    r"|\b[A-ZÀ-Þ]\w*-[\w-]*\w"  # a code, such as E5-GrandOral
    r"|\b[A-ZÀ-Þ]{2,}\b"
    rf"|(?i:\b(?:{MONTHS}|{SPELT}|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)\b)"
)
"""What must be the same, in the same order: numbers, days, titles, codes."""

DENIES = re.compile(r"\b(?:ne|n(?=[’'])|pas|jamais|sans|aucune?|non|ni|sauf)\b", re.IGNORECASE)
LINK = re.compile(r"://|\bwww\.|\bmailto:|@|\b[\w-]+\.(?:com|fr|org|net|io|eu)\b", re.IGNORECASE)
MARKUP = re.compile(r"[<>*_`#|\\{}\[\]~^]")


class Fault(StrEnum):
    """Why an answer is left aside; all that is ever told of it."""

    MISSING = "missing"
    UNPRINTABLE = "unprintable"
    LENGTH = "length"
    MARKUP = "markup"
    LINK = "link"
    FACTS = "facts"
    NEGATION = "negation"
    SUBJECT = "subject"


@dataclass(frozen=True, slots=True)
class Text:
    """What a task says: its label, and why it is set."""

    label: str
    reason: str


class Unavailable(Exception):
    """The model gave no answer that could be read; the message is a kind, never a text."""


Reword = Callable[[Sequence[Text]], Awaitable[Sequence[Text | None]]]
"""A language model: texts in their order, None for one that it did not answer. Raises Unavailable,
at the latest when its own time is over."""


def taken(plain: Text, worded: Text | None, subject: str | None, *, longest: Text) -> Text | Fault:
    """The model's text, tidied, where it says what ours does; else what is wrong with it."""
    if worded is None:
        return Fault.MISSING
    found = Text(tidied(worded.label), tidied(worded.reason))
    pairs = (
        (plain.label, found.label, len(longest.label)),
        (plain.reason, found.reason, len(longest.reason)),
    )
    for ours, theirs, limit in pairs:
        for fault in faults(ours, theirs, subject, limit):
            return fault
    return found


def tidied(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def faults(ours: str, theirs: str, subject: str | None, limit: int) -> Iterator[Fault]:
    """Everything that keeps one text from standing for another."""
    if not theirs.isprintable():
        yield Fault.UNPRINTABLE
    if not 1 <= len(theirs) <= min(limit, 2 * len(ours) + 60):
        yield Fault.LENGTH
    if set(MARKUP.findall(theirs)) - set(ours):
        yield Fault.MARKUP
    if LINK.search(theirs):
        yield Fault.LINK
    if facts(theirs) != facts(ours):
        yield Fault.FACTS
    if denials(theirs) != denials(ours):
        yield Fault.NEGATION
    if subject and names(ours, subject) and not names(theirs, subject):
        yield Fault.SUBJECT


def names(text: str, subject: str) -> bool:
    return subject.casefold() in text.casefold()


def facts(text: str) -> list[str]:
    """Numbers with their units, days, titles and codes, in their order."""
    return [one for found in FACT.findall(text) if (one := _fact(found))]


def _fact(found: str) -> str:
    if found[0] == "«":
        return " ".join(found[1:-1].split())
    return "".join(found.casefold().split())


def denials(text: str) -> Counter[str]:
    """The words that turn a sentence round."""
    return Counter(word.casefold() for word in DENIES.findall(text))
