"""Agents run for a pupil once for what has happened, say why, and do nothing when run again."""

import asyncio
from typing import Any

import pytest
from conftest import Gate
from reading import read

from models.vocabulary import Role
from services.access import Viewer
from services.demo_school import People
from tests.changing import change, refusals, tables

pytestmark = pytest.mark.anyio

SHOWN = "student { id version } ran { agent reason created updated }"
JOURNAL = """SELECT kind, seq, actor_agent, actor_role, payload_json AS payload FROM events
  WHERE student_id = $1 AND seq > $2 ORDER BY seq"""


class Pupil:
    """Hugo of the demo school, for whom agents ran at the beginning of the year."""

    def __init__(self, gate: Gate, dsn: str, viewer: Viewer, id: str) -> None:
        self.gate, self.dsn, self.viewer, self.id = gate, dsn, viewer, id

    async def run(self, *agents: str, **given: Any) -> dict[str, Any]:
        named = {"agents": list(agents)} if agents else {}
        input = {"studentId": self.id, **named, **given}
        return await change(self.gate, self.viewer, "runAgents", SHOWN, **input)

    async def changes(self, name: str, **given: Any) -> dict[str, Any]:
        return await change(self.gate, self.viewer, name, **given)

    async def version(self) -> int:
        sql = "SELECT version FROM students WHERE id = $1"
        (row,) = await read(self.dsn, sql, self.id)
        return int(row["version"])

    async def journal(self, after: int) -> list[dict[str, Any]]:
        return await read(self.dsn, JOURNAL, self.id, after)

    async def a_task(self, label: str = "Lire") -> str:
        done = await change(
            self.gate, self.viewer, "createTask", "task { id }", studentId=self.id, label=label
        )
        id: str = done["task"]["id"]
        return id


@pytest.fixture
async def hugo(own_gate: Gate, own_school: str, people: People) -> Pupil:
    """As he is once the agents have caught up."""
    one = Pupil(own_gate, own_school, Viewer("admin", Role.ADMIN), str(people.students[1].id))
    await one.run()
    return one


def who(done: dict[str, Any]) -> list[str]:
    return [run["agent"] for run in done["ran"]]


async def test_who_is_run_by_aria_says_why_and_what(hugo: Pupil) -> None:
    before = await hugo.version()
    await hugo.changes("skipTask", id=await hugo.a_task())
    done = await hugo.run()
    assert (refusals(done), who(done)) == ([], ["COACH"])
    assert done["ran"][0]["reason"].startswith("Tâche passée et tâche ajoutée : ")
    assert done["student"] == {"id": hugo.id, "version": await hugo.version()}
    last = (await hugo.journal(before))[-1]
    assert (last["kind"], last["actor_agent"], last["actor_role"]) == ("AGENTS_RAN", "ARIA", None)
    assert last["payload"] == {
        "ran": done["ran"],
        "after": before,
        "because": {"TASK_CREATED": 1, "TASK_SKIPPED": 1},
        "askedBy": "ADMIN",
    }


async def test_a_second_run_changes_nothing_and_journals_nothing(hugo: Pupil) -> None:
    await hugo.a_task()
    first = await hugo.run()
    before = await tables(hugo.dsn)
    again = await hugo.run()
    assert (who(first), who(again)) == (["COACH"], [])
    assert (again["events"], again["errors"]) == ([], [])
    assert await tables(hugo.dsn) == before


async def test_of_two_runs_at_once_one_does_the_work(hugo: Pupil) -> None:
    await hugo.a_task()
    both = await asyncio.gather(hugo.run(), hugo.run())
    assert sorted(who(done) for done in both) == [[], ["COACH"]]


async def test_a_changed_profile_is_planned_and_then_coached(hugo: Pupil) -> None:
    await read(hugo.dsn, "UPDATE students SET epreuves_synced_at = NULL WHERE id = $1", hugo.id)
    before = await hugo.version()
    await hugo.changes("updateStudentProfile", studentId=hugo.id, options=[])
    done = await hugo.run()
    assert who(done) == ["PLANNER", "COACH"]
    planner = done["ran"][0]
    assert planner["reason"] == (
        "Profil modifié : plan des épreuves de la session 2027, 1 épreuve retirée."
    )
    assert (planner["created"], planner["updated"]) == (0, 1)
    entries = await hugo.journal(before)
    planned = [one for one in entries if one["kind"] == "EPREUVES_SYNCED"]
    assert [one["actor_agent"] for one in planned] == ["PLANNER"]
    assert [one["kind"] for one in entries].count("AGENTS_RAN") == 1
    assert who(await hugo.run()) == []


async def test_a_new_name_runs_nobody(hugo: Pupil) -> None:
    await hugo.changes("updateStudentProfile", studentId=hugo.id, displayName="Hugo M.")
    assert who(await hugo.run()) == []


async def test_named_agents_run_whatever_happened_and_leave_the_rest_unread(hugo: Pupil) -> None:
    await read(hugo.dsn, "DELETE FROM epreuves_plan WHERE student_id = $1", hugo.id)
    await hugo.a_task()
    done = await hugo.run("PLANNER")
    assert who(done) == ["PLANNER"]
    assert done["ran"][0]["reason"].startswith("À la demande : ")
    assert done["ran"][0]["created"] > 0
    assert who(await hugo.run()) == ["COACH"]  # for the task that nobody has read of yet


async def test_named_agents_who_change_nothing_journal_nothing(hugo: Pupil) -> None:
    await hugo.run("COACH", "PLANNER")
    before = await tables(hugo.dsn)
    done = await hugo.run("COACH", "PLANNER", "COACH")
    assert who(done) == ["PLANNER", "COACH"]
    assert done["events"] == []
    assert await tables(hugo.dsn) == before


async def test_aria_named_beside_others_reads_too(hugo: Pupil) -> None:
    await hugo.a_task()
    done = await hugo.run("ARIA", "PLANNER")
    assert [run["reason"].split(" :")[0] for run in done["ran"]] == [
        "À la demande",
        "Tâche ajoutée",
    ]
    assert who(await hugo.run()) == []


async def test_agents_that_cannot_act_yet_are_refused_in_french(hugo: Pupil) -> None:
    before = await tables(hugo.dsn)
    done = await hugo.run("COACH", "REPORTER", "EVALUATOR")
    assert refusals(done) == [("ValidationError", "agents.1"), ("ValidationError", "agents.2")]
    assert done["errors"][0]["message"] == (
        "l’agent « Rapporteur » ne peut pas encore être lancé ainsi"
    )
    assert (done["student"], done["ran"]) == (None, [])
    assert await tables(hugo.dsn) == before


async def test_a_list_that_names_nobody_is_refused(hugo: Pupil) -> None:
    assert refusals(await hugo.run(agents=[])) == [("ValidationError", "agents")]


async def test_a_plan_that_cannot_be_made_is_told_and_stops_no_other(hugo: Pupil) -> None:
    sql = "UPDATE students SET specialities = '{MATHS,MATHS}' WHERE id = $1"
    await read(hugo.dsn, sql, hugo.id)
    done = await hugo.run("PLANNER", "COACH")
    assert who(done) == ["PLANNER", "COACH"]
    assert "le plan ne peut être établi" in done["ran"][0]["reason"]


async def test_a_retry_gives_the_first_answer_again(hugo: Pupil) -> None:
    await hugo.a_task()
    first = await hugo.run(idempotencyKey="k")
    before = await tables(hugo.dsn)
    again = await hugo.run(idempotencyKey="k")
    assert again == first
    assert again["ran"] != []
    assert await tables(hugo.dsn) == before


async def test_the_pupil_and_the_coach_may_run_agents_and_the_parent_may_not(
    hugo: Pupil, people: People, coach: Viewer, parent: Viewer
) -> None:
    pupil = Viewer(people.students[1].user_id, Role.STUDENT)
    for hugo.viewer in (pupil, coach):
        await hugo.a_task(f"Lire {hugo.viewer.id}")
        assert who(await hugo.run()) == ["COACH"]
    before = await tables(hugo.dsn)
    hugo.viewer = parent
    assert refusals(await hugo.run()) == [("ForbiddenError", "")]
    hugo.viewer = Viewer(people.students[0].user_id, Role.STUDENT)
    assert refusals(await hugo.run()) == [("NotFoundError", "studentId")]
    assert await tables(hugo.dsn) == before
