"""A job is carried out to its end: well, in the end badly, or by another worker."""

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from conftest import CLOCK
from factories import insert, pupil
from working import HASTY, KIND, Office, until

from jobs import turns
from jobs.registry import Overtaken, Running
from models.job import JobMove
from models.student import Student
from models.vocabulary import JobKind
from services import jobs
from services.problems import ConflictError, Refused
from subscriptions.bell import JOB
from subscriptions.connection import connect

pytestmark = pytest.mark.anyio

SECRET = "Camille a 8 en maths"


class Spy:
    """A handler that notes its turns and goes on when it is let."""

    def __init__(self) -> None:
        self.turns: list[Running] = []
        self.may_end = asyncio.Event()

    async def __call__(self, running: Running) -> None:
        self.turns.append(running)
        await running.advance(0.5, message="Lecture de la copie")
        await self.may_end.wait()

    async def begun(self, times: int = 1) -> bool:
        return len(self.turns) >= times


async def test_a_job_is_seen_from_its_request_to_its_end(office: Office) -> None:
    spy = Spy()
    student = await pupil(office.db)
    id = await office.ask(student_id=student, given={"format": "PDF"})
    async with office.worker({KIND: spy}):

        async def halfway() -> bool:
            return (await office.job(id))["progress"] == 0.5

        await until(halfway)
        running = await office.job(id)
        assert (running["status"], running["message"]) == ("RUNNING", "Lecture de la copie")
        assert running["finished_at"] is None
        spy.may_end.set()
        ended = await office.reaches(id, "SUCCEEDED", "FAILED")
        await office.emptied()
    assert (ended["status"], ended["progress"], ended["message"]) == ("SUCCEEDED", 1, None)
    assert ended["finished_at"] == CLOCK
    (turn,) = spy.turns
    assert (turn.id, turn.kind, turn.student_id) == (id, KIND, student)
    assert turn.given == {"format": "PDF"}


async def test_every_move_of_a_job_rings(office: Office) -> None:
    spy = Spy()
    spy.may_end.set()
    id = await office.ask()
    redis = connect(office.redis_url)
    async with redis.pubsub(ignore_subscribe_messages=True) as ear:
        await ear.subscribe(f"{JOB}{id}")
        async with office.worker({KIND: spy}):
            await office.reaches(id, "SUCCEEDED")

            async def heard() -> bool:
                return await ear.get_message(timeout=0.1) is not None

            await until(heard)
    await redis.aclose()


async def test_a_job_that_fails_once_is_tried_again(office: Office) -> None:
    seen = []

    async def stumble(running: Running) -> None:
        seen.append((await office.job(running.id))["status"])
        if len(seen) == 1:
            raise ValueError(SECRET)

    id = await office.ask()
    async with office.worker({KIND: stumble}):
        ended = await office.reaches(id, "SUCCEEDED", "FAILED")
    assert (ended["status"], seen) == ("SUCCEEDED", ["RUNNING", "RUNNING"])


@pytest.mark.parametrize(("failures", "hours"), [(0, 1), (1, 4), (2, 16)])
async def test_a_job_waits_longer_before_each_turn_as_one_that_was_never_begun(
    office: Office, failures: int, hours: int
) -> None:
    async def fail(running: Running) -> None:
        await running.advance(0.7)
        raise ValueError(SECRET)

    id = await office.ask()
    await office.db.execute(
        "INSERT INTO nexus_app.pgqueuer_log (job_id, status, priority, entrypoint, traceback)"
        " SELECT id, 'queued', 0, entrypoint, $2 FROM nexus_app.pgqueuer, generate_series(1, $1)",
        failures,
        json.dumps({"exception_message": turns.FAILURE}),
    )
    async with office.worker({KIND: fail}, replace(HASTY, first_retry=3600.0)):

        async def put_back() -> timedelta | None:
            found: timedelta | None = await office.db.fetchval(
                "SELECT execute_after - updated FROM nexus_app.pgqueuer"
                " WHERE status = 'queued' AND attempts = 1"
            )
            return found

        assert await until(put_back) == timedelta(hours=hours)
    row = await office.job(id)
    assert (row["status"], row["progress"]) == ("QUEUED", 0.7)
    assert (row["finished_at"], row["message"]) == (None, None)


async def test_a_job_that_always_fails_ends_and_tells_nothing_of_why(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    tries = []

    async def fail(running: Running) -> None:
        tries.append(running.id)
        raise ValueError(SECRET)

    id = await office.ask()
    async with office.worker({KIND: fail}):
        ended = await office.reaches(id, "SUCCEEDED", "FAILED")
        await office.emptied()
    assert (ended["status"], ended["finished_at"]) == ("FAILED", CLOCK)
    assert ended["message"] == "Le traitement a échoué : vous pouvez le redemander plus tard"
    assert len(tries) == turns.TRIES
    noted = await office.db.fetch("SELECT l::text FROM nexus_app.pgqueuer_log l")
    assert len(noted) > turns.TRIES
    assert SECRET not in str([row["l"] for row in noted])
    assert SECRET not in caplog.text
    assert "ValueError" in caplog.text  # what is logged is its kind
    assert "in fail" in caplog.text  # and its place


async def test_a_refusal_is_told_and_not_tried_again(office: Office) -> None:
    tries = []

    async def refuse(running: Running) -> None:
        tries.append(running.id)
        raise Refused(ConflictError("la copie est illisible"))

    id = await office.ask()
    async with office.worker({KIND: refuse}):
        ended = await office.reaches(id, "SUCCEEDED", "FAILED")
    assert (ended["status"], ended["message"]) == ("FAILED", "la copie est illisible")
    assert len(tries) == 1


@pytest.mark.parametrize("kind", list(JobKind))
async def test_a_kind_that_nothing_carries_out_ends_and_says_so(
    office: Office, kind: JobKind
) -> None:
    id = await office.ask(kind)
    async with office.worker():
        ended = await office.reaches(id, "SUCCEEDED", "FAILED")
    assert ended["status"] == "FAILED"
    assert ended["message"] == "Ce traitement n’est pas encore disponible"


async def test_a_job_that_left_with_its_pupil_leaves_the_queue_too(office: Office) -> None:
    spy = Spy()
    student = await pupil(office.db)
    await office.ask(student_id=student)
    await office.db.execute("DELETE FROM nexus_app.students WHERE id = $1", student)
    async with office.worker({KIND: spy}):
        await office.emptied()
    assert spy.turns == []


async def test_a_job_that_takes_too_long_is_given_up(office: Office) -> None:
    spy = Spy()
    pace = replace(HASTY, longest_job=0.05)
    id = await office.ask()
    async with office.worker({KIND: spy}, pace):
        ended = await office.reaches(id, "SUCCEEDED", "FAILED")
    assert (ended["status"], len(spy.turns)) == ("FAILED", turns.TRIES)


async def test_a_job_that_ended_each_of_its_workers_is_not_begun_for_ever(office: Office) -> None:
    spy = Spy()
    id = await office.ask()
    await office.db.execute(
        "INSERT INTO nexus_app.pgqueuer_log (job_id, status, priority, entrypoint)"
        " SELECT id, 'picked', 0, entrypoint FROM nexus_app.pgqueuer, generate_series(0, $1)",
        turns.DEATHS,
    )
    async with office.worker({KIND: spy}):
        ended = await office.reaches(id, "SUCCEEDED", "FAILED")
    assert (ended["status"], spy.turns) == ("FAILED", [])


NAME = "SELECT display_name FROM nexus_app.students WHERE id = $1"


async def test_what_a_job_writes_at_its_end_is_written_with_it(office: Office) -> None:
    student = await pupil(office.db)
    tries = []

    async def rename(running: Running) -> None:
        tries.append(running.id)
        async with running.ending(message="Renommé") as work:
            found = await work.db.get_one(Student, running.student_id)
            found.display_name += " !"
            await work.db.flush()
            if len(tries) == 1:
                raise ValueError

    id = await office.ask(student_id=student)
    async with office.worker({KIND: rename}):
        ended = await office.reaches(id, "SUCCEEDED", "FAILED")
    assert (ended["status"], ended["message"], len(tries)) == ("SUCCEEDED", "Renommé", 2)
    assert await office.db.fetchval(NAME, student) == "Camille Petit !"


async def test_who_is_overtaken_writes_nothing(office: Office) -> None:
    student = await pupil(office.db)
    lost = []

    async def slow(running: Running) -> None:
        async with office.change() as work:  # another worker, which took this one for dead
            await jobs.move(work, running.id, JobMove.SUCCEED, message="L’autre")
        with suppress(Overtaken):
            async with running.ending() as work:
                lost.append(work)
        async with running.ending():
            lost.append(running)

    id = await office.ask(student_id=student)
    async with office.worker({KIND: slow}):
        await office.emptied()
    row = await office.job(id)
    assert (row["status"], row["message"], lost) == ("SUCCEEDED", "L’autre", [])


async def test_a_job_that_ended_unnoticed_by_the_queue_is_not_begun_again(office: Office) -> None:
    spy = Spy()
    id = await office.ask()
    ended = {"status": "SUCCEEDED", "finished_at": CLOCK, "progress": 1.0}
    await office.db.execute(
        "UPDATE nexus_app.jobs SET status = $1, finished_at = $2, progress = $3", *ended.values()
    )
    async with office.worker({KIND: spy}):
        await office.emptied()
    row = await office.job(id)
    assert spy.turns == []
    assert {name: row[name] for name in ended} == ended


async def test_work_about_no_job_at_all_leaves_the_queue(office: Office) -> None:
    other = await insert(office.db, "jobs")
    await office.ask()
    await office.db.execute("DELETE FROM nexus_app.jobs WHERE id <> $1", other)
    async with office.worker():
        await office.emptied()
    assert (await office.job(other))["status"] == "QUEUED"
