"""A pupil's exam plan."""

from datetime import date, datetime

import strawberry

from loaders.calendar import PLAN_ORDER, total_weight
from models.curriculum import EpreuveKind, Profile, Subject, Track, Voie
from models.epreuve import Epreuve as EpreuveRow
from models.student import Student as StudentRow
from models.vocabulary import EpreuveSource
from resolvers import epreuves
from resolvers.mutations import Outcome
from schema.binding import column, entity, field, many
from schema.declarations import Told
from schema.mutating import MutationPayload, changed, mutation
from schema.shared import Node
from services import epreuves as dated
from services.access import Permission


@entity(EpreuveRow)
class Epreuve(Node):
    """One line of the plan."""

    code: str = strawberry.field(description="Stable code, e.g. E5-GrandOral.")
    label: str
    subject: Subject | None
    kind: EpreuveKind
    weight: float
    scheduled_at: date | None
    provisional: bool = strawberry.field(
        description="True while the official date is not published."
    )
    format: str
    duration_min: int | None
    source: EpreuveSource
    reference: str | None = strawberry.field(
        description="The text that sets it, e.g. an arrêté or a Bulletin officiel number."
    )


@entity(StudentRow)
class EpreuvePlan:
    """What a pupil is examined in, when, and how much each counts."""

    track: Track
    voie: Voie
    profile: Profile
    exam_session: int = strawberry.field(description="Year of the exam session, e.g. 2027.")
    items: list[Epreuve] = many(EpreuveRow.student_id, *PLAN_ORDER)
    total_weight: float = field(epreuves.total_weight, reads=Told("total_weight", total_weight))
    synced_at: datetime | None = column(StudentRow.epreuves_synced_at)


@entity(Outcome)
class ScheduleEpreuvePayload(MutationPayload):
    plan: EpreuvePlan | None = changed()


@strawberry.type
class Mutation:
    schedule_epreuve: ScheduleEpreuvePayload = mutation(
        "ScheduleEpreuve", dated.schedule, requires=Permission.EPREUVE_WRITE
    )
