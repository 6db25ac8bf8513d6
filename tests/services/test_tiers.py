"""What a pupil subscribes to is set by the school, for a time to come, and journaled."""

from datetime import timedelta

import pytest
from conftest import CLOCK

from tests.changing import change, refusals, tables
from tests.reading import read

pytestmark = pytest.mark.anyio

SHOWN = "student { version entitlement { tier expiresAt } }"
LATER = (CLOCK + timedelta(days=30)).isoformat()
LATEST = (CLOCK + timedelta(days=60)).isoformat()


@pytest.fixture
def ines(people):
    """Free, without an end."""
    return str(people.students[2].id)


async def test_a_tier_is_set_changed_and_taken_away(own_gate, admin, ines):
    free = {"tier": "FREE", "expiresAt": None}
    plus, longer = {"tier": "PLUS", "expiresAt": LATER}, {"tier": "PLUS", "expiresAt": LATEST}
    endless = {"tier": "PRO", "expiresAt": None}
    now = free
    for wanted in (plus, longer, endless, free):
        done = await change(own_gate, admin, "setEntitlement", SHOWN, studentId=ines, **wanted)
        assert refusals(done) == []
        assert done["student"]["entitlement"] == wanted
        (event,) = done["events"]
        assert event["kind"] == "ENTITLEMENT_CHANGED"
        assert event["payload"] == {"before": now, "after": wanted}
        assert event["seq"] == done["student"]["version"]
        now = wanted


async def test_a_pupil_without_a_row_counts_as_free(own_gate, own_school, admin, ines):
    await read(own_school, "DELETE FROM entitlements WHERE student_id = $1", ines)
    same = await change(own_gate, admin, "setEntitlement", SHOWN, studentId=ines, tier="FREE")
    assert (refusals(same), same["events"]) == ([], [])
    done = await change(own_gate, admin, "setEntitlement", SHOWN, studentId=ines, tier="PRO")
    assert done["events"][0]["payload"]["before"] == {"tier": "FREE", "expiresAt": None}
    assert done["student"]["entitlement"]["tier"] == "PRO"


async def test_setting_the_same_again_is_not_journaled(own_gate, own_school, admin, ines):
    given = {"studentId": ines, "tier": "PLUS", "expiresAt": LATER}
    await change(own_gate, admin, "setEntitlement", **given)
    before = await tables(own_school)
    again = await change(own_gate, admin, "setEntitlement", SHOWN, **given)
    assert (refusals(again), again["events"]) == ([], [])
    assert await tables(own_school) == before


@pytest.mark.parametrize(
    ("tier", "ends", "number"),
    [
        ("PLUS", timedelta(), 1),
        ("PRO", timedelta(days=-1), 1),
        ("FREE", timedelta(days=1), 1),
        ("FREE", timedelta(days=-1), 2),
    ],
)
async def test_an_end_is_to_come_and_free_has_none(
    shared_gate, school, admin, ines, tier, ends, number
):
    before = await tables(school)
    expires_at = (CLOCK + ends).isoformat()
    done = await change(
        shared_gate, admin, "setEntitlement", SHOWN, studentId=ines, tier=tier, expiresAt=expires_at
    )
    assert done["student"] is None
    assert refusals(done) == [("ValidationError", "expiresAt")] * number
    assert await tables(school) == before


async def test_the_school_alone_sets_tiers(shared_gate, school, people, student, parent, coach):
    before = await tables(school)
    given = {"studentId": str(people.students[0].id), "tier": "PRO"}
    for viewer in (student, parent, coach):
        done = await change(shared_gate, viewer, "setEntitlement", **given)
        assert refusals(done) == [("ForbiddenError", "")]
        assert done["errors"][0]["requiredRoles"] == ["ADMIN"]
    assert await tables(school) == before
