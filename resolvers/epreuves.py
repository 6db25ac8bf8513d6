"""A pupil's exam plan."""

from loaders.rows import Row
from models.epreuve import Epreuve
from resolvers.context import Info
from services.epreuves import weight_without_options


def plan(root: Row) -> Row:
    """The exam plan, as the regulation and the agents made it."""
    return root


async def total_weight(root: Row, info: Info) -> float:
    """Sum of the weights without options; 100 when the plan is whole."""
    items = await info.context.loaders.many(
        Epreuve.student_id, Epreuve.scheduled_at.nulls_last(), Epreuve.code
    ).load(root.id)
    return weight_without_options(items)
