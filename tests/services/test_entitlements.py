"""What a pupil has bought holds until it expires, month by month where the pupil lives."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vocabulary import ReportPeriodKind, SessionKind, Tier, Visibility
from services.entitlements import INCLUDES, Entitled, entitled, month_start, tiers_including

CLOCK = datetime(2026, 11, 23, 12, tzinfo=UTC)
ZONES = ("Europe/Paris", "Pacific/Noumea", "America/Guadeloupe", "America/Havana", "UTC")

moments = st.datetimes(datetime(2020, 1, 2), datetime(2035, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


def bought(tier, expires_at=None):
    return SimpleNamespace(tier=tier, expires_at=expires_at)


def test_who_bought_nothing_is_free():
    assert entitled(None, 0, CLOCK) == Entitled(Tier.FREE, None, 2)


@pytest.mark.parametrize("tier", Tier)
def test_a_tier_without_an_end_holds(tier):
    assert entitled(bought(tier), 0, CLOCK).tier is tier


@pytest.mark.parametrize(
    ("left", "tier"),
    [
        (timedelta(microseconds=1), Tier.PRO),
        (timedelta(), Tier.FREE),
        (timedelta(days=-1), Tier.FREE),
    ],
)
def test_a_tier_counts_as_free_from_the_instant_it_expires(left, tier):
    assert entitled(bought(Tier.PRO, CLOCK + left), 0, CLOCK).tier is tier


def test_an_expired_tier_shows_no_end():
    assert entitled(bought(Tier.PLUS, CLOCK), 0, CLOCK).expires_at is None


def test_a_tier_that_holds_shows_its_end():
    end = CLOCK + timedelta(days=1)
    assert entitled(bought(Tier.PLUS, end), 0, CLOCK).expires_at == end


@given(st.sampled_from(Tier), st.integers(0, 1_000))
def test_what_is_left_is_the_limit_less_what_was_made_and_never_negative(tier, made):
    limit = INCLUDES[tier].evaluations_per_month
    left = entitled(bought(tier), made, CLOCK).evaluations_left_this_month
    assert left == (None if limit is None else max(0, limit - made))


def test_pro_alone_sets_no_limit():
    unlimited = [tier for tier in Tier if INCLUDES[tier].evaluations_per_month is None]
    assert unlimited == [Tier.PRO]


@pytest.mark.parametrize("feature", [*SessionKind, *ReportPeriodKind])
def test_what_a_tier_includes_the_tiers_above_it_do_too(feature):
    including = tiers_including(feature)
    assert including == tuple(Tier)[-len(including) :]


def test_the_shelves_are_those_that_are_sold():
    assert [tiers_including(shelf) for shelf in Visibility] == [
        (Tier.FREE, Tier.PLUS, Tier.PRO),
        (Tier.PLUS, Tier.PRO),
        (Tier.PRO,),
        (),
    ]


@given(moments, st.sampled_from(ZONES))
def test_a_month_begins_at_midnight_of_its_first_day_where_the_pupil_lives(moment, zone):
    start = month_start(moment, zone)
    local, now = start.astimezone(ZoneInfo(zone)), moment.astimezone(ZoneInfo(zone))
    assert (local.year, local.month, local.day, local.time()) == (
        now.year, now.month, 1, datetime.min.time(),
    )  # fmt: skip
    assert start <= moment


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Europe/Paris", datetime(2026, 10, 31, 23, tzinfo=UTC)),
        ("Pacific/Noumea", datetime(2026, 11, 30, 13, tzinfo=UTC)),
        ("America/Guadeloupe", datetime(2026, 11, 1, 4, tzinfo=UTC)),
    ],
)
def test_the_last_evening_of_november_belongs_to_two_months(zone, start):
    assert month_start(datetime(2026, 11, 30, 14, tzinfo=UTC), zone) == start
