"""Many events at once: a wall that reads hears all of them, one that does not is let go."""

import asyncio

import pytest
from following import Live

from models.vocabulary import Role
from services.access import Viewer
from services.demo_school import People
from subscriptions import follow, followers
from subscriptions.follow import FellBehind, Follow, taken

pytestmark = pytest.mark.anyio

COHORT = "subscription { cohortUpdates { event { seq } student { id version } } }"
EACH = 8  # events of each pupil
PUPILS = 6


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Queues that a few events fill."""
    monkeypatch.setattr(follow, "LONGEST_QUEUE", 20)
    monkeypatch.setattr(follow, "ROOM", 10)
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


async def test_who_takes_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(follow, "ROOM", 1)
    monkeypatch.setattr(follow, "BREATH", 3600.0)
    still = Follow(followers.Person(Role.ADMIN, "a"), {}, None)
    still._queue.extend([object(), object()])  # type: ignore[list-item]
    async with asyncio.timeout(20):
        await taken({still})
    assert still.waiting == 2


async def test_who_takes_is_waited_for_until_there_is_room(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(follow, "ROOM", 1)
    monkeypatch.setattr(follow, "BREATH", 3600.0)
    monkeypatch.setattr(follow, "MOMENT", 0.0)
    reading = Follow(followers.Person(Role.ADMIN, "a"), {}, None)
    reading._queue.extend([object()] * 5)  # type: ignore[list-item]

    async def read() -> None:
        while True:
            await reading.next()
            await asyncio.sleep(0)

    reader = asyncio.ensure_future(read())
    await asyncio.sleep(0)
    await taken({reading})
    assert reading.waiting <= 1
    reader.cancel()


async def test_a_queue_that_is_full_ends_the_wall(small: None):
    full = Follow(followers.Person(Role.ADMIN, "a"), {}, None)
    full._queue.extend([object()] * 20)  # type: ignore[list-item]

    class Entry:
        student_id, seq, kind = "one", 1, None

    full.positions["one"] = 0  # type: ignore[index]
    full.offer(Entry())  # type: ignore[arg-type]
    with pytest.raises(FellBehind):
        await full.next()
