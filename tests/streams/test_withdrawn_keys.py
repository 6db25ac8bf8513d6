"""A key that is not published any more: what was opened with it ends, and nothing else does."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from following import eventually
from joserfc.jwk import Key
from publisher import Clock, Publisher, new_key
from publisher import token_of as signed_with
from served import Served, serving
from talking import talking

from gateway.keys import FRESH
from gateway.settings import Settings
from gateway.streams import connection, sse
from models.vocabulary import Role

pytestmark = pytest.mark.anyio

COHORT = {"query": "subscription { cohortUpdates { event { seq } } }"}


@pytest.fixture
def two(publisher: Publisher) -> tuple[Key, Key]:
    found = new_key("EdDSA", "first"), new_key("EdDSA", "second")
    publisher.publish(*found)
    return found


@pytest.fixture
async def rotating(
    gateway_settings: Settings, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    """A gateway that trusts who publishes, and looks often."""
    monkeypatch.setattr(connection, "PING_EVERY", 0.1)
    monkeypatch.setattr(connection, "SILENCE", 3600.0)
    monkeypatch.setattr(sse, "HEARTBEAT", 0.1)
    changed = {"jwt_secret": None, "jwks_url": publisher.url, "jwt_alg": "EdDSA"}
    changed |= {"paths": "reference"}
    async with serving(gateway_settings.model_copy(update=changed)) as gateway:
        yield gateway


def token_by(key: Key) -> str:
    return signed_with(key, "EdDSA", role=Role.COACH)


async def test_a_socket_ends_with_the_key_of_its_token(
    rotating: Served, publisher: Publisher, clock: Clock, two: tuple[Key, Key]
) -> None:
    async with (
        talking(rotating.socket_url, token_by(two[0])) as lost,
        talking(rotating.socket_url, token_by(two[1])) as kept,
    ):
        publisher.publish(two[1])
        clock.seconds += FRESH
        assert await lost.closed() == (4403, "Forbidden: the token's key was withdrawn")
        assert await kept.ask("1", "{ viewer { role } }") == {"viewer": {"role": "COACH"}}


async def test_a_socket_that_brings_a_token_of_another_key_goes_on(
    rotating: Served, publisher: Publisher, clock: Clock, two: tuple[Key, Key]
) -> None:
    async with talking(rotating.socket_url, token_by(two[0])) as talk:
        await talk.say("ping", payload={"authorization": f"Bearer {token_by(two[1])}"})
        await talk.hear()
        publisher.publish(two[1])
        clock.seconds += FRESH
        await eventually(lambda: publisher.asked == 2)
        for _ in range(3):  # pings, and what they see
            assert (await talk.hear(pings=True))["type"] == "ping"


async def test_an_event_stream_ends_with_the_key_of_its_token(
    rotating: Served, publisher: Publisher, clock: Clock, two: tuple[Key, Key]
) -> None:
    headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {token_by(two[0])}"}
    url = f"{rotating.url}/graphql"
    async with (
        httpx2.AsyncClient(timeout=30) as client,
        client.stream("POST", url, json=COHORT, headers=headers) as stream,
    ):
        assert stream.status_code == 200
        publisher.publish(two[1])
        clock.seconds += FRESH
        lines = [line async for line in stream.aiter_lines()]
    assert [line for line in lines if line][-1] == f": {sse.WITHDRAWN}"
