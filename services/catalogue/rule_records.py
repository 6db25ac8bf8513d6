"""The records of `data/epreuves.yaml` that say how marks are counted and what falls due when."""

from datetime import date
from typing import Annotated

from pydantic import Field, model_validator

from models.curriculum import Dispense
from services.catalogue.records import Confidence, Record, Text, WindowStatus


class Total(Record):
    """What the weights add up to."""

    coefficients: int
    points: int
    terminales: int
    controle_continu: int
    source: Text
    confidence: Confidence


class Decision(Record):
    """What a mean leads to."""

    si: Text
    alors: Text


class Mention(Record):
    """An honour, from `min` included to `max` excluded."""

    code: Text
    label: Text
    min: float
    max: float | None


class SecondGroupe(Record):
    """The oral exams of the second chance."""

    nombre_oraux: int
    disciplines: Text
    duree_min: int
    francais: Text
    note: Text
    source: Text
    confidence: Confidence


class Neutralisation(Record):
    """Épreuves that leave the denominator; a code may end with `*`."""

    code: Dispense
    cas: Text
    retire: tuple[Text, ...]
    denominateur: int
    note: str | None = None


class Rules(Record):
    """How marks become a result."""

    total: Total
    moyenne: Text
    arrondis: tuple[Text, ...]
    decision: tuple[Decision, ...]
    mentions: tuple[Mention, ...]
    decision_source: Text
    mentions_source: Text
    mentions_conditions: Text
    second_groupe: SecondGroupe
    points_jury: Text
    maitrise_langue: Text
    absence: Text
    conservation: Text
    bac_en_un_an: tuple[Text, ...]
    modalite_libre: Text
    neutralisations: tuple[Neutralisation, ...]


class MilestoneRecord(Record):
    """A thing to do in a period of the year."""

    code: Annotated[str, Field(pattern=r"^[A-Z0-9]+(-[A-Z0-9]+)+$")]
    label: Text
    start: date
    end: date
    status: WindowStatus
    source: Text
    profiles: tuple[Text, ...] = ()
    note: str | None = None

    @model_validator(mode="after")
    def _forwards(self) -> "MilestoneRecord":
        if self.end < self.start:
            raise ValueError(f"ends on {self.end}, before it starts on {self.start}")
        return self
