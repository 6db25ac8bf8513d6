"""Agents run without being asked: every pupil by night, and by day whom something happened to."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest
from conftest import CLOCK
from factories import pupil
from sqlalchemy import event
from working import HASTY, Office, until

from jobs import agents as unasked
from jobs.desk import Desk
from jobs.handlers import handlers
from models.vocabulary import EventKind
from services import agents, journal
from services.unit_of_work import Work
from subscriptions.bell import Bell
from subscriptions.connection import connect

pytestmark = pytest.mark.anyio

RAN = """SELECT seq, payload_json #>> '{}' AS payload FROM nexus_app.events
  WHERE student_id = $1 AND kind = 'AGENTS_RAN' ORDER BY seq"""
PLANNED = "SELECT count(*) FROM nexus_app.epreuves_plan WHERE student_id = $1"
JOBS = "SELECT status::text FROM nexus_app.jobs ORDER BY id"


def desk_of(office: Office) -> Desk:
    return Desk(office.sessions, Bell(connect("redis://127.0.0.1:1")), lambda: CLOCK)


async def a_pupil(office: Office) -> UUID:
    """One of whom something is known already: the file was opened today."""
    id = await pupil(office.db)
    async with office.change() as work:
        await journal.record(work, id, EventKind.STUDENT_CREATED)
    return id


async def runs(office: Office, student: UUID) -> list[dict[str, Any]]:
    return [json.loads(row["payload"]) for row in await office.db.fetch(RAN, student)]


async def test_by_night_every_pupil_is_planned_and_coached_in_one_job_after_another(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unasked, "CHUNK", 2)
    monkeypatch.setattr(unasked, "TURN", 4)
    students = [await pupil(office.db) for _ in range(9)]
    await unasked.ask_for_the_night(desk_of(office))
    async with office.worker(handlers()):
        await until(lambda: ended(office, 3))
    for student in students:
        (run,) = await runs(office, student)
        assert [one["agent"] for one in run["ran"]] == ["PLANNER", "COACH"]
        assert await office.db.fetchval(PLANNED, student) > 0


async def ended(office: Office, count: int) -> bool:
    states = [row["status"] for row in await office.db.fetch(JOBS)]
    return len(states) >= count and set(states) == {"SUCCEEDED"}


async def test_a_second_night_of_the_same_day_changes_nothing(office: Office) -> None:
    student = await a_pupil(office)
    for count in (1, 2):
        await unasked.ask_for_the_night(desk_of(office))
        async with office.worker(handlers()):
            await until(lambda count=count: ended(office, count))
    assert len(await runs(office, student)) == 1


async def test_the_night_is_asked_for_once_while_it_waits(office: Office) -> None:
    for _ in range(2):
        await unasked.ask_for_the_night(desk_of(office))
    assert await office.waits() == ["queued"]


async def test_whoever_something_happened_to_is_seen_to_without_asking(office: Office) -> None:
    async with office.worker(handlers()):
        student = await a_pupil(office)
        await ring(office, student)
        await until(lambda: runs(office, student))
    (run,) = await runs(office, student)
    assert run["because"] == {"STUDENT_CREATED": 1}
    assert run["askedBy"] is None


async def ring(office: Office, student: UUID) -> None:
    redis = connect(office.redis_url)
    await redis.publish(f"nexus:journal:{student}", "1")
    await redis.aclose()


async def test_what_happens_without_redis_is_found_at_a_set_time(office: Office) -> None:
    await a_pupil(office)
    assert await unasked.ask_by_day(desk_of(office))
    assert await office.waits() == ["queued"]


async def test_where_nobody_waits_nothing_is_asked_for(office: Office) -> None:
    student = await a_pupil(office)
    async with office.change() as work:
        await agents.run(work, student_id=student)
        await journal.record(work, student, EventKind.RESOURCE_FAVORITED)
        await journal.record(work, student, EventKind.PROFILE_UPDATED, fields=["displayName"])
    assert await unasked.ask_by_day(desk_of(office))
    assert await office.waits() == []


async def test_while_the_night_goes_on_nothing_else_is_asked_for(office: Office) -> None:
    await a_pupil(office)
    desk = desk_of(office)
    await unasked.ask_for_the_night(desk)
    assert not await unasked.ask_by_day(desk)
    assert await office.waits() == ["queued"]


async def test_a_job_under_way_may_have_looked_too_early_so_it_is_asked_again(
    office: Office,
) -> None:
    await a_pupil(office)
    desk = desk_of(office)
    assert await unasked.ask_by_day(desk)
    assert await unasked.ask_by_day(desk)  # the same one: it has not looked yet
    await office.db.execute("UPDATE nexus_app.jobs SET status = 'RUNNING'")
    assert not await unasked.ask_by_day(desk)
    assert await office.waits() == ["queued"]


async def test_a_burst_while_a_job_is_under_way_leads_to_another_look(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, asked = [False, False, True], asyncio.Event()

    async def ask(_desk: Desk) -> bool:
        answer = answers.pop(0)
        if not answers:
            asked.set()
        return answer

    monkeypatch.setattr(unasked, "ask_by_day", ask)
    rung = asyncio.Event()
    rung.set()
    following = asyncio.create_task(unasked.follow(desk_of(office), rung, HASTY))
    async with asyncio.timeout(30):
        await asked.wait()
    following.cancel()
    await asyncio.wait([following])
    assert answers == []


async def test_a_pupil_who_is_being_changed_keeps_nobody_else_waiting(office: Office) -> None:
    busy, free = sorted([await a_pupil(office), await a_pupil(office)])
    await unasked.ask_for_the_night(desk_of(office))
    async with office.worker(handlers()):
        async with office.db.acquire() as db, db.transaction():
            await db.execute("SELECT FROM nexus_app.students WHERE id = $1 FOR UPDATE", busy)
            await until(lambda: runs(office, free))
            assert await runs(office, busy) == []
        await until(lambda: runs(office, busy))


async def test_a_night_that_is_cut_off_is_gone_on_with_and_does_nobody_twice(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unasked, "CHUNK", 1)
    monkeypatch.setattr(unasked, "ABREAST", 1)
    students = sorted([await a_pupil(office) for _ in range(4)])
    await unasked.ask_for_the_night(desk_of(office))
    async with office.db.acquire() as db, db.transaction():
        await db.execute("SELECT FROM nexus_app.students WHERE id = $1 FOR UPDATE", students[2])
        async with office.worker(handlers()):
            await until(lambda: runs(office, students[1]))
    assert [len(await runs(office, one)) for one in students] == [1, 1, 0, 0]
    async with office.worker(handlers()):
        await until(lambda: ended(office, 1))
    assert [len(await runs(office, one)) for one in students] == [1, 1, 1, 1]


async def test_a_pupil_for_whom_agents_fail_is_told_and_keeps_nobody_from_theirs(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    students = [await a_pupil(office) for _ in range(3)]
    run = agents.run_for_held

    async def fails_for_one(work: Work, held: Any, **given: Any) -> Any:
        if students[1] in {student.id for student in held}:
            raise ZeroDivisionError
        return await run(work, held, **given)

    monkeypatch.setattr(agents, "run_for_held", fails_for_one)
    assert await unasked.ask_by_day(desk_of(office))
    async with office.worker(handlers()):
        await until(lambda: ended(office, 1))
    assert [len(await runs(office, one)) for one in students] == [1, 0, 1]
    assert f"agents for student {students[1]}: ZeroDivisionError" in caplog.text


async def test_many_pupils_take_as_many_statements_as_one(office: Office) -> None:
    sent: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    engine = office.sessions.kw["bind"].sync_engine
    event.listen(engine, "before_cursor_execute", count)
    counts = []
    for size in (1, 8):
        students = [await a_pupil(office) for _ in range(size)]
        sent.clear()
        await unasked._run(desk_of(office), students, night=True)
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 25
