"""What a language model may do to a text of ours: turn its verbs and add a closed list of words."""

import re
import unicodedata
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

TURNS = (
    *((f"{stem}er", f"{stem}e", f"{stem}ons") for stem in (
        "analys", "confirm", "déroul", "exploit", "formul", "not", "prépar", "problématis",
        "réalis", "vérifi",
    )),
    ("réviser", "révise", "révisons", "revoir", "revois", "revoyons"),
    ("rédiger", "rédige", "rédigeons"),
    ("construire", "construis", "construisons"),
    ("écrire", "écris", "écrivons"),
    ("faire", "fais", "faisons"),
    ("lire", "lis", "lisons"),
    ("ouvrir", "ouvre", "ouvrons"),
    ("refaire", "refais", "refaisons"),
    ("répondre", "réponds", "répondons"),
    ("reprendre", "reprends", "reprenons"),
    ("tenir", "tiens", "tenons"),
    ("son", "ton"),
    ("sa", "ta"),
    ("ses", "tes"),
)  # fmt: skip
"""Words of which one may stand for another: they ask for the same, of "tu", "nous" or nobody."""

ADDED = ("le", "la", "les", "l’", "ton", "ta", "tes", "et", "on", "c’est", "voici", "donc", "alors")
"""Words that may be added anywhere between ours: none counts, denies, judges or dates."""

OPENINGS = (
    "allez", "allons-y", "bon courage", "c’est parti", "courage", "il s’agit de", "on s’y met",
    "pense à", "prends le temps de", "tu vas", "vas-y", "voici pourquoi", "voyons",
)  # fmt: skip
"""One of these may stand before all of ours. None makes a choice of what is due: no "tu peux"."""

ENDINGS = (
    "allez", "à toi de jouer", "bon courage", "bon travail", "c’est parti", "courage",
    "on y va", "tu peux y arriver", "vas-y",
)  # fmt: skip
"""One of these may stand behind all of ours."""

MORE = 80  # characters that an answer may have more than ours
IN_A_ROW = 2  # added words between two of ours

TOKEN = re.compile(
    r"«[^»]*»"  # a title, word for word
    r"|\d+(?:[.,]\d+)+"
    r"|\w+(?:-\w+)*"
    r"|[,;:.!]{2,}"
    r"|[^\w\s,;:.!'’]"  # every other sign says something: %, /, brackets
)
"""What has a meaning of its own. The rest are spaces, apostrophes and single marks."""


class Fault(StrEnum):
    """Why an answer is left aside; all that is ever told of it."""

    MISSING = "missing"
    UNPRINTABLE = "unprintable"
    LENGTH = "length"
    WORDS = "words"


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


def taken(plain: Text, worded: Text | None, *, longest: Text) -> Text | Fault:
    """The model's text, tidied, where it says what ours does; else what is wrong with it."""
    if worded is None:
        return Fault.MISSING
    found = Text(tidied(worded.label), tidied(worded.reason))
    pairs = (
        (plain.label, found.label, len(longest.label)),
        (plain.reason, found.reason, len(longest.reason)),
    )
    for ours, theirs, limit in pairs:
        for fault in faults(ours, theirs, limit):
            return fault
    return found


def tidied(text: str) -> str:
    """On one line, every space a plain one."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def faults(ours: str, theirs: str, limit: int) -> Iterator[Fault]:
    """Everything that keeps one text from standing for another."""
    if not theirs.isprintable():
        yield Fault.UNPRINTABLE
    if not 1 <= len(theirs) <= min(limit, len(ours) + MORE):
        yield Fault.LENGTH
    if not keeps(ours, theirs):
        yield Fault.WORDS


def keeps(ours: str, theirs: str) -> bool:
    """Whether all words of ours stand in theirs, in their order, beside allowed ones alone."""
    kept, told = tokens(ours), tokens(theirs)
    return any(_within(kept, rest) for rest in _unframed(told))


def tokens(text: str) -> list[str]:
    """Words, numbers, titles and signs in their order, the turns of a verb as one of them."""
    return [_same(found) for found in TOKEN.findall(unicodedata.normalize("NFC", text))]


def _same(token: str) -> str:
    if token[0] == "«":
        return " ".join(token[1:-1].split()).join("«»")
    lowered = token[0].lower() + token[1:]  # the rest may be a symbol: CO is not Co
    return _FIRST.get(lowered, lowered)


def _unframed(told: list[str]) -> Iterator[list[str]]:
    """Theirs as it is, and without an opening, an ending or both."""
    for opening in _OPENINGS:
        if told[: len(opening)] == opening:
            rest = told[len(opening) :]
            for ending in _ENDINGS:
                if not ending or rest[-len(ending) :] == ending:
                    yield rest[: len(rest) - len(ending)]


def _within(kept: list[str], told: list[str]) -> bool:
    # to match as early as one can loses nothing: a later one of the same may be skipped as well
    place, added = 0, 0
    for token in told:
        if place < len(kept) and token == kept[place]:
            place, added = place + 1, 0
        elif token in _ADDED and added < IN_A_ROW:
            added += 1
        else:
            return False
    return place == len(kept)


_FIRST = {turn: turns[0] for turns in TURNS for turn in turns}
_ADDED = frozenset(token for word in ADDED for token in tokens(word))
_OPENINGS = [[], *(tokens(one) for one in OPENINGS)]
_ENDINGS = [[], *(tokens(one) for one in ENDINGS)]
