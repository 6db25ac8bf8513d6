"""A pupil's exam plan, and what it comes to."""

import asyncio

from loaders import dashboard as loaded
from loaders.calendar import PLAN_ORDER
from loaders.projection import known
from loaders.rows import Row
from models.curriculum import Dispense, Subject, Track
from models.epreuve import Epreuve
from resolvers.context import Info
from services.catalogue.dispensations import reserves
from services.catalogue.programme import chapter
from services.dashboard import civil_day
from services.projection import BacProjection, evaluation_means, mastery_marks, project


def plan(root: Row) -> Row:
    """The exam plan, as the regulation and the agents made it."""
    return root


async def total_weight(root: Row, info: Info) -> float:
    """Sum of the weights without options; 100 when the plan is whole."""
    facts = await loaded.facts(info.context.loaders).load(root.id)
    return facts.total_weight if facts else 0.0


async def projection(root: Row, info: Info) -> BacProjection:
    """Projected mark out of 20 from what is known so far: recorded marks, graded evaluations, and
    mastery where there is neither."""
    loaders = info.context.loaders
    items, found = await asyncio.gather(
        loaders.many(Epreuve.student_id, *PLAN_ORDER).load(root.id), known(loaders).load(root.id)
    )
    marks = found.marks if found else []
    measured = found.measured if found else []
    return project(
        items,
        evaluation_means((Subject(one), Track(year), score) for one, year, score in marks),
        mastery_marks(
            (Subject(one), taught.track, total, count)
            for one, code, total, count in measured
            if (taught := chapter(code))
        ),
        civil_day(info.context.clock, root.time_zone),
        reserves(Dispense(one) for one in root.dispenses),
    )
