"""What each tier includes: the one table, and how a pupil's tier is found."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from models.vocabulary import ReportPeriodKind, SessionKind, Tier, Visibility


@dataclass(frozen=True, slots=True)
class Inclusion:
    """`evaluations_per_month` is None where there is no limit; `shelves` are what is found."""

    evaluations_per_month: int | None
    session_kinds: frozenset[SessionKind]
    reports: frozenset[ReportPeriodKind]
    shelves: frozenset[Visibility]


S, R, V = SessionKind, ReportPeriodKind, Visibility

INCLUDES: dict[Tier, Inclusion] = {
    Tier.FREE: Inclusion(
        evaluations_per_month=2,
        session_kinds=frozenset({S.VISIO}),
        reports=frozenset({R.WEEK}),
        shelves=frozenset({V.PUBLIC}),
    ),
    Tier.PLUS: Inclusion(
        evaluations_per_month=10,
        session_kinds=frozenset({S.VISIO, S.PRESENTIEL}),
        reports=frozenset({R.WEEK, R.MONTH}),
        shelves=frozenset({V.PUBLIC, V.PLUS}),
    ),
    Tier.PRO: Inclusion(
        evaluations_per_month=None,
        session_kinds=frozenset(S),
        reports=frozenset(R),
        shelves=frozenset({V.PUBLIC, V.PLUS, V.PRO}),
    ),
}
"""From the lowest tier to the highest: each includes what the one before it does."""


def tiers_including(feature: SessionKind | ReportPeriodKind | Visibility) -> tuple[Tier, ...]:
    """The tiers with a feature, the lowest first."""
    return tuple(
        tier
        for tier, included in INCLUDES.items()
        if feature in included.session_kinds | included.reports | included.shelves
    )


@dataclass(frozen=True, slots=True)
class Entitled:
    """What a pupil may use now; `evaluations_left_this_month` is None where there is no limit."""

    tier: Tier
    expires_at: datetime | None
    evaluations_left_this_month: int | None


def tier_in_force(row: Any, clock: datetime) -> Tier:
    """The tier at an instant: expired, or never bought, is Free."""
    tier: Tier = row.tier if _holds(row, clock) else Tier.FREE
    return tier


def entitled(row: Any, evaluations_this_month: int, clock: datetime) -> Entitled:
    """What a pupil may use at an instant."""
    tier = tier_in_force(row, clock)
    limit = INCLUDES[tier].evaluations_per_month
    left = None if limit is None else max(0, limit - evaluations_this_month)
    return Entitled(tier, row.expires_at if _holds(row, clock) else None, left)


def _holds(row: Any, clock: datetime) -> bool:
    """Whether something was bought and has not run out."""
    return row is not None and (row.expires_at is None or row.expires_at > clock)


def month_start(clock: datetime, time_zone: str) -> datetime:
    """When the current calendar month began where the pupil lives."""
    local = clock.astimezone(ZoneInfo(time_zone))
    start = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    return start.astimezone(UTC)
