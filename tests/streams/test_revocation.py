"""Rights that end while something is followed: a replay, a cohort, a job stop there."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest
from following import Live, eventually

from models.vocabulary import JobKind, Role
from services import jobs
from services.access import Viewer
from services.demo_school import People
from services.unit_of_work import unit_of_work
from subscriptions import followers

pytestmark = pytest.mark.anyio

LONG = 3600.0  # seconds: what is seen below was rung for
UNLINK = """
mutation ($id: ID!, $person: ID!) {
  unlinkGuardian(input: {studentId: $id, personId: $person}) { errors { message } }
}
"""
ASSIGN = """
mutation ($id: ID!, $person: ID!) {
  assignCoach(input: {studentId: $id, personId: $person}) { errors { message } }
}
"""
UNASSIGN = """
mutation ($id: ID!, $person: ID!) {
  unassignCoach(input: {studentId: $id, personId: $person}) { errors { message } }
}
"""
COHORT = "subscription { cohortUpdates { event { seq } student { id } } }"
JOB = "subscription ($id: ID!) { jobUpdates(id: $id) { status } }"
UNSEEN = "there is no such id"


@pytest.fixture(autouse=True)
def no_heart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followers, "HEARTBEAT", LONG)
    monkeypatch.setattr(followers, "DEAF_HEARTBEAT", LONG)


@pytest.fixture
async def wall(live: Live, people: People, admin: Viewer) -> Viewer:
    """A coach of the first two pupils, and of nobody else."""
    coach = Viewer("coach-of-two", Role.COACH)
    for pupil in people.students[:2]:
        await live.ask(admin, ASSIGN, id=str(pupil.id), person=coach.id)
    return coach


async def test_a_replay_stops_where_the_right_to_it_ends(
    live: Live, people: People, parent: Viewer, admin: Viewer
):
    pupil = people.parents[0].wards[0]
    heard = await live.subscribe(parent, id=str(pupil), after=0)
    assert await heard.seqs(2) == [1, 2]
    watched = live.app.state.followers._watched[pupil]
    assert watched.replaying
    await live.ask(admin, UNLINK, id=str(pupil), person=parent.id)
    await eventually(lambda: not watched.replaying)
    with pytest.raises(Exception, match=UNSEEN):
        await heard.next()


async def test_others_replay_on_when_one_loses_the_right_to(
    live: Live, people: People, parent: Viewer, student: Viewer, admin: Viewer
):
    pupil = people.parents[0].wards[0]
    assert pupil == people.students[0].id
    lost = await live.subscribe(parent, id=str(pupil), after=0)
    kept = await live.subscribe(student, id=str(pupil), after=0)
    assert await lost.seqs(1) == await kept.seqs(1) == [1]
    await live.ask(admin, UNLINK, id=str(pupil), person=parent.id)
    last = await live.work(student, pupil)
    assert await kept.seqs(last - 1) == list(range(2, last + 1))


async def test_a_job_about_a_pupil_is_shown_no_more_to_who_is_unlinked(
    live: Live, people: People, parent: Viewer, admin: Viewer
):
    pupil = people.parents[0].wards[0]
    async with unit_of_work(live.app.state.sessions, admin, datetime.now(UTC)) as work:
        job = await jobs.enqueue(work, JobKind.EXPORT_DATA, student_id=pupil)
    heard = await live.subscribe(parent, JOB, id=str(job.id))
    assert (await heard.next())["data"]["jobUpdates"] == {"status": "QUEUED"}
    last = asyncio.ensure_future(heard.next())
    await asyncio.sleep(0)  # it waits for a ring
    await live.ask(admin, UNLINK, id=str(pupil), person=parent.id)
    with pytest.raises(Exception, match=UNSEEN):
        await last


async def test_a_cohort_goes_on_without_a_pupil_who_is_unassigned(
    live: Live, people: People, wall: Viewer, admin: Viewer
):
    gone, kept = (pupil.id for pupil in people.students[:2])
    heard = await live.subscribe(wall, COHORT)
    first = asyncio.ensure_future(heard.next())
    await live.work(admin, gone)
    assert student_of(await first) == gone
    await live.ask(admin, UNASSIGN, id=str(gone), person=wall.id)
    await live.work(admin, gone)
    await live.work(admin, kept)
    assert student_of(await heard.next()) == kept


async def test_a_cohort_shows_nothing_of_who_was_unassigned_before_it_was_first_read(
    live: Live, people: People, wall: Viewer, admin: Viewer
):
    gone, kept = (pupil.id for pupil in people.students[:2])
    heard = await live.subscribe(wall, COHORT)
    await live.work(admin, gone)
    await live.ask(admin, UNASSIGN, id=str(gone), person=wall.id)
    await live.work(admin, kept)
    assert student_of(await heard.next()) == kept


async def test_a_cohort_begins_where_it_was_let_in_whenever_it_is_first_read(
    live: Live, people: People, wall: Viewer, admin: Viewer
):
    pupil = people.students[0].id
    heard = await live.subscribe(wall, COHORT)
    wanted = [await live.work(admin, pupil) for _ in range(3)]
    told = [(await heard.next())["data"]["cohortUpdates"]["event"]["seq"] for _ in wanted]
    assert told == wanted


async def test_a_cohort_takes_in_who_was_assigned_before_it_was_first_read(
    live: Live, people: People, wall: Viewer, admin: Viewer
):
    pupil = people.students[2].id
    heard = await live.subscribe(wall, COHORT)
    live.app.state.bell.ring = lambda events: None  # it is not even rung for
    await live.ask(admin, ASSIGN, id=str(pupil), person=wall.id)
    assert student_of(await heard.next()) == pupil


def student_of(payload: dict) -> UUID:
    return UUID(payload["data"]["cohortUpdates"]["student"]["id"])
