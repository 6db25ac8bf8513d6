"""What many watchers of one pupil cost: read once, rendered once for each who may see the same."""

import asyncio

import asyncpg
import pytest
from following import UPDATES, Live, eventually

from gateway.settings import Settings
from gateway.streams.rendering import Renderings
from loaders.rows import Reader
from models.vocabulary import Role
from services.access import Viewer
from services.demo_school import People
from subscriptions import follow, followers

pytestmark = pytest.mark.anyio

DASHBOARD = """
subscription ($id: ID!) {
  dashboardUpdates(studentId: $id) {
    event { seq }
    student { dashboard { kpis { openTaskCount } } }
  }
}
"""
FAVORITES = """
subscription ($id: ID!) {
  dashboardUpdates(studentId: $id) {
    event { seq }
    student { favorites(first: 3) { nodes { title } } }
  }
}
"""
LINK = """
mutation ($id: ID!, $person: ID!) {
  linkGuardian(input: {studentId: $id, personId: $person}) { errors { message } }
}
"""
GONE = "DELETE FROM nexus_app.guardianships WHERE student_id = $1 AND person_id = $2"


@pytest.fixture(autouse=True)
def no_heart(monkeypatch: pytest.MonkeyPatch) -> None:
    """A heartbeat reads too, and is not what is counted."""
    monkeypatch.setattr(followers, "HEARTBEAT", 3600.0)


class Counted:
    """Statements that found something: who joins looks whether anything is new."""

    def __init__(self, live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        read = Reader.rows

        async def counting(reader, statement, **values):
            found = await read(reader, statement, **values)
            self.count += bool(found)
            return found

        monkeypatch.setattr(Reader, "rows", counting)


async def cost(
    live: Live, monkeypatch: pytest.MonkeyPatch, pupil, viewers: list[Viewer], query: str
) -> int:
    """Statements for one event with these watching."""
    heard = [await live.subscribe(viewer, query, id=str(pupil)) for viewer in viewers]
    waiting = [asyncio.ensure_future(each.next()) for each in heard]
    with monkeypatch.context() as patch:
        counted = Counted(live, patch)
        await live.work(viewers[0], pupil)
        told = await asyncio.gather(*waiting)
        assert len({str(each) for each in told}) == 1
    for each in heard:
        await each.close()
    return counted.count


async def test_a_hundred_watchers_cost_the_statements_of_one(
    live: Live, people: People, student: Viewer, monkeypatch
):
    pupil = people.students[0].id
    alone = await cost(live, monkeypatch, pupil, [student], DASHBOARD)
    assert await cost(live, monkeypatch, pupil, [student] * 100, DASHBOARD) == alone


async def test_admins_share_what_depends_on_the_role_alone(live: Live, people: People, monkeypatch):
    pupil = people.students[0].id
    admins = [Viewer(f"admin-{n}", Role.ADMIN) for n in range(20)]
    alone = await cost(live, monkeypatch, pupil, admins[:1], DASHBOARD)
    assert await cost(live, monkeypatch, pupil, admins, DASHBOARD) == alone


async def test_what_is_gated_by_person_is_read_for_each(live: Live, people: People, monkeypatch):
    pupil = people.students[0].id
    admins = [Viewer(f"admin-{n}", Role.ADMIN) for n in range(3)]
    alone = await cost(live, monkeypatch, pupil, admins[:1], FAVORITES)
    assert await cost(live, monkeypatch, pupil, admins, FAVORITES) > alone


async def test_two_documents_are_rendered_apart(live: Live, people: People, student: Viewer):
    pupil = people.students[0].id
    first = await live.subscribe(student, UPDATES, id=str(pupil))
    second = await live.subscribe(student, DASHBOARD, id=str(pupil))
    both = asyncio.gather(first.next(), second.next())
    await live.work(student, pupil)
    told = await both
    assert told[0]["data"]["dashboardUpdates"]["student"].keys() == {"version"}
    assert told[1]["data"]["dashboardUpdates"]["student"].keys() == {"dashboard"}


async def test_the_student_below_an_event_is_never_older_than_it(
    live: Live, people: People, student: Viewer
):
    pupil = people.students[0].id
    heard = await live.subscribe(student, DASHBOARD, id=str(pupil))
    seen = []
    for _ in range(3):
        await live.work(student, pupil)
        told = (await heard.next())["data"]["dashboardUpdates"]
        seen.append(told["student"]["dashboard"]["kpis"]["openTaskCount"])
    assert seen == [seen[0], seen[0] + 1, seen[0] + 2]


async def test_one_who_does_not_read_keeps_nobody_waiting_and_loses_nothing(
    live: Live, people: People, student: Viewer, monkeypatch
):
    monkeypatch.setattr(follow, "LONGEST_QUEUE", 20)
    pupil = people.students[0].id
    slow = await live.subscribe(student, id=str(pupil))
    quick = await live.subscribe(student, id=str(pupil))
    first = asyncio.ensure_future(slow.next())
    wanted = [await live.work(student, pupil)]
    await first
    follower = live.app.state.followers._watched[pupil]
    for _ in range(21):
        wanted.append(await live.work(student, pupil))
        assert await quick.seqs(1) == wanted[-2:-1]
    assert await quick.seqs(1) == wanted[-1:]
    assert follower.holders == 2
    assert await slow.seqs(21) == wanted[1:]


async def test_who_sees_no_more_spoils_nothing_for_those_who_shared(
    live: Live, live_settings: Settings, people: People, parent: Viewer, admin: Viewer
):
    pupil = people.parents[0].wards[0]
    other = Viewer("another-parent", Role.PARENT)
    await live.ask(admin, LINK, id=str(pupil), person=other.id)
    lost, kept = [await live.subscribe(each, DASHBOARD, id=str(pupil)) for each in (parent, other)]
    both = asyncio.gather(lost.next(), kept.next())
    await live.work(admin, pupil)
    await both
    follows = live.app.state.followers._watched[pupil].follows
    seq = await live.work(admin, pupil)
    await eventually(lambda: [each.waiting for each in follows] == [1, 1])
    owner = await asyncpg.connect(live_settings.asyncpg_dsn)  # unheard: both keep the entry
    await owner.execute(GONE, pupil, parent.id)
    await owner.close()
    assert (await lost.next())["errors"]
    told = (await kept.next())["data"]["dashboardUpdates"]
    assert told["event"] == {"seq": seq}
    assert told["student"]["dashboard"]


async def test_a_rendering_that_is_called_off_is_made_again_for_who_arrives_then():
    renderings, begun = Renderings(), asyncio.Event()

    async def slow() -> str:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # it takes a while to be called off
        return "old"

    async def quick() -> str:
        return "new"

    first = asyncio.ensure_future(renderings.get("key", slow))
    await begun.wait()
    first.cancel()
    second = asyncio.ensure_future(renderings.get("key", quick))
    assert await second == "new"
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_rendering_goes_on_for_who_stays_when_another_leaves():
    renderings, may_end, begun = Renderings(), asyncio.Event(), []

    async def slow() -> str:
        begun.append(True)
        await may_end.wait()
        return "shown"

    leaves, stays = (asyncio.ensure_future(renderings.get("key", slow)) for _ in range(2))
    await eventually(lambda: begun)
    leaves.cancel()
    await asyncio.wait([leaves])
    may_end.set()
    assert await stays == "shown"
    assert begun == [True]


async def test_who_leaves_leaves_nothing_behind(live: Live, people: People, student: Viewer):
    pupil = people.students[0].id
    for _ in range(50):
        heard = await live.subscribe(student, id=str(pupil), after=0)
        await heard.next()
        await heard.close()
    followers = live.app.state.followers
    assert followers._watched == {}
    assert followers._listener._wanted == {"nexus:links"}
    pool = live.app.state.pool
    await eventually(lambda: pool.get_idle_size() == pool.get_size())
