"""What a pupil sees first."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from loaders.calendar import BY_PRIORITY, OPEN_TASKS, UPCOMING
from loaders.dashboard import KPIS
from models.epreuve import Epreuve as EpreuveRow
from models.study_session import StudySession as StudySessionRow
from models.task import Task as TaskRow
from models.vocabulary import UpcomingKind
from resolvers import dashboard as resolvers
from schema.binding import entity, field, renamed
from schema.declarations import Clock, First, Located, Said
from schema.epreuves import Epreuve
from schema.sessions import Session
from schema.tasks import Task
from services import dashboard

BEHIND = ((StudySessionRow, None), (EpreuveRow, None), (TaskRow, None))
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
    source: UpcomingSource = renamed("source", reads=Located(BEHIND, source="id"))


@entity(resolvers.Dashboard)
class Dashboard:
    """A pupil's situation now."""

    kpis: DashboardKpis = field(resolvers.kpis, reads=Said(KPIS))
    upcoming: list[UpcomingItem] = field(
        resolvers.upcoming, reads=Said(UPCOMING, resolvers.MAX_FIRST)
    )
    tasks: list[Task] = field(
        resolvers.tasks, reads=First(OPEN_TASKS, BY_PRIORITY, resolvers.MAX_FIRST)
    )
    as_of: datetime = renamed("as_of", reads=Clock())
