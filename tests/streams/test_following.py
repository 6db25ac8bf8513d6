"""Following a journal: every event once, in order, whenever one comes and goes."""

import asyncio

import pytest
from following import Live, living

from gateway.refusals import Rejected
from gateway.settings import Settings
from models.vocabulary import Role
from services.access import Viewer
from services.demo_school import People

pytestmark = pytest.mark.anyio

UNLINK = """
mutation Unlink($id: ID!, $person: ID!) {
  unlinkGuardian(input: {studentId: $id, personId: $person}) { errors { message } }
}
"""
ASSIGN = """
mutation Assign($id: ID!, $person: ID!) {
  assignCoach(input: {studentId: $id, personId: $person}) { events { seq } errors { message } }
}
"""
COHORT = "subscription { cohortUpdates { event { seq } student { id } } }"


async def version(live: Live, viewer: Viewer, student_id: str) -> int:
    asked = "query ($id: ID!) { student(id: $id) { version } }"
    return int((await live.ask(viewer, asked, id=str(student_id)))["student"]["version"])


async def test_without_a_number_it_starts_now(live: Live, people: People, student: Viewer):
    pupil = people.students[0].id
    heard = await live.subscribe(student, id=str(pupil))
    first = asyncio.ensure_future(heard.next())
    seq = await live.work(student, pupil)
    told = (await first)["data"]["dashboardUpdates"]
    assert told["event"] == {"seq": seq, "kind": "TASK_CREATED"}
    assert told["student"]["version"] >= seq


async def test_after_a_number_the_past_comes_first_and_then_the_present(
    live: Live, people: People, student: Viewer
):
    pupil = people.students[0].id
    end = await version(live, student, pupil)
    heard = await live.subscribe(student, id=str(pupil), after=0)
    assert await heard.seqs(end) == list(range(1, end + 1))
    seq = await live.work(student, pupil)
    assert await heard.seqs(1) == [seq]


async def test_what_another_process_commits_is_heard(
    live: Live, live_settings: Settings, people: People, student: Viewer
):
    pupil = people.students[0].id
    async with living(live_settings) as other:
        heard = await live.subscribe(student, id=str(pupil))
        first = asyncio.ensure_future(heard.seqs(1))
        assert [await other.work(student, pupil)] == await first


async def test_a_number_beyond_the_journal_is_refused(live: Live, people: People, student: Viewer):
    with pytest.raises(Rejected, match="where the journal ends"):
        await live.subscribe(student, id=str(people.students[0].id), after=1_000_000)


async def test_anothers_pupil_is_answered_as_one_who_is_not_there(
    live: Live, people: People, student: Viewer
):
    said = set()
    for id in (people.students[1].id, "018f0000-0000-7000-8000-000000000000"):
        with pytest.raises(Rejected) as refused:
            await live.subscribe(student, id=str(id))
        said.add(str(refused.value.errors[0].formatted))
    assert len(said) == 1


async def test_a_guardian_who_is_unlinked_hears_nothing_more(
    live: Live, people: People, parent: Viewer, admin: Viewer
):
    pupil = people.parents[0].wards[0]
    heard = await live.subscribe(parent, id=str(pupil))
    await live.ask(admin, UNLINK, id=str(pupil), person=parent.id)
    with pytest.raises(Exception, match="there is no such id"):
        await heard.next()


async def test_a_cohort_takes_in_a_pupil_who_is_assigned_meanwhile(
    live: Live, people: People, admin: Viewer
):
    coach = Viewer("coach-without-pupils", Role.COACH)
    pupil = people.students[0].id
    heard = await live.subscribe(coach, COHORT)
    first = asyncio.ensure_future(heard.next())
    await asyncio.sleep(0)
    made = await live.ask(admin, ASSIGN, id=str(pupil), person=coach.id)
    told = (await first)["data"]["cohortUpdates"]
    assert told["event"]["seq"] == made["assignCoach"]["events"][0]["seq"]
    assert told["student"]["id"] == str(pupil)
