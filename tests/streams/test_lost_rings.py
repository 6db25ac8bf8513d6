"""The bell may be lost, late or dead: what is delivered comes from the journal all the same."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from following import Live, living
from redis.asyncio import Redis

from gateway.settings import Settings
from services.access import Viewer
from services.demo_school import People
from subscriptions import followers
from subscriptions.connection import connect

pytestmark = pytest.mark.anyio

CUT = (
    ("the listening connection is killed", ("CLIENT", "KILL", "TYPE", "pubsub")),
    ("every connection is killed", ("CLIENT", "KILL", "SKIPME", "yes")),
)


@pytest.fixture
async def redis(live_settings: Settings, anyio_backend: str) -> AsyncIterator[Redis]:
    client = connect(live_settings.redis_url or "")
    yield client
    await client.aclose()


@pytest.fixture
async def other(live_settings: Settings, live: Live) -> AsyncIterator[Live]:
    """Another process, whose rings come through Redis alone."""
    async with living(live_settings) as gateway:
        yield gateway


@pytest.fixture
def quick_heart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heartbeats that a test can wait for."""
    monkeypatch.setattr(followers, "HEARTBEAT", 0.2)
    monkeypatch.setattr(followers, "DEAF_HEARTBEAT", 0.2)


@pytest.mark.parametrize("cut", [cut for _, cut in CUT], ids=[name for name, _ in CUT])
async def test_what_happens_while_the_bell_is_cut_arrives(
    quick_heart: None,
    live: Live,
    other: Live,
    redis: Redis,
    people: People,
    student: Viewer,
    cut: tuple[str, ...],
):
    pupil = people.students[0].id
    heard = await live.subscribe(student, id=str(pupil))
    wanted = []
    for _ in range(5):
        await redis.execute_command(*cut)
        wanted += [await other.work(student, pupil), await other.work(student, pupil)]
    assert await heard.seqs(len(wanted)) == wanted


async def test_an_event_that_nobody_rang_for_arrives_with_the_heartbeat(
    quick_heart: None, live: Live, other: Live, people: People, student: Viewer
):
    pupil = people.students[0].id
    heard = await live.subscribe(student, id=str(pupil))
    other.app.state.bell.ring = lambda events: None
    wanted = [await other.work(student, pupil) for _ in range(3)]
    assert await heard.seqs(3) == wanted


async def test_without_redis_events_of_the_same_process_arrive(
    live_settings: Settings, people: People, student: Viewer
):
    pupil = people.students[0].id
    deaf = live_settings.model_copy(update={"redis_url": "redis://127.0.0.1:1"})
    async with living(deaf) as live:
        heard = await live.subscribe(student, id=str(pupil))
        wanted = [await live.work(student, pupil) for _ in range(3)]
        assert await heard.seqs(3) == wanted


async def test_a_ring_for_an_event_that_was_delivered_reads_nothing(
    live: Live, people: People, student: Viewer
):
    pupil = people.students[0].id
    heard = await live.subscribe(student, id=str(pupil))
    seq = await live.work(student, pupil)
    assert await heard.seqs(1) == [seq]
    reads: list[object] = []
    journals = live.app.state.followers._journals
    kept, journals.after = journals.after, lambda *given: reads.append(given) or kept(*given)
    live.app.state.followers._hear(f"nexus:journal:{pupil}", str(seq))
    await asyncio.sleep(0.05)
    assert reads == []


async def test_a_journal_that_cannot_be_read_is_read_again(
    live: Live, people: People, student: Viewer
):
    pupil = people.students[0].id
    heard = await live.subscribe(student, id=str(pupil))
    journals = live.app.state.followers._journals
    read, failures = journals.after, iter([ConnectionError, TimeoutError])

    async def failing(*given):
        for error in failures:
            raise error
        return await read(*given)

    journals.after = failing
    wanted = [await live.work(student, pupil) for _ in range(2)]
    assert await heard.seqs(2) == wanted
