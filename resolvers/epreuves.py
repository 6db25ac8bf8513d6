"""A pupil's exam plan."""

from loaders.calendar import PLAN_ORDER
from loaders.rows import Row
from models.epreuve import Epreuve
from resolvers.context import Info
from services.epreuves import weight_without_options


def plan(root: Row) -> Row:
    """The exam plan, as the regulation and the agents made it."""
    return root


async def total_weight(root: Row, info: Info) -> float:
    """Sum of the weights without options; 100 when the plan is whole."""
    items = await info.context.loaders.many(Epreuve.student_id, *PLAN_ORDER).load(root.id)
    return weight_without_options(items)
