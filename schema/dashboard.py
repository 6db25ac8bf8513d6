"""What a pupil sees first."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from models.vocabulary import UpcomingKind
from resolvers import dashboard as resolvers
from schema.binding import entity, field
from schema.epreuves import Epreuve
from schema.sessions import Session
from schema.tasks import Task
from services import dashboard

UpcomingSource = Annotated[
    Session | Epreuve | Task,
    strawberry.union("UpcomingSource", description="The row behind a thing on the calendar."),
]


@entity(dashboard.Kpis)
class DashboardKpis:
    """The key figures."""

    progress_overall: float = strawberry.field(
        description="0..1: mastery over the subjects of the exam plan, weighted by coefficients."
    )
    streak_days: int = strawberry.field(
        description="Consecutive civil days, ending today or yesterday, with an act of the student."
    )
    last_eval_score: float | None = strawberry.field(
        description="0..20, null before the first graded evaluation."
    )
    open_task_count: int
    next_session_at: datetime | None


@entity(dashboard.Upcoming)
class UpcomingItem:
    """One thing on the calendar."""

    id: UUID
    at: datetime
    kind: UpcomingKind
    title: str
    source: UpcomingSource


@entity(resolvers.Dashboard)
class Dashboard:
    """A pupil's situation now."""

    kpis: DashboardKpis = field(resolvers.kpis)
    upcoming: list[UpcomingItem] = field(resolvers.upcoming)
    tasks: list[Task] = field(resolvers.tasks)
    as_of: datetime
