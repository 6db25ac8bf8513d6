"""An épreuve is dated by hand, and given back to the regulation."""

from typing import Any
from uuid import uuid4

import pytest
from conftest import Gate
from reading import read

from models.vocabulary import Role
from services.access import Viewer
from services.demo_school import People
from tests.changing import change, refusals, tables

pytestmark = pytest.mark.anyio

SHOWN = "plan { examSession items { id scheduledAt provisional source } }"


class Plan:
    """The plan of the first pupil, whose session is 2028."""

    def __init__(self, gate: Gate, dsn: str, viewer: Viewer, student_id: Any) -> None:
        self.gate, self.dsn, self.viewer, self.student_id = gate, dsn, viewer, student_id

    async def schedule(self, id: str, **given: Any) -> dict[str, Any]:
        return await change(self.gate, self.viewer, "scheduleEpreuve", SHOWN, id=id, **given)

    async def epreuve(self, *, official: bool = True) -> str:
        rows = await read(
            self.dsn,
            "SELECT id FROM epreuves_plan WHERE student_id = $1 AND provisional ORDER BY code",
            self.student_id,
        )
        id: str = rows[0]["id"]
        if not official:
            sql = "UPDATE epreuves_plan SET reference = NULL, source = 'Agent' WHERE id = $1"
            await read(self.dsn, sql, id)
        return id


def line(payload: dict[str, Any], id: str) -> tuple[Any, ...]:
    (found,) = [item for item in payload["plan"]["items"] if item["id"] == id]
    return found["scheduledAt"], found["provisional"], found["source"]


@pytest.fixture
async def plan(own_gate: Gate, own_school: str, people: People) -> Plan:
    id = people.students[0].id
    await read(own_school, "UPDATE students SET exam_session = 2028 WHERE id = $1", id)
    return Plan(own_gate, own_school, Viewer("admin", Role.ADMIN), id)


@pytest.mark.parametrize("day", ["2026-01-01", "2027-06-14", "2028-12-31"])
async def test_a_day_given_by_hand_is_certain_and_marked(plan: Plan, day: str) -> None:
    id = await plan.epreuve()
    payload = await plan.schedule(id, scheduledAt=day)
    assert payload["errors"] == []
    assert line(payload, id) == (day, False, "AGENT")
    (event,) = payload["events"]
    assert event["kind"] == "EPREUVE_UPDATED"
    assert event["entity"] == {"__typename": "Epreuve", "id": id}
    after = event["payload"]["after"]
    assert after == {"scheduledAt": day, "provisional": False, "source": "AGENT"}
    assert event["payload"]["before"].keys() == after.keys()


async def test_the_same_day_again_changes_nothing(plan: Plan) -> None:
    id = await plan.epreuve()
    first = await plan.schedule(id, scheduledAt="2027-06-14")
    before = await tables(plan.dsn)
    again = await plan.schedule(id, scheduledAt="2027-06-14")
    assert (again["plan"], again["events"]) == (first["plan"], [])
    assert await tables(plan.dsn) == before


async def test_without_a_day_it_is_the_regulations_again(plan: Plan) -> None:
    id = await plan.epreuve()
    await plan.schedule(id, scheduledAt="2027-06-14")
    payload = await plan.schedule(id, scheduledAt=None)
    assert line(payload, id) == (None, True, "REGLEMENT")
    (event,) = payload["events"]
    assert event["payload"]["before"]["scheduledAt"] == "2027-06-14"


async def test_what_no_text_sets_stays_an_agents_without_a_day(plan: Plan) -> None:
    id = await plan.epreuve(official=False)
    payload = await plan.schedule(id, scheduledAt=None)
    assert line(payload, id) == (None, True, "AGENT")


async def test_a_day_that_is_not_given_is_kept(plan: Plan) -> None:
    id = await plan.epreuve()
    before = await tables(plan.dsn)
    payload = await plan.schedule(id)
    assert (payload["events"], payload["errors"]) == ([], [])
    assert await tables(plan.dsn) == before


@pytest.mark.parametrize("day", ["2025-12-31", "2029-01-01", "1999-06-14"])
async def test_a_day_outside_the_cycle_is_refused(plan: Plan, day: str) -> None:
    id = await plan.epreuve()
    before = await tables(plan.dsn)
    payload = await plan.schedule(id, scheduledAt=day)
    assert refusals(payload) == [("ValidationError", "scheduledAt")]
    assert (payload["plan"], payload["events"]) == (None, [])
    assert await tables(plan.dsn) == before


async def test_who_may_not_dates_nothing(
    plan: Plan, student: Viewer, parent: Viewer, coach: Viewer
) -> None:
    id = await plan.epreuve()
    plan.viewer = coach
    assert (await plan.schedule(id, scheduledAt="2027-06-14"))["errors"] == []
    await read(plan.dsn, "DELETE FROM coachings WHERE person_id = $1", coach.id)
    before = await tables(plan.dsn)
    for viewer, kind in ((student, "Forbidden"), (parent, "Forbidden"), (coach, "NotFound")):
        plan.viewer = viewer
        payload = await plan.schedule(id, scheduledAt="2027-06-15")
        assert [error for error, _ in refusals(payload)] == [f"{kind}Error"]
    assert refusals(await plan.schedule(str(uuid4()))) == [("NotFoundError", "id")]
    assert await tables(plan.dsn) == before
