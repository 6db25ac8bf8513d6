"""A pupil's exam plan."""

from datetime import date, datetime
from inspect import getdoc

import strawberry

from loaders.calendar import PLAN_ORDER
from models.curriculum import EpreuveKind, Profile, Subject, Track, Voie
from models.epreuve import Epreuve as EpreuveRow
from models.student import Student as StudentRow
from models.vocabulary import EpreuveSource
from resolvers import epreuves
from resolvers.mutations import Outcome
from schema.binding import column, entity, field, many
from schema.declarations import Attribute
from schema.mutating import MutationPayload, changed, mutation
from schema.shared import Node
from services import epreuve_sync
from services import epreuves as dated
from services import projection as projected
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
    window_start: date | None = strawberry.field(
        description="First day of the window in which it takes place."
    )
    window_end: date | None
    format: str
    duration_min: int | None
    source: EpreuveSource
    reference: str | None = strawberry.field(
        description="The text that sets it, e.g. an arrêté or a Bulletin officiel number."
    )
    mark_20: float | None = strawberry.field(description="Its mark out of 20, once recorded.")


strawberry.enum(projected.MarkOrigin, description=getdoc(projected.MarkOrigin))
strawberry.enum(projected.BacOutcome, description=getdoc(projected.BacOutcome))


@entity(projected.EstimatedMark)
class EstimatedMark:
    """The mark of an épreuve as it is known or estimated."""

    epreuve: Epreuve
    mark_20: float
    origin: projected.MarkOrigin
    worth: float = strawberry.field(
        description="What one more point there adds to the mean of the whole baccalauréat."
    )


@entity(projected.EpreuveWorth)
class EpreuveWorth:
    """An épreuve to come, and what can be gained there."""

    epreuve: Epreuve
    worth: float = strawberry.field(
        description="What one more point there adds to the mean of the whole baccalauréat."
    )
    room: float = strawberry.field(
        description="What 20 there would add to that mean, from what is expected now."
    )


@entity(projected.Threshold)
class MentionThreshold:
    """A mean that admits, or that an honour begins at."""

    label: str
    min_20: float
    points_missing: float = strawberry.field(
        description="Points (mark times weight) that what is not known yet must still bring, over"
        " the whole; 0 where it is reached whatever comes."
    )


@entity(projected.SecondGroupe)
class SecondGroupe:
    """The oral exams of the second chance."""

    points_missing: float
    oral_count: int
    orals: list[Epreuve] = strawberry.field(
        description="The written épreuves in which a better mark brings most; mathématiques once."
    )
    rule: str


@entity(projected.BacProjection)
class BacProjection:
    """What the marks come to, over what is known so far."""

    mean_20: float | None = strawberry.field(
        description="Mean out of 20 of what is known; null where nothing is."
    )
    points: float
    denominator: float = strawberry.field(
        description="Sum of all weights: 100, with the options and without what is dispensed."
    )
    known_weight: float = strawberry.field(
        description="Share of the weights whose mark is recorded or estimated, 0..1."
    )
    mention: str | None = strawberry.field(
        description="The honour that this mean would reach, e.g. Assez bien; null under 12, and"
        " while less than half of the weights is known."
    )
    outcome: projected.BacOutcome | None = strawberry.field(
        description="Null while less than half of the weights is known."
    )
    thresholds: list[MentionThreshold]
    second_groupe: SecondGroupe | None = strawberry.field(
        description="Where the mean lies from 8 to below 10."
    )
    weakest: list[Epreuve] = strawberry.field(
        description="Épreuves to come where there is most to gain: weight times what is left up to"
        " 20; at most five."
    )
    worth_most: list[EpreuveWorth] = strawberry.field(
        description="Épreuves to come where one point is worth most; at most five."
    )
    estimates: list[EstimatedMark]
    reserve: str = strawberry.field(description="What must be read beside these figures.")


@entity(StudentRow)
class EpreuvePlan:
    """What a pupil is examined in, when, and how much each counts."""

    track: Track
    voie: Voie
    profile: Profile
    exam_session: int = strawberry.field(description="Year of the exam session, e.g. 2027.")
    items: list[Epreuve] = many(EpreuveRow.student_id, *PLAN_ORDER)
    total_weight: float = field(epreuves.total_weight, reads=Attribute("total_weight"))
    projection: BacProjection = field(epreuves.projection)
    synced_at: datetime | None = column(StudentRow.epreuves_synced_at)


@entity(Outcome)
class ScheduleEpreuvePayload(MutationPayload):
    plan: EpreuvePlan | None = changed()


@entity(Outcome)
class SyncEpreuvesPayload(MutationPayload):
    plan: EpreuvePlan | None = changed()


@entity(Outcome)
class RecordMarkPayload(MutationPayload):
    plan: EpreuvePlan | None = changed()


@strawberry.type
class Mutation:
    sync_epreuves: SyncEpreuvesPayload = mutation(
        "SyncEpreuves", epreuve_sync.sync, requires=Permission.EPREUVE_SYNC
    )
    schedule_epreuve: ScheduleEpreuvePayload = mutation(
        "ScheduleEpreuve", dated.schedule, requires=Permission.EPREUVE_WRITE
    )
    record_mark: RecordMarkPayload = mutation(
        "RecordMark", dated.record_mark, requires=Permission.EPREUVE_WRITE
    )
