"""What a pupil may use, said in SQL: `services.entitlements.entitled` over what is stored."""

from collections.abc import Mapping

from loaders.stated import Stated, midnight
from models.vocabulary import Tier

MONTH = midnight("date_trunc('month', :clock AT TIME ZONE :time_zone)", ":time_zone")
NEXT_MONTH = midnight(
    "date_trunc('month', :clock AT TIME ZONE :time_zone) + interval '1 month'", ":time_zone"
)


def entitled(evaluations_per_month: Mapping[Tier, int | None]) -> Stated:
    """The tier that holds, until when, and what is left of its evaluations this month."""
    limits = " ".join(
        f"WHEN '{tier.value}' THEN {limit}"
        for tier, limit in evaluations_per_month.items()
        if limit is not None
    )
    return Stated(
        f"""
        SELECT held.tier, held.expires_at,
          greatest(CASE held.tier {limits} END - (
            SELECT count(*) FROM evaluations WHERE student_id = :id AND created_at >= {MONTH}
          )::int, CASE held.tier {limits} END * 0) AS evaluations_left_this_month
        FROM (
          SELECT coalesce(max(tier::text), '{Tier.FREE.value}') AS tier,
                 max(expires_at) AS expires_at
          FROM entitlements
          WHERE student_id = :id AND (expires_at IS NULL OR expires_at > :clock)
        ) held
        """,  # noqa: S608  made of our own words
        until={
            **dict.fromkeys(("tier", "expires_at"), "expires_at"),
            "evaluations_left_this_month": f"least({NEXT_MONTH}, expires_at)",
        },
    )
