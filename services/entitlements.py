"""What each tier includes: the one table, and how a pupil's tier is found."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from models.vocabulary import Tier


@dataclass(frozen=True, slots=True)
class Inclusion:
    """`evaluations_per_month` is None where there is no limit."""

    evaluations_per_month: int | None


INCLUDES: dict[Tier, Inclusion] = {
    Tier.FREE: Inclusion(evaluations_per_month=2),
    Tier.PLUS: Inclusion(evaluations_per_month=10),
    Tier.PRO: Inclusion(evaluations_per_month=None),
}


@dataclass(frozen=True, slots=True)
class Entitled:
    """What a pupil may use now; `evaluations_left_this_month` is None where there is no limit."""

    tier: Tier
    expires_at: datetime | None
    evaluations_left_this_month: int | None


def entitled(row: Any, evaluations_this_month: int, clock: datetime) -> Entitled:
    """The tier in force at an instant: expired, or never bought, is Free."""
    if row is None or (row.expires_at is not None and row.expires_at <= clock):
        tier, expires_at = Tier.FREE, None
    else:
        tier, expires_at = row.tier, row.expires_at
    limit = INCLUDES[tier].evaluations_per_month
    left = None if limit is None else max(0, limit - evaluations_this_month)
    return Entitled(tier, expires_at, left)


def month_start(clock: datetime, time_zone: str) -> datetime:
    """When the current calendar month began where the pupil lives."""
    local = clock.astimezone(ZoneInfo(time_zone))
    start = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    return start.astimezone(UTC)
