"""Work is asked for in a transaction: the job and its place in the queue stand or fall with it."""

import asyncio
import json
import subprocess
import sys
from contextlib import suppress

import asyncpg
import pytest
from conftest import CLOCK
from factories import insert, pupil
from working import ADMIN, KIND, Office

from gateway.settings import ROOT
from models.base import uuid7
from models.job import JobMove
from models.vocabulary import JobStatus, Role
from services import jobs
from services.access import Viewer
from services.jobs import BUILDERS, QUEUE
from services.problems import ConflictError, Refused

pytestmark = pytest.mark.anyio

COUNT = "SELECT count(*) FROM nexus_app.jobs"


async def test_what_is_asked_for_waits_and_is_about_whom_it_is_about(office: Office) -> None:
    student = await pupil(office.db)
    async with office.change() as work:
        job = await jobs.enqueue(work, KIND, student_id=student, given={"format": "PDF"})
        assert work.jobs == [job.id]
    row = await office.job(job.id)
    assert (row["kind"], row["status"], row["progress"]) == ("EXPORT_DATA", "QUEUED", 0)
    assert (row["student_id"], row["requested_by"]) == (student, ADMIN.id)
    assert (row["created_at"], row["finished_at"]) == (CLOCK, None)
    queued = await office.db.fetchrow("SELECT * FROM nexus_app.pgqueuer")
    assert (queued["entrypoint"], queued["status"]) == ("EXPORT_DATA", "queued")
    assert json.loads(queued["headers"]) == {"job": str(job.id)}
    assert json.loads(queued["payload"]) == {"format": "PDF"}


async def test_what_was_asked_for_is_undone_with_the_change_that_asked(office: Office) -> None:
    with suppress(ZeroDivisionError):
        async with office.change() as work:
            await jobs.enqueue(work, KIND)
            raise ZeroDivisionError
    assert await office.db.fetchval(COUNT) == 0
    assert await office.waits() == []


async def test_what_a_failed_part_asked_for_is_undone_alone(office: Office) -> None:
    async with office.change() as work:
        kept = await jobs.enqueue(work, KIND)
        with suppress(ZeroDivisionError):
            async with work.attempt():
                await jobs.enqueue(work, KIND)
                raise ZeroDivisionError
        assert work.jobs == [kept.id]
    assert await office.db.fetchval(COUNT) == 1
    assert await office.waits() == ["queued"]


async def test_who_asks_again_under_the_same_key_is_given_the_first_job(office: Office) -> None:
    first = await office.ask(key="report")
    async with office.change() as work:
        await jobs.enqueue(work, KIND, key="another")
        again = await jobs.enqueue(work, KIND, key="report")
        await jobs.enqueue(work, KIND)
        assert again.id == first
    assert await office.waits() == ["queued"] * 3
    assert await office.db.fetchval(COUNT) == 3


async def test_of_many_who_ask_at_once_under_one_key_all_are_given_one_job(office: Office) -> None:
    asked = await asyncio.gather(*(office.ask(key="report") for _ in range(5)))
    assert len(set(asked)) == 1
    assert await office.waits() == ["queued"]


async def test_a_key_is_free_again_once_its_job_has_ended(office: Office) -> None:
    first = await office.ask(key="report")
    async with office.worker():
        await office.reaches(first, "FAILED")
        await office.emptied()
    assert await office.ask(key="report") != first


async def test_a_key_held_by_an_unseen_job_is_a_conflict(office: Office) -> None:
    await office.ask(key="report")
    stranger = Viewer("a-parent", Role.PARENT)
    with pytest.raises(Refused) as refused:
        async with office.change(stranger) as work:
            await jobs.enqueue(work, KIND, key="report")
    assert isinstance(refused.value.problems[0], ConflictError)
    assert await office.db.fetchval(COUNT) == 1


MOVES = [
    (status, action, action.target if status in action.sources else None)
    for status in JobStatus
    for action in JobMove
]


@pytest.mark.parametrize(("status", "action", "target"), MOVES)
async def test_a_job_moves_along_its_life_and_in_no_other_way(
    office: Office, status: JobStatus, action: JobMove, target: JobStatus | None
) -> None:
    ended = CLOCK if status in (JobStatus.SUCCEEDED, JobStatus.FAILED) else None
    values = {"status": status, "progress": 0.4, "finished_at": ended}
    id = await insert(office.db, "jobs", **values)
    async with office.change() as work:
        moved = await jobs.move(work, id, action, message="Un mot")
        assert work.jobs == ([id] if target else [])
    row = await office.job(id)
    if target is None:
        assert moved is None
        assert {name: row[name] for name in values} == values
    else:
        assert moved is not None
        assert moved.status == row["status"] == target
        assert row["finished_at"] == (CLOCK if target in ("SUCCEEDED", "FAILED") else None)
        assert row["progress"] == (1.0 if target == "SUCCEEDED" else 0.4)
        assert row["message"] == "Un mot"


async def test_progress_is_bounded_and_never_goes_back(office: Office) -> None:
    id = await insert(office.db, "jobs", status="RUNNING")
    seen = []
    for reached in (0.3, 0.1, -1.0, float("nan"), 0.5, 7.0):
        async with office.change() as work:
            assert await jobs.advance(work, id, reached)
        seen.append((await office.job(id))["progress"])
    assert seen == [0.3, 0.3, 0.3, 0.3, 0.5, 1.0]


@pytest.mark.parametrize("status", ["QUEUED", "SUCCEEDED", "FAILED"])
async def test_only_a_running_job_advances(office: Office, status: str) -> None:
    ended = None if status == "QUEUED" else CLOCK
    id = await insert(office.db, "jobs", status=status, finished_at=ended)
    async with office.change() as work:
        assert not await jobs.advance(work, id, 0.9)
        assert work.jobs == []
    assert (await office.job(id))["progress"] == 0


async def test_the_queue_s_tables_are_those_that_its_library_wants(office: Office) -> None:
    from pgqueuer.db import AsyncpgDriver
    from pgqueuer.queries import Queries

    async with office.db.acquire() as connection:
        queries = Queries(AsyncpgDriver(connection), **BUILDERS)
        assert await queries.schema_is_installed()
        plan = await queries.plan_upgrade()
    assert plan.statements == ()


def test_the_names_of_the_queue_are_not_taken_from_the_environment() -> None:
    names = ["PREFIX", "SCHEMA", "CHANNEL", "QUEUE_TABLE", "QUEUE_TABLE_LOG", "SCHEDULES_TABLE"]
    environment = {f"PGQUEUER_{name}": "other" for name in names}
    environment |= dict.fromkeys(names, "other")
    said = subprocess.run(
        [sys.executable, "-c", "from services.jobs import QUEUE; print(QUEUE.model_dump_json())"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=True,
    ).stdout
    assert json.loads(said) == json.loads(QUEUE.model_dump_json())


async def as_api(office: Office, viewer: Viewer, statement: str, *values: object) -> str:
    """What PostgreSQL says to the API's role, seen as somebody."""
    settings = {"role": "nexus_api", "nexus.viewer": viewer.id, "nexus.role": viewer.role.value}
    connection = await asyncpg.connect(office.dsn, server_settings=settings)
    try:
        return str(await connection.execute(statement, *values))
    finally:
        await connection.close()


PUT = (
    "INSERT INTO nexus_app.pgqueuer (id, priority, entrypoint, headers, status, execute_after)"
    " VALUES (1, 0, 'EXPORT_DATA', jsonb_build_object('job', $1::text), 'queued', '2026-11-23')"
)


async def test_the_queue_takes_nothing_about_a_job_that_one_does_not_see(office: Office) -> None:
    id = await insert(office.db, "jobs", requested_by=ADMIN.id)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await as_api(office, Viewer("a-parent", Role.PARENT), PUT, str(id))
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await as_api(office, ADMIN, PUT, str(uuid7()))
    assert await as_api(office, ADMIN, PUT, str(id)) == "INSERT 0 1"


async def test_the_queue_shows_who_asks_only_what_is_about_a_job_that_one_sees(
    office: Office,
) -> None:
    await office.ask()
    for viewer, rows in ((ADMIN, 1), (Viewer("a-parent", Role.PARENT), 0)):
        assert await as_api(office, viewer, "SELECT id FROM nexus_app.pgqueuer") == f"SELECT {rows}"


KEPT_FROM_THE_API = [
    "UPDATE nexus_app.pgqueuer SET status = 'failed'",
    "DELETE FROM nexus_app.pgqueuer",
    "TRUNCATE nexus_app.pgqueuer",
    "SELECT payload FROM nexus_app.pgqueuer",
    "SELECT * FROM nexus_app.pgqueuer_log",
    "DELETE FROM nexus_app.pgqueuer_log",
    "SELECT * FROM nexus_app.pgqueuer_schedules",
    "SELECT * FROM nexus_app.pgqueuer_statistics",
    "SELECT nexus_app.refresh_dashboard_summary('2026-11-23')",
    "SELECT nexus_app.forget_idempotency_keys('2026-11-23', 1)",
]


@pytest.mark.parametrize("statement", KEPT_FROM_THE_API)
async def test_the_api_may_put_work_into_the_queue_and_nothing_else(
    office: Office, statement: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
        await as_api(office, ADMIN, statement)


KEPT_FROM_WORKERS = [
    "SELECT * FROM nexus_app.students",
    "SELECT * FROM nexus_app.jobs",
    "SELECT * FROM nexus_app.idempotency_keys",
    "DELETE FROM nexus_app.idempotency_keys",
    "SELECT * FROM nexus_app.mv_dashboard_summary",
    "INSERT INTO nexus_app.pgqueuer (priority, entrypoint, status) VALUES (0, 'x', 'queued')",
]


@pytest.mark.parametrize("statement", KEPT_FROM_WORKERS)
async def test_the_worker_s_role_sees_no_row_of_a_pupil(office: Office, statement: str) -> None:
    connection = await asyncpg.connect(office.dsn, server_settings={"role": "nexus_worker"})
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
        await connection.execute(statement)
    await connection.close()
