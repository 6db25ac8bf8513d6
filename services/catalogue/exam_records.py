"""The records of `data/epreuves.yaml`: windows, specialities, series, options, plans."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.curriculum import Voie
from services.catalogue.records import (
    OFFICIAL,
    Branch,
    Confidence,
    Kind,
    Level,
    Record,
    Text,
    WindowStatus,
)

Minutes = Annotated[int, Field(gt=0)]


class Window(Record):
    """When something takes place, and how sure that is."""

    start: date
    end: date
    status: WindowStatus
    source: Text
    time: Annotated[str, Field(pattern=r"^\d\d:\d\d-\d\d:\d\d$")] | None = None
    note: str | None = None

    @property
    def official(self) -> bool:
        return self.status in OFFICIAL

    @model_validator(mode="after")
    def _forwards(self) -> "Window":
        if self.end < self.start:
            raise ValueError(f"ends on {self.end}, before it starts on {self.start}")
        return self


class Part(Record):
    """One sitting of a speciality: written, practical or oral."""

    code: Text
    format: Text
    duration_min: Minutes
    prep_min: int | None = None
    share: Annotated[float, Field(gt=0, le=1)] | None
    window: Text
    confidence: Confidence
    note: str | None = None


Parts = Annotated[tuple[Part, ...], Field(min_length=1)]


class Ponctuelle(Record):
    """The one-off exam of the speciality given up after première."""

    format: Text
    duration_min: Minutes
    prep_min: int | None = None
    confidence: Confidence


class Speciality(Record):
    """A speciality of the voie générale."""

    code: Text
    label: Text
    abbr: Text
    parts: Parts
    parts_libre: Literal["idem"] | Parts
    ponctuelle_premiere: Ponctuelle | None = None
    notes: dict[int, Text] = {}
    """What holds in one session only."""


class SeriesSpeciality(Record):
    """A speciality imposed by a technological series: slot 1 is E3, slot 2 is E4."""

    code: Text
    slot: Literal[1, 2]
    label: Text
    parts: Parts


class SeriesPremiere(Record):
    """The speciality that a series stops after première."""

    label: Text
    ponctuelle: Ponctuelle


class Series(Record):
    """A technological series."""

    code: Voie
    label: Text
    specialites: tuple[SeriesSpeciality, ...]
    specialite_premiere: SeriesPremiere

    @model_validator(mode="after")
    def _both_slots(self) -> "Series":
        if sorted(speciality.slot for speciality in self.specialites) != [1, 2]:
            raise ValueError(f"{self.code} must fill slots 1 and 2, once each")
        return self

    def slot(self, number: Literal[1, 2]) -> SeriesSpeciality:
        return next(one for one in self.specialites if one.slot == number)


class OptionMode(Record):
    """How an option is marked."""

    kind: Kind
    format: Text
    codes: tuple[Text, ...]
    source: Text
    confidence: Confidence
    note: str | None = None


class OptionCap(Record):
    """How many options count in each year."""

    max_1re: int
    max_tle: int
    note: Text


class OptionExample(Record):
    """A worked example of the official text."""

    cas: Text
    total: int


class Option(Record):
    """An optional subject."""

    code: Text
    label: Text
    levels: tuple[Level, ...]
    voies: tuple[Branch, ...]
    weight_per_year: int
    condition: str | None
    hors_plafond: bool
    source: Text
    confidence: Confidence


class Options(Record):
    """Everything about options."""

    rule: Text
    scolarise: OptionMode
    libre: OptionMode
    plafonds: dict[Branch, OptionCap]
    exemples: tuple[OptionExample, ...]
    liste: tuple[Option, ...]


class Item(Record):
    """One épreuve of a plan."""

    code: Annotated[str, Field(pattern=r"^[A-Z0-9]+-[A-Za-z0-9]+$")]
    label: Text
    weight: Annotated[float, Field(gt=0)]
    kind: Kind
    format: Text
    duration_min: Minutes | None
    prep_min: int | None = None
    window: Text
    condition: str | None
    programme: Literal["1re", "Tle", "1re+Tle"]
    source: tuple[Text, ...]
    confidence: Confidence
    note: str | None = None
    avec_maths: Text | None = None
    """Its format where the speciality mathématiques is followed in première."""
    sans_maths: Text | None = None


class Plan(Record):
    """The épreuves of one session, branch and exam path."""

    id: Text
    session: int
    voie: Branch
    tracks: tuple[Voie, ...]
    profile: Text
    total_weight: float
    items: tuple[Item, ...]
