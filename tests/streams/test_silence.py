"""A Redis that is gone, or accepts and says nothing, is left; it is heard again when it is back."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from following import eventually
from relaying import Relay

from gateway.embedded import Servers
from subscriptions import listener
from subscriptions.connection import connect
from subscriptions.listener import Listener

pytestmark = pytest.mark.anyio


@pytest.fixture
async def relay(servers: Servers, anyio_backend: str) -> AsyncIterator[Relay]:
    made = Relay(servers.redis_url)
    await made.up()
    yield made
    await made.down()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "SILENCE", 0.5)
    monkeypatch.setattr(listener, "PING_EVERY", 0.1)


class Ear:
    """A listener at work, and the channels that it is sure to hear."""

    def __init__(self, relay: Relay) -> None:
        self.joined: set[str] = set()
        self._redis = connect(relay.url)
        self.listener = Listener(self._redis, lambda *_: None, self.joined.add)
        self._running = asyncio.ensure_future(self.listener.run())

    async def close(self) -> None:
        self._running.cancel()
        await asyncio.wait([self._running])
        await self._redis.aclose()


@pytest.fixture
async def ear(relay: Relay) -> AsyncIterator[Ear]:
    made = Ear(relay)
    yield made
    await made.close()


async def test_a_redis_that_falls_silent_is_left_while_channels_come_and_go(
    relay: Relay, ear: Ear
) -> None:
    ear.listener.add("one")
    await eventually(lambda: "one" in ear.joined)
    before = relay.accepted

    async def busy() -> None:
        while True:
            ear.listener.add("another")
            await asyncio.sleep(0.01)
            ear.listener.remove("another")
            await asyncio.sleep(0.01)

    working = asyncio.ensure_future(busy())
    relay.silent = True
    await eventually(lambda: relay.accepted > before)
    working.cancel()


async def test_a_redis_that_was_silent_from_the_start_is_tried_again(relay: Relay) -> None:
    relay.silent = True
    ear = Ear(relay)
    await eventually(lambda: relay.accepted > 1)
    relay.silent = False
    ear.listener.add("one")
    await eventually(lambda: "one" in ear.joined)
    await ear.close()


async def test_a_redis_that_was_away_is_heard_again_each_time(relay: Relay, ear: Ear) -> None:
    for channel in ("one", "two", "three"):
        ear.listener.add(channel)
        await eventually(lambda: channel in ear.joined)  # noqa: B023 - at once
        await relay.down()
        await eventually(lambda: not ear.listener.hearing)
        await relay.up()


async def test_a_redis_that_has_nothing_to_tell_but_answers_is_kept(relay: Relay, ear: Ear) -> None:
    ear.listener.add("one")
    await eventually(lambda: "one" in ear.joined)
    before = relay.accepted
    await asyncio.sleep(3 * listener.SILENCE)
    assert relay.accepted == before
