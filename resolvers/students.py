"""Pupils."""

from typing import Any
from uuid import UUID

from loaders import dashboard as loaded
from loaders.rows import Row
from loaders.visible import visible
from models.student import Entitlement, Student
from resolvers.context import Info
from services.access import visible_students
from services.entitlements import Entitled, entitled, month_start
from services.papers import LanguageChoice


async def student(info: Info, id: UUID) -> Row | None:
    """Null where it does not exist or the caller may not see it: the two cannot be told apart."""
    return await visible(info.context.loaders, Student.id, visible_students).load(id)


async def entitlement(root: Row, info: Info) -> Entitled:
    """What the student has subscribed to, as it holds now."""
    loaders, clock = info.context.loaders, info.context.clock
    bought = await loaders.one(Entitlement.student_id).load(root.id)
    since = month_start(clock, root.time_zone)
    made = await loaded.evaluations_since(loaders).load((root.id, since))
    return entitled(bought, made, clock)


def languages(chosen: list[dict[str, Any]]) -> list[LanguageChoice]:
    """The languages as stored, in their order."""
    return [LanguageChoice(**one) for one in chosen]
