"""A pupil's tasks are brought in step once, again for nothing, and anew when something happens."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import asyncpg
import pytest
from conftest import CLOCK, Gate
from factories import insert
from faults import listening
from sqlalchemy import select
from tutoring import ADMIN, Pupil, Tutoring, tutoring

from models.student import Student
from services import students
from services.coaching import Advice, advise, advise_all
from services.unit_of_work import Work, unit_of_work

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
RICH = 3
SUITES, LIMITES = "MATHS-T-SUITES", "MATHS-T-LIMITES"
EDIT = """mutation ($input: UpdateTaskInput!) {
  done: updateTask(input: $input) { task { id reason } errors { message } } }"""
COMPLETE = """mutation ($input: CompleteTaskInput!) {
  done: completeTask(input: $input) { errors { message } } }"""
SKIP = "mutation ($input: SkipTaskInput!) { done: skipTask(input: $input) { errors { message } } }"
DELETE = """mutation ($input: DeleteTaskInput!) {
  done: deleteTask(input: $input) { deletedId errors { message } } }"""


class Advised:
    """A pupil with mathématiques to revise; what the coach says, and what then stands."""

    def __init__(self, school: Tutoring, pupil: Pupil) -> None:
        self.school, self.pupil = school, pupil

    async def advise(self, at: datetime = CLOCK) -> tuple[Advice, Work]:
        async with unit_of_work(self.school.gate.sessions, self.pupil.viewer, at) as work:
            student = await students.hold(work, self.pupil.id)
            return await advise(work, student), work

    async def tasks(self, motive: str = "%") -> list[asyncpg.Record]:
        found: list[asyncpg.Record] = await self.school.db.fetch(
            "SELECT * FROM nexus_app.tasks WHERE student_id = $1 AND status = 'Todo'"
            " AND motive LIKE $2 ORDER BY motive",
            self.pupil.id,
            motive,
        )
        return found

    async def task(self, motive: str) -> asyncpg.Record:
        (found,) = await self.tasks(motive)
        return found

    async def measured(self, score: float, chapter: str = SUITES, days: int = 30) -> None:
        await insert(
            self.school.db, "progress", student_id=self.pupil.id, chapter_code=chapter,
            score=score, updated_at=CLOCK - days * DAY,
        )  # fmt: skip

    async def events(self) -> list[asyncpg.Record]:
        found: list[asyncpg.Record] = await self.school.db.fetch(
            "SELECT * FROM nexus_app.events WHERE student_id = $1 ORDER BY seq", self.pupil.id
        )
        return found


@pytest.fixture
async def advised(empty_database: str, anyio_backend: str) -> AsyncIterator[Advised]:
    async with tutoring(empty_database) as school:
        one = Advised(school, await school.pupil())
        await insert(
            school.db, "epreuves_plan", student_id=one.pupil.id, subject="MATHS",
            scheduled_at=date(2027, 6, 16), window_end=date(2027, 6, 18),
        )  # fmt: skip
        await one.measured(0.3)
        await one.measured(0.7, LIMITES)
        yield one


async def test_what_is_due_again_becomes_tasks_with_their_reasons(advised: Advised) -> None:
    advice, _ = await advised.advise()
    suites = await advised.task(f"revision/{SUITES}")
    assert advice.created == len(await advised.tasks()) >= 4
    assert (suites["source"], suites["subject"], suites["weight"]) == ("Agent", "MATHS", 3.9)
    assert "Maîtrise mesurée : 30 % (1 mesure, la dernière le 24 octobre 2026)" in suites["reason"]
    assert "coefficient 16, épreuve le 16 juin 2027 (date estimée)" in suites["reason"]


async def test_the_journal_says_that_the_coach_did_it_without_a_gap(advised: Advised) -> None:
    advice, work = await advised.advise()
    events = await advised.events()
    assert [event["seq"] for event in events] == list(range(1, advice.created + 1))
    assert {(event["kind"], event["actor_agent"], event["actor_role"]) for event in events} == {
        ("TASK_CREATED", "COACH", None)
    }
    assert [event.seq for event in work.events] == [event["seq"] for event in events]
    assert {event["entity_id"] for event in events} == {
        task["id"] for task in await advised.tasks()
    }


async def test_a_second_run_writes_and_journals_nothing(advised: Advised) -> None:
    await advised.advise()
    before = await advised.events()
    advice, work = await advised.advise(CLOCK + timedelta(hours=1))
    assert (advice.changed, work.events) == (False, [])
    assert await advised.events() == before


async def test_after_a_bad_mark_its_chapter_comes_first(advised: Advised) -> None:
    await advised.advise()
    before = await advised.task(f"revision/{LIMITES}")
    paper = await insert(
        advised.school.db, "evaluations", student_id=advised.pupil.id, status="Corrigé",
        score_20=0.0, submitted_at=CLOCK, graded_at=CLOCK,
    )  # fmt: skip
    await insert(
        advised.school.db, "evaluation_items", student_id=advised.pupil.id, evaluation_id=paper,
        chapter_code=LIMITES,
    )  # fmt: skip
    advice, work = await advised.advise(CLOCK + timedelta(hours=1))
    after = await advised.task(f"revision/{LIMITES}")
    assert advice.updated >= 1
    assert after["id"] == before["id"]
    assert after["weight"] == pytest.approx(before["weight"] + 1.0)
    others = [task for task in await advised.tasks("revision/%") if task["id"] != after["id"]]
    assert others
    assert all(task["weight"] < after["weight"] for task in others)
    assert after["due_at"] <= before["due_at"]
    assert "Évaluation corrigée le 23 novembre 2026 : 0/20" in after["reason"]
    told = {event.entity_id: event for event in work.events}[after["id"]]
    assert told.kind == "TASK_UPDATED"
    assert told.payload_json["after"]["weight"] == after["weight"]


async def test_what_is_known_again_is_taken_off_the_list(advised: Advised) -> None:
    await advised.advise()
    await advised.school.db.execute(
        "UPDATE nexus_app.progress SET score = 0.95, evidence_count = 4, updated_at = $1"
        " WHERE chapter_code = $2",
        CLOCK,
        SUITES,
    )
    advice, work = await advised.advise()
    assert (advice.withdrawn, await advised.tasks(f"revision/{SUITES}")) == (1, [])
    assert "TASK_DELETED" in {event.kind for event in work.events}


async def test_a_task_that_a_person_changed_stays_as_it_is(advised: Advised) -> None:
    await advised.advise()
    task = await advised.task(f"revision/{SUITES}")
    await advised.school.do(advised.pupil.viewer, EDIT, id=str(task["id"]), weight=0.5)
    await advised.advise(CLOCK + DAY)
    after = await advised.task(f"revision/{SUITES}")
    assert (after["weight"], after["due_at"]) == (0.5, task["due_at"])


async def test_a_pupil_reads_why_a_task_was_set(advised: Advised) -> None:
    await advised.advise()
    task = await advised.task(f"revision/{SUITES}")
    done = await advised.school.do(advised.pupil.viewer, EDIT, id=str(task["id"]))
    assert done["task"]["reason"] == task["reason"]


@pytest.mark.parametrize("said", [SKIP, DELETE])
async def test_what_was_refused_twice_comes_back_in_another_form(
    advised: Advised, said: str
) -> None:
    await advised.advise()
    for week in range(2):
        task = await advised.task(f"revision/{SUITES}")
        at = CLOCK + week * 8 * DAY
        await advised.school.do(advised.pupil.viewer, said, at=at, id=str(task["id"]))
        await advised.advise(at + DAY)
        assert await advised.tasks(f"revision/{SUITES}%") == []  # not within the week
        await advised.advise(at + 8 * DAY)
    (other,) = await advised.tasks(f"revision/{SUITES}%")
    assert (other["motive"], other["category"]) == (f"revision/{SUITES}:exercice", "EXERCICE")
    assert "Passé 2 fois sous une autre forme" in other["reason"]


async def test_another_ones_task_on_the_chapter_is_enough(advised: Advised) -> None:
    await insert(
        advised.school.db, "tasks", student_id=advised.pupil.id, source="Coach",
        subject="MATHS", chapter_code=SUITES,
    )  # fmt: skip
    await advised.advise()
    assert await advised.tasks(f"revision/{SUITES}%") == []


async def test_many_pupils_take_as_many_statements_as_one(own_gate: Gate) -> None:
    assert await statements(own_gate, 1) == await statements(own_gate, 30)


async def statements(gate: Gate, count: int) -> int:
    """How many statements it takes to coach so many pupils of the school."""
    said: list[str] = []
    async with unit_of_work(gate.sessions, ADMIN, CLOCK) as work:
        held = await held_pupils(work, count)
        with listening(gate.sessions.kw["bind"], said.append):
            advice = await advise_all(work, held)
        assert all(one.created for one in advice.values())
        await work.db.rollback()
    return len(said)


async def held_pupils(work: Work, count: int) -> list[Student]:
    rows = await work.db.scalars(
        select(Student)
        .order_by(Student.created_at, Student.id)
        .offset(RICH)  # they were coached when the school was made
        .limit(count)
        .with_for_update()
    )
    return list(rows)


async def test_many_at_once_are_told_what_each_is_told_alone(own_gate: Gate) -> None:
    async with unit_of_work(own_gate.sessions, ADMIN, CLOCK) as work:
        together = await advise_all(work, await held_pupils(work, 12))
        await work.db.rollback()
    for id, advice in together.items():
        async with unit_of_work(own_gate.sessions, ADMIN, CLOCK) as work:
            assert await advise(work, await students.hold(work, id)) == advice


async def test_every_pupil_of_the_school_is_in_step_after_one_run(
    own_gate: Gate, own_school: str
) -> None:
    for first in (True, False):
        async with unit_of_work(own_gate.sessions, ADMIN, CLOCK) as work:
            advice = await advise_all(work, await held_pupils(work, 100))
            assert any(one.changed for one in advice.values()) is first


RECORD = """mutation ($input: RecordProgressInput!) {
  done: recordProgress(input: $input) { errors { message } } }"""


async def test_a_failed_measure_keeps_the_revision_on_the_list(advised: Advised) -> None:
    competence = await advised.school.db.fetchval(
        "UPDATE nexus_app.progress SET score = 0.79, evidence_count = 6, updated_at = $1"
        " WHERE chapter_code = $2 RETURNING competence_code",
        CLOCK - 91 * DAY,
        SUITES,
    )
    await advised.advise()
    before = await advised.task(f"revision/{SUITES}")
    failed = [{"chapterCode": SUITES, "competenceCode": competence, "score": 0.0}]
    await advised.school.do(
        ADMIN, RECORD, studentId=str(advised.pupil.id), subject="MATHS", evidence=failed
    )
    await advised.advise()
    after = await advised.task(f"revision/{SUITES}")
    assert after["id"] == before["id"]
    assert after["weight"] > before["weight"]


async def test_taking_away_what_was_done_refuses_nothing(advised: Advised) -> None:
    await advised.advise()
    for week in range(2):
        at = CLOCK + week * 16 * DAY
        task = await advised.task(f"revision/{SUITES}")
        await advised.school.do(advised.pupil.viewer, COMPLETE, at=at, id=str(task["id"]))
        await advised.school.do(advised.pupil.viewer, DELETE, at=at, id=str(task["id"]))
        await advised.advise(at + 16 * DAY)
    assert (await advised.task(f"revision/{SUITES}"))["category"] == "REVISION"
