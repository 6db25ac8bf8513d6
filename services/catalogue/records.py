"""What every record of the catalogue's data files has in common, and the words they share."""

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

from models.curriculum import EpreuveKind, Track, Voie

Branch = Literal["generale", "technologique"]
Level = Literal["1re", "Tle"]
Confidence = Literal["confirmed", "known", "uncertain"]
WindowStatus = Literal[
    "past_official",
    "past_indicative",
    "official",
    "academic",
    "provisional",
    "projection",
    "recommended",
]

OFFICIAL: frozenset[WindowStatus] = frozenset({"official", "past_official"})
"""The only statuses under which a date may be shown without reserve."""

TRACK_OF: dict[Level, Track] = {"1re": Track.PREMIERE, "Tle": Track.TERMINALE}
LEVEL_OF: dict[Track, Level] = {track: level for level, track in TRACK_OF.items()}


def branch_of(voie: Voie) -> Branch:
    """The branch a voie belongs to: générale, or one of the technological series."""
    return "generale" if voie is Voie.GENERALE else "technologique"


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


Text = Annotated[str, StringConstraints(min_length=1)]
Kind = Annotated[EpreuveKind, BeforeValidator(_upper)]


S = TypeVar("S", bound=str)


class Record(BaseModel):
    """A frozen record that refuses a key it does not know and a value of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def repeated(codes: Iterable[S]) -> list[S]:
    """The codes that occur more than once."""
    return [code for code, count in Counter(codes).items() if count > 1]


def refuse(problems: list[str]) -> None:
    """Stop the load if something is wrong, naming everything that is."""
    if problems:
        raise ValueError("; ".join(problems))
