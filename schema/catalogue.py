"""The programme and the regulation, before any student."""

from datetime import date

import strawberry

from models.curriculum import EpreuveKind, Subject, Track
from resolvers import catalogue
from schema.binding import entity, field, query
from services.access import Permission
from services.catalogue import programme, regulation


@entity(programme.Competence)
class Competence:
    """Something that a pupil learns to do."""

    code: str
    label: str


@entity(programme.Chapter)
class Chapter:
    """A chapter of the programme of a subject and level."""

    code: str
    label: str
    subject: Subject
    track: Track
    competences: list[Competence]
    prerequisites: list["Chapter"] = field(catalogue.prerequisites)


@entity(regulation.RegulationEntry)
class EpreuveReglementaire:
    """An entry of the regulation, before any student."""

    code: str
    label: str
    subject: Subject | None
    kind: EpreuveKind
    weight: float
    format: str
    duration_min: int | None
    window_start: date | None = strawberry.field(description="Day, or first day of the window.")
    window_end: date | None
    provisional: bool = strawberry.field(
        description="True unless the date is published in an official text."
    )
    reference: str | None


@strawberry.type
class Query:
    programme: list[Chapter] = query(catalogue.programme, requires=Permission.CATALOGUE_READ)
    reglement: list[EpreuveReglementaire] = query(
        catalogue.reglement, requires=Permission.CATALOGUE_READ
    )
