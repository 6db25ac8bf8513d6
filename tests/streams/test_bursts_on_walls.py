"""Many events at once: whoever reads hears all of them in the end, once and in order."""

import asyncio
from typing import NamedTuple
from uuid import UUID, uuid4

import pytest
from following import Live, eventually

from models.vocabulary import EventKind, Role
from services.access import Viewer
from services.demo_school import People
from subscriptions import follow, followers, replays
from subscriptions.follow import Follow, Person, Unseen

pytestmark = pytest.mark.anyio

COHORT = "subscription { cohortUpdates { event { seq } student { id version } } }"
EACH = 8  # events of each pupil
PUPILS = 6
PUPIL = uuid4()


class Entry(NamedTuple):
    student_id: UUID
    seq: int
    id: UUID = PUPIL
    kind: EventKind = EventKind.TASK_CREATED


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Queues that a few events fill."""
    monkeypatch.setattr(follow, "LONGEST_QUEUE", 10)
    monkeypatch.setattr(followers, "PART", 10)


async def test_a_wall_that_reads_is_not_dropped_for_a_burst(
    small: None, live: Live, people: People, admin: Viewer
):
    heard = await live.subscribe(admin, COHORT)
    pupils = [pupil.id for pupil in people.students[:PUPILS]]
    first = asyncio.ensure_future(heard.next())
    wanted = {(await live.work(admin, pupils[0]), str(pupils[0]))}
    await first
    journals = live.app.state.followers._journals
    read, ready = journals.after, asyncio.Event()

    async def late(*given):
        await ready.wait()
        return await read(*given)

    journals.after = late
    for pupil in pupils:
        wanted |= {(await live.work(admin, pupil), str(pupil)) for _ in range(EACH)}
    ready.set()  # all of it is read at once
    told = [first.result(), *[await heard.next() for _ in range(PUPILS * EACH)]]
    events = [each["data"]["cohortUpdates"] for each in told]
    assert {(each["event"]["seq"], each["student"]["id"]) for each in events} == wanted


@pytest.mark.parametrize("takes", [0, 4])
async def test_a_wall_that_fell_behind_reads_on_where_it_was(
    small: None, live: Live, people: People, admin: Viewer, takes: int
):
    """However many it had taken: nothing is lost, told twice or out of turn."""
    heard = await live.subscribe(admin, COHORT)
    pupils = [pupil.id for pupil in people.students[:PUPILS]]
    first = asyncio.ensure_future(heard.next())
    wanted = {str(pupil): [] for pupil in pupils}
    wanted[str(pupils[0])].append(await live.work(admin, pupils[0]))
    await first
    told = [first.result()]
    for _ in range(EACH):
        for pupil in pupils:
            wanted[str(pupil)].append(await live.work(admin, pupil))
        told += [await heard.next() for _ in range(takes)]
    await eventually(lambda: any(w.replaying for w in live.app.state.followers._watched.values()))
    told += [await heard.next() for _ in range(1 + PUPILS * EACH - len(told))]
    found: dict[str, list[int]] = {pupil: [] for pupil in wanted}
    for each in told:
        update = each["data"]["cohortUpdates"]
        found[update["student"]["id"]].append(update["event"]["seq"])
    assert found == wanted
    wanted_last = await live.work(admin, pupils[0])  # and it is live again
    assert (await heard.next())["data"]["cohortUpdates"]["event"]["seq"] == wanted_last


async def test_one_pupils_burst_is_heard_by_who_took_nothing_of_it(
    live: Live, people: People, student: Viewer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(follow, "LONGEST_QUEUE", 20)
    monkeypatch.setattr(replays, "PAGE", 10)
    monkeypatch.setattr(followers, "PAGE", 10)
    pupil = people.students[0].id
    heard = await live.subscribe(student, id=str(pupil))
    first = asyncio.ensure_future(heard.next())
    wanted = [await live.work(student, pupil) for _ in range(60)]
    watched = live.app.state.followers._watched[pupil]
    await eventually(lambda: watched.position == wanted[-1])
    assert watched.replaying
    told = [(await first)["data"]["dashboardUpdates"]["event"]["seq"], *await heard.seqs(59)]
    assert told == wanted
    again = asyncio.ensure_future(heard.next())
    await eventually(lambda: watched.follows)
    last = await live.work(student, pupil)
    assert (await again)["data"]["dashboardUpdates"]["event"]["seq"] == last


async def test_what_waits_for_a_reader_is_bounded_however_much_happens(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(follow, "LONGEST_QUEUE", 20)
    still = Follow(Person(Role.ADMIN, "a"), {PUPIL: 0}, None)
    most = 0
    for seq in range(1, 1000):
        still.offer(Entry(PUPIL, seq))
        most = max(most, still.waiting)
    assert (most, still.behind, still.positions) == (20, True, {PUPIL: 0})


async def test_who_has_a_full_queue_and_loses_sight_is_given_none_of_it(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(follow, "LONGEST_QUEUE", 1)
    still = Follow(Person(Role.ADMIN, "a"), {PUPIL: 0}, None)
    for seq in (1, 2):
        still.offer(Entry(PUPIL, seq))
    still.end(Unseen())
    with pytest.raises(Unseen):
        await still.next()
