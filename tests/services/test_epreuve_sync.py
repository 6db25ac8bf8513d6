"""The plan is brought in step once, again for nothing, and anew with the profile."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from conftest import CLOCK, Gate
from reading import read
from sqlalchemy import event

from models.vocabulary import Role
from services.access import Viewer
from services.demo_school import People
from services.epreuve_sync import sync
from services.unit_of_work import unit_of_work
from tests.changing import change, refusals, tables

pytestmark = pytest.mark.anyio

SHOWN = """plan { totalWeight syncedAt items {
  id code subject weight scheduledAt provisional source mark20 windowStart windowEnd
} }"""


class Pupil:
    """Hugo: Terminale générale, MATHS and PHYSIQUE_CHIMIE, SES given up, MATHS_EXPERTES."""

    def __init__(self, gate: Gate, dsn: str, viewer: Viewer, id: str) -> None:
        self.gate, self.dsn, self.viewer, self.id = gate, dsn, viewer, id

    async def sync(self) -> dict[str, Any]:
        return await change(self.gate, self.viewer, "syncEpreuves", SHOWN, studentId=self.id)

    async def becomes(self, **given: Any) -> dict[str, Any]:
        return await change(
            self.gate, self.viewer, "updateStudentProfile", studentId=self.id, **given
        )

    async def forget(self) -> None:
        """As if the pupil's plan had never been made."""
        await read(self.dsn, "DELETE FROM epreuves_plan WHERE student_id = $1", self.id)
        await read(self.dsn, "UPDATE students SET epreuves_synced_at = NULL WHERE id = $1", self.id)

    async def rows(self) -> dict[str, dict[str, Any]]:
        sql = """SELECT id, code, subject, weight, scheduled_at AS day, provisional, source,
          mark_20 AS mark, reference FROM epreuves_plan WHERE student_id = $1"""
        return {row["code"]: row for row in await read(self.dsn, sql, self.id)}

    async def id_of(self, code: str) -> str:
        id: str = (await self.rows())[code]["id"]
        return id


@pytest.fixture
async def hugo(own_gate: Gate, own_school: str, people: People) -> Pupil:
    return Pupil(own_gate, own_school, Viewer("admin", Role.ADMIN), str(people.students[1].id))


async def test_a_pupil_without_a_plan_gets_the_whole_of_it(hugo: Pupil) -> None:
    await hugo.forget()
    done = await hugo.sync()
    assert refusals(done) == []
    assert (done["plan"]["totalWeight"], done["plan"]["syncedAt"]) == (100, CLOCK.isoformat())
    items = {item["code"]: item for item in done["plan"]["items"]}
    practical = items["E4-Specialite2-PRATIQUE"]
    assert (practical["weight"], practical["scheduledAt"]) == (3.2, "2027-06-01")
    assert (practical["windowStart"], practical["windowEnd"]) == ("2027-06-01", "2027-06-04")
    assert items["E2-Philosophie"]["provisional"] is False
    assert items["OPTT-MathsExpertes"]["weight"] == 2
    (entry,) = done["events"]
    assert (entry["kind"], entry["entity"]) == ("EPREUVES_SYNCED", None)
    told = entry["payload"]
    assert (told["session"], told["totalWeight"], told["count"]) == (2027, 100, len(items))
    assert {one["code"] for one in told["added"]} == set(items)
    assert (told["changed"], told["removed"]) == ([], [])


async def test_a_second_run_journals_nothing_and_changes_nothing(hugo: Pupil) -> None:
    await hugo.forget()
    first = await hugo.sync()
    before = await tables(hugo.dsn)
    again = await hugo.sync()
    assert (again["plan"], again["events"], again["errors"]) == (first["plan"], [], [])
    assert await tables(hugo.dsn) == before


async def test_of_two_who_plan_at_once_one_does(hugo: Pupil) -> None:
    await hugo.forget()
    both = await asyncio.gather(hugo.sync(), hugo.sync())
    assert sorted(len(done["events"]) for done in both) == [0, 1]
    assert both[0]["plan"] == both[1]["plan"]


@pytest.mark.parametrize(("planned", "statements"), [(True, 3), (False, 7)])
async def test_a_pupil_takes_three_statements_and_seven_where_something_changes(
    hugo: Pupil, *, planned: bool, statements: int
) -> None:
    # the viewer, the pupil, its plan; the rows, the journal's head, its entry, when it was planned
    if not planned:
        await hugo.forget()
    sent: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    engine = hugo.gate.sessions.kw["bind"].sync_engine
    event.listen(engine, "before_cursor_execute", count)
    async with unit_of_work(hugo.gate.sessions, hugo.viewer, CLOCK) as work:
        await sync(work, student_id=UUID(hugo.id))
    assert len(sent) == statements


async def test_the_demo_school_is_planned_by_the_same_planner(hugo: Pupil, people: People) -> None:
    before = await tables(hugo.dsn)
    for one in people.students:
        hugo.id = str(one.id)
        done = await hugo.sync()
        assert (done["events"], done["errors"]) == ([], [])
    assert await tables(hugo.dsn) == before


async def test_what_a_person_dated_and_marked_survives(hugo: Pupil) -> None:
    id = await hugo.id_of("E5-GrandOral")
    await change(hugo.gate, hugo.viewer, "scheduleEpreuve", id=id, scheduledAt="2027-06-24")
    await change(hugo.gate, hugo.viewer, "recordMark", id=id, mark20=15)
    sql = "UPDATE epreuves_plan SET weight = 1, scheduled_at = NULL WHERE student_id = $1"
    await read(hugo.dsn, f"{sql} AND source <> 'Agent'", hugo.id)
    done = await hugo.sync()
    (event,) = done["events"]
    assert "E5-GrandOral" not in {one["code"] for one in event["payload"]["changed"]}
    row = (await hugo.rows())["E5-GrandOral"]
    assert (row["day"], row["provisional"], row["mark"]) == ("2027-06-24", False, 15)
    assert done["plan"]["totalWeight"] == 100


async def test_what_is_undated_by_hand_is_dated_by_the_next_synchronisation(hugo: Pupil) -> None:
    id = await hugo.id_of("E5-GrandOral")
    for day in ("2027-06-24", None):
        await change(hugo.gate, hugo.viewer, "scheduleEpreuve", id=id, scheduledAt=day)
    done = await hugo.sync()
    (told,) = done["events"][0]["payload"]["changed"]
    assert told == {
        "code": "E5-GrandOral",
        "before": {"scheduledAt": None},
        "after": {"scheduledAt": "2027-06-21"},
    }


async def test_a_change_of_profile_plans_again_and_tells_what_changed(hugo: Pupil) -> None:
    before = await hugo.rows()
    done = await hugo.becomes(
        specialities=["MATHS", "SES"], specialiteAbandonnee="PHYSIQUE_CHIMIE", options=[]
    )
    assert [event["kind"] for event in done["events"]] == ["PROFILE_UPDATED", "EPREUVES_SYNCED"]
    told = done["events"][1]["payload"]
    assert [one["code"] for one in told["removed"]] == [
        "E4-Specialite2-PRATIQUE",
        "OPTT-MathsExpertes",
    ]
    changed = {one["code"]: one for one in told["changed"]}
    assert changed.keys() == {"E4-Specialite2", "CC1-SpecialitePremiere"}
    assert changed["E4-Specialite2"]["after"]["subject"] == "SES"
    assert changed["E4-Specialite2"]["after"]["weight"] == 16
    after = await hugo.rows()
    assert after["E4-Specialite2"]["id"] == before["E4-Specialite2"]["id"]
    assert (await hugo.sync())["events"] == []


async def test_a_dispensation_leaves_the_denominator(hugo: Pupil) -> None:
    done = await hugo.becomes(dispenses=["EPS"])
    assert [one["code"] for one in done["events"][1]["payload"]["removed"]] == ["CCT-EPS"]
    assert (await hugo.sync())["plan"]["totalWeight"] == 94


async def test_a_dispensation_that_the_regulation_does_not_know_here_is_refused(
    hugo: Pupil,
) -> None:
    done = await hugo.becomes(dispenses=["CHANGEMENT_DE_SERIE", "EPS", "EPS"])
    assert refusals(done) == [("ValidationError", "dispenses")] * 2


async def test_what_changes_no_epreuve_plans_nothing_again(hugo: Pupil) -> None:
    done = await hugo.becomes(displayName="Hugo M.", timeZone="Indian/Reunion")
    assert [event["kind"] for event in done["events"]] == ["PROFILE_UPDATED"]


async def test_a_pupil_who_was_never_planned_is_not_planned_by_a_change(hugo: Pupil) -> None:
    await hugo.forget()
    done = await hugo.becomes(options=[])
    assert [event["kind"] for event in done["events"]] == ["PROFILE_UPDATED"]
    assert await hugo.rows() == {}


async def test_a_profile_that_cannot_be_planned_is_refused_with_the_reason(hugo: Pupil) -> None:
    sql = "UPDATE students SET specialities = '{MATHS,MATHS}' WHERE id = $1"
    await read(hugo.dsn, sql, hugo.id)
    before = await tables(hugo.dsn)
    done = await hugo.sync()
    assert refusals(done) == [("ValidationError", "studentId")]
    assert "choisie deux fois" in done["errors"][0]["message"]
    assert await tables(hugo.dsn) == before


async def test_an_epreuve_that_no_text_sets_stays(hugo: Pupil) -> None:
    id = await hugo.id_of("E2-Philosophie")
    sql = "UPDATE epreuves_plan SET code = 'X-Blanc', reference = NULL, source = 'Agent'"
    await read(hugo.dsn, f"{sql} WHERE id = $1", id)
    done = await hugo.sync()
    assert [one["code"] for one in done["events"][0]["payload"]["added"]] == ["E2-Philosophie"]
    assert (await hugo.rows())["X-Blanc"]["id"] == id


async def test_a_retry_gives_the_first_answer_again(hugo: Pupil) -> None:
    await hugo.forget()
    given = {"studentId": hugo.id, "idempotencyKey": "k"}
    first = await change(hugo.gate, hugo.viewer, "syncEpreuves", SHOWN, **given)
    before = await tables(hugo.dsn)
    again = await change(hugo.gate, hugo.viewer, "syncEpreuves", SHOWN, **given)
    assert again["events"] == first["events"] != []
    assert await tables(hugo.dsn) == before


async def test_the_pupil_and_the_coach_may_plan_and_the_parent_may_not(
    hugo: Pupil, people: People, coach: Viewer, parent: Viewer
) -> None:
    pupil = Viewer(people.students[1].user_id, Role.STUDENT)
    for hugo.viewer in (pupil, coach):
        await hugo.forget()
        done = await hugo.sync()
        assert (refusals(done), len(done["events"])) == ([], 1)
    before = await tables(hugo.dsn)
    hugo.viewer = parent
    assert refusals(await hugo.sync()) == [("ForbiddenError", "")]
    hugo.viewer = Viewer(people.students[0].user_id, Role.STUDENT)
    assert refusals(await hugo.sync()) == [("NotFoundError", "studentId")]
    assert await tables(hugo.dsn) == before


# ------------------------------------------------------------------ marks


async def test_a_mark_is_recorded_told_and_taken_away(hugo: Pupil) -> None:
    id = await hugo.id_of("EA-FrancaisEcrit")
    for given, before in ((11.5, None), (None, 11.5)):
        done = await change(hugo.gate, hugo.viewer, "recordMark", SHOWN, id=id, mark20=given)
        (event,) = done["events"]
        assert event["kind"] == "EPREUVE_UPDATED"
        assert event["payload"] == {
            "code": "EA-FrancaisEcrit", "before": {"mark20": before}, "after": {"mark20": given},
        }  # fmt: skip
        assert (await hugo.rows())["EA-FrancaisEcrit"]["mark"] == given


@pytest.mark.parametrize("given", [{}, {"mark20": None}])
async def test_a_mark_that_is_not_given_or_not_there_changes_nothing(hugo: Pupil, given) -> None:
    id = await hugo.id_of("EA-FrancaisEcrit")
    before = await tables(hugo.dsn)
    done = await change(hugo.gate, hugo.viewer, "recordMark", id=id, **given)
    assert (done["events"], done["errors"]) == ([], [])
    assert await tables(hugo.dsn) == before


@pytest.mark.parametrize("mark", [-0.01, 20.01, 1e300])
async def test_a_mark_goes_from_0_to_20(hugo: Pupil, mark: float) -> None:
    id = await hugo.id_of("EA-FrancaisEcrit")
    before = await tables(hugo.dsn)
    done = await change(hugo.gate, hugo.viewer, "recordMark", id=id, mark20=mark)
    assert refusals(done) == [("ValidationError", "mark20")]
    assert await tables(hugo.dsn) == before
