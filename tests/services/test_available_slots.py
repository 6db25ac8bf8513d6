"""What is shown as free can be booked, and shows of the others' sessions that they are there."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
from conftest import CLOCK
from tutoring import (
    ADMIN,
    DAY,
    HOUR,
    MINUTE,
    MORNING,
    SLOTS,
    Pupil,
    Tutoring,
    coach,
    tutoring,
)

from models.vocabulary import Role
from services.access import Viewer

pytestmark = pytest.mark.anyio

END = MORNING + 12 * HOUR


@pytest.fixture
async def school(empty_database: str) -> AsyncIterator[Tutoring]:
    """A coach whose day is open."""
    async with tutoring(empty_database) as opened:
        await opened.opens()
        yield opened


@pytest.fixture
async def pupil(school: Tutoring) -> Pupil:
    return await school.pupil()


async def slots(
    school: Tutoring,
    viewer: Viewer,
    pupil: Pupil,
    since: datetime = MORNING - HOUR,
    until: datetime = END + HOUR,
    **given: Any,
) -> Any:
    """The slots as they are shown, or the codes of the errors."""
    answer = await school.gate.ask(
        viewer,
        SLOTS,
        **{"studentId": str(pupil.id), "from": since.isoformat(), "to": until.isoformat(), **given},
    )
    if answer.errors:
        return [error.extensions and error.extensions["code"] for error in answer.errors]
    assert answer.data is not None
    return answer.data["availableSlots"]


def spans(found: list[dict[str, Any]]) -> list[tuple[datetime, datetime]]:
    return [
        (datetime.fromisoformat(each["start"]), datetime.fromisoformat(each["end"]))
        for each in found
    ]


async def test_an_open_day_is_one_slot(school: Tutoring, pupil: Pupil):
    assert await slots(school, pupil.viewer, pupil) == [
        {
            "coach": {"id": "coach", "displayName": "Coach"},
            "start": MORNING.isoformat(),
            "end": END.isoformat(),
            "kinds": ["VISIO", "PRESENTIEL", "STAGE"],
        }
    ]


async def test_a_strangers_session_is_seen_as_a_gap(school: Tutoring, pupil: Pupil):
    """Row-level security hides the row itself from the pupil."""
    stranger = await school.pupil("stranger")
    await school.session(stranger, MORNING + HOUR)
    await school.session(stranger, MORNING + 5 * HOUR, status="Annulé")
    gap = [(MORNING, MORNING + HOUR), (MORNING + 2 * HOUR, END)]
    for viewer in (pupil.viewer, coach(), ADMIN):
        assert spans(await slots(school, viewer, pupil)) == gap


async def test_the_pupils_own_session_elsewhere_is_a_gap(school: Tutoring, pupil: Pupil):
    await school.session(pupil, MORNING + HOUR, coach_id=None, coach_name=None)
    found = spans(await slots(school, pupil.viewer, pupil))
    assert found == [(MORNING, MORNING + HOUR), (MORNING + 2 * HOUR, END)]


async def test_less_than_a_quarter_of_an_hour_is_no_slot(school: Tutoring, pupil: Pupil):
    await school.session(pupil, MORNING + 15 * MINUTE, HOUR)
    await school.session(pupil, MORNING + 15 * MINUTE + HOUR + 14 * MINUTE, HOUR)
    found = spans(await slots(school, pupil.viewer, pupil))
    assert [start for start, _ in found] == [MORNING, MORNING + 2 * HOUR + 29 * MINUTE]


async def test_slots_lie_in_the_window_and_ahead(school: Tutoring, pupil: Pupil):
    await school.opens(CLOCK - HOUR, 2 * HOUR)
    window = (MORNING + HOUR, MORNING + 2 * HOUR)
    assert spans(await slots(school, pupil.viewer, pupil, *window)) == [window]
    today = await slots(school, pupil.viewer, pupil, CLOCK - DAY, CLOCK + DAY)
    assert spans(today) == [(CLOCK, CLOCK + HOUR)]
    assert await slots(school, pupil.viewer, pupil, CLOCK - DAY, CLOCK) == []


async def test_coaches_of_one_start_come_in_order(school: Tutoring):
    await school.opens(MORNING + HOUR, HOUR, coach="b")
    await school.opens(MORNING + HOUR, HOUR, coach="a")
    pupil = await school.pupil("p", "b", "a", "coach")
    found = await slots(school, pupil.viewer, pupil)
    assert [each["coach"]["id"] for each in found] == ["coach", "a", "b"]
    (named,) = await slots(school, pupil.viewer, pupil, coachId="b")
    assert named["coach"]["id"] == "b"


@pytest.mark.parametrize("name", ["stranger", "nobody", ""])
async def test_the_hours_of_other_coaches_are_not_shown(school: Tutoring, pupil: Pupil, name: str):
    await school.opens(coach="stranger")
    assert await slots(school, pupil.viewer, pupil, coachId=name) == []


async def test_a_kind_narrows_the_slots(school: Tutoring, pupil: Pupil):
    await school.opens(END, HOUR, kinds=["Visio"])
    ends = {
        kind: [end for _, end in spans(await slots(school, pupil.viewer, pupil, kind=kind))]
        for kind in (None, "VISIO", "STAGE")
    }
    assert ends == {None: [END, END + HOUR], "VISIO": [END + HOUR], "STAGE": [END]}


async def test_a_slot_that_is_shown_can_be_booked(school: Tutoring, pupil: Pupil):
    await school.session(await school.pupil("other"), MORNING + HOUR)
    found = await slots(school, pupil.viewer, pupil)
    for start, end in spans(found):
        length = min(end - start, 8 * HOUR)
        assert (await school.book(pupil.viewer, pupil, start, length))["errors"] == []
    left = spans(await slots(school, pupil.viewer, pupil))
    assert left == [(MORNING + 10 * HOUR, END)]


@pytest.mark.parametrize("viewer", [Viewer("far", role) for role in Role if role is not Role.ADMIN])
async def test_a_foreign_pupil_has_no_slots_as_an_absent_one(
    school: Tutoring, pupil: Pupil, viewer: Viewer
):
    assert await slots(school, viewer, pupil) == []


@pytest.mark.parametrize("length", [timedelta(days=62, seconds=1), -MINUTE])
async def test_a_window_is_62_days_at_most(school: Tutoring, pupil: Pupil, length: timedelta):
    assert await slots(school, ADMIN, pupil, CLOCK, CLOCK + length) == ["BAD_USER_INPUT"]
    assert len(await slots(school, ADMIN, pupil, CLOCK, CLOCK + timedelta(days=62))) == 1


async def test_busy_slots_show_hours_and_nothing_more(school: Tutoring, pupil: Pupil):
    await school.session(pupil)
    rows = await school.db.fetch(
        "SELECT * FROM nexus_app.busy_slots($1, $2, $3)", ["coach"], MORNING, END
    )
    assert [dict(row) for row in rows] == [
        {"coach_id": "coach", "slot_start": MORNING, "slot_end": MORNING + HOUR}
    ]


async def test_busy_slots_are_for_the_api_alone(school: Tutoring):
    await school.db.execute("CREATE ROLE passer_by")
    try:
        await school.db.execute("GRANT USAGE ON SCHEMA nexus_app TO passer_by; SET ROLE passer_by")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="busy_slots"):
            await school.db.fetch("SELECT nexus_app.busy_slots('{}', $1, $1)", MORNING)
    finally:
        await school.db.execute("RESET ROLE; DROP OWNED BY passer_by; DROP ROLE passer_by")
