"""What a client accepts: media types and encodings by RFC 9110 § 12, decided by pure functions.

The most specific range that fits a type says how much it is wanted (`q`). Among types wanted alike,
the one that the client named first is taken, and of those that it did not name, ours come in the
order of `JSON`. A stream is only ever for a subscription: clients that know streams say so on every
request.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

RESPONSE = "application/graphql-response+json"
LEGACY = "application/json"
EVENT_STREAM = "text/event-stream"
HTML = "text/html"
MULTIPART = "multipart/mixed"
JSON = (LEGACY, RESPONSE)
SPOKEN = frozenset((("incrementalspec", "v0.2"),))  # how parts are told; it need not be named
ENCODINGS = ("br", "gzip")  # those we write, the smaller first

_NAME = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
RANGE = re.compile(rf"({_NAME})/({_NAME})")
PARAMETER = re.compile(rf'\s*({_NAME})\s*=\s*({_NAME}|"[^"\\]*")\s*')
QUALITY = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")
LONGEST = 2_000  # characters of a header that are worth reading


@dataclass(frozen=True, slots=True)
class MediaRange:
    """`type/subtype;parameter=value;q=0.5`, at its place in the header."""

    type: str
    subtype: str
    parameters: frozenset[tuple[str, str]]
    quality: float
    place: int

    def fits(
        self,
        media_type: str,
        parameters: frozenset[tuple[str, str]] = frozenset((("charset", "utf-8"),)),
    ) -> bool:
        """Whether a type of ours is in the range, which may say no more than these parameters."""
        kind, _, subtype = media_type.partition("/")
        return (
            self.type in (kind, "*")
            and self.subtype in (subtype, "*")
            and self.parameters <= parameters
        )

    @property
    def specificity(self) -> tuple[bool, bool, int]:
        return self.type != "*", self.subtype != "*", len(self.parameters)


def negotiated(accept: str | None, *, subscribes: bool = False) -> str | None:
    """The media type to answer in, or None where the client takes none that there is."""
    return best(accept, (EVENT_STREAM,) if subscribes else JSON)


def best(accept: str | None, offered: tuple[str, ...]) -> str | None:
    """Which of these the client likes best, or None where it takes none of them."""
    return _best(accept and accept[:LONGEST], offered)


@lru_cache(maxsize=256)
def _best(accept: str | None, offered: tuple[str, ...]) -> str | None:
    ranges = media_ranges(accept)
    if ranges is None:
        return offered[0]
    wanted: list[tuple[float, float, int, str]] = []
    for preference, media_type in enumerate(offered):
        closest = _closest([each for each in ranges if each.fits(media_type)])
        if closest is not None and closest.quality > 0:
            named = "*" not in (closest.type, closest.subtype)
            place = closest.place if named else float("inf")
            wanted.append((-closest.quality, place, preference, media_type))
    return min(wanted)[-1] if wanted else None


def _closest(fitting: Sequence[MediaRange]) -> MediaRange | None:
    return max(fitting, key=lambda each: each.specificity, default=None)


def takes_parts(accept: str | None) -> bool:
    """Whether a client names the form of an answer in parts, and likes it as well as JSON.

    In which order they stand says nothing: a client names both, and what it asks for decides.
    """
    return accept is not None and _takes_parts(accept[:LONGEST])


@lru_cache(maxsize=256)
def _takes_parts(accept: str) -> bool:
    ranges = media_ranges(accept) or []
    named = [each for each in ranges if each.type != "*" and each.fits(MULTIPART, SPOKEN)]
    parts = _closest(named)
    if parts is None or parts.quality <= 0:
        return False
    whole = [_closest([each for each in ranges if each.fits(media_type)]) for media_type in JSON]
    return all(each is None or each.quality <= parts.quality for each in whole)


def media_ranges(accept: str | None) -> list[MediaRange] | None:
    """The ranges of an `Accept` header, None where it says nothing; others are passed over."""
    if accept is None or not accept.strip():
        return None
    found = []
    for place, part in enumerate(accept.split(",")):
        name, *rest = part.strip().split(";")
        matched = RANGE.fullmatch(name.strip())
        parameters = _parameters(rest)
        if matched is None or parameters is None or (matched[1] == "*" and matched[2] != "*"):
            continue
        quality = parameters.pop("q", "1")
        if QUALITY.fullmatch(quality):
            asked = frozenset((key, value.lower()) for key, value in parameters.items())
            kind, subtype = matched[1].lower(), matched[2].lower()
            found.append(MediaRange(kind, subtype, asked, float(quality), place))
    return found


def _parameters(parts: list[str]) -> dict[str, str] | None:
    """`name=value` for each part; None where one is neither that nor empty."""
    found = {}
    for part in parts:
        if not part.strip():
            continue
        matched = PARAMETER.fullmatch(part)
        if matched is None:
            return None
        found[matched[1].lower()] = matched[2].strip('"')
    return found


def is_json(content_type: str | None) -> bool:
    """Whether a body says that it is JSON in UTF-8."""
    name, *rest = (content_type or "").split(";")
    parameters = _parameters(rest)
    if name.strip().lower() != LEGACY or parameters is None:
        return False
    return parameters.get("charset", "utf-8").lower() in ("utf-8", "utf8")


def encoding(accept_encoding: str | None) -> str | None:
    """How to compress for a client; None where it takes the text as it is, or likes that better."""
    return _encoding((accept_encoding or "")[:LONGEST])


@lru_cache(maxsize=256)
def _encoding(accept_encoding: str) -> str | None:
    wanted: dict[str, float] = {}
    for part in accept_encoding.split(","):
        name, *rest = part.strip().lower().split(";")
        parameters = _parameters(rest)
        if name and parameters is not None and QUALITY.fullmatch(parameters.get("q", "1")):
            wanted[name.strip()] = float(parameters.get("q", "1"))
    anything = wanted.get("*", 0.0)
    liked = [(wanted.get(name, anything), -place) for place, name in enumerate(ENCODINGS)]
    quality, place = max(liked)
    if quality <= 0 or quality < wanted.get("identity", 0.0):
        return None
    return ENCODINGS[-place]
