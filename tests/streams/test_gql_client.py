"""The Python client, gql, against a live gateway: it follows, is cut off, and comes back.

gql speaks no event streams, so this is its WebSocket. It connects again for what is asked next, but
what was subscribed to has to be subscribed to again: `following` is how.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest
from events import nothing_left
from following import PATIENCE, eventually
from gql import Client, gql
from gql.transport.exceptions import TransportConnectionFailed, TransportQueryError
from gql.transport.websockets import WebsocketsTransport
from served import Served
from stock import LIVE, Scene

from services.access import Viewer
from services.demo_school import People

pytestmark = pytest.mark.anyio


@pytest.fixture
def served(kept: Served) -> Served:
    return kept


class Session:
    """Where an application gets its tokens; while it is closed they are waited for."""

    def __init__(self, mint: Callable[[], str]) -> None:
        self._mint = mint
        self._open = asyncio.Event()
        self._open.set()
        self.waiting = False

    async def token(self) -> str:
        self.waiting = not self._open.is_set()
        await self._open.wait()
        return self._mint()

    def close(self) -> None:
        self._open.clear()

    def open(self, mint: Callable[[], str]) -> None:
        self._mint, self.waiting = mint, False
        self._open.set()


def live(pupil: str, after: int | None = None) -> Any:
    asked = gql(LIVE)
    asked.variable_values = {"id": pupil, "after": after}
    return asked


async def following(scene: Scene, session: Session, after: int) -> AsyncGenerator[int]:
    """The numbers of the pupil's next events, over as many connections as it takes."""
    while True:
        given = {"authorization": f"Bearer {await session.token()}"}
        transport = WebsocketsTransport(scene.served.socket_url, init_payload=given)
        try:
            async with (
                Client(transport=transport) as client,
                aclosing(client.subscribe(live(scene.pupil, after))) as updates,
            ):
                async for update in updates:
                    after = update["dashboardUpdates"]["event"]["seq"]
                    yield after
        except TransportConnectionFailed:
            continue


async def the_next(seqs: AsyncIterator[int], count: int) -> list[int]:
    async with asyncio.timeout(PATIENCE):
        return [await anext(seqs) for _ in range(count)]


async def goes_on(scene: Scene, seqs: AsyncIterator[int]) -> None:
    made = await scene.change()
    assert await the_next(seqs, 1) == [made]


async def missing(scene: Scene, session: Session, seqs: AsyncIterator[int]) -> None:
    """Until the client is back at the door; then events happen, and then it is let in."""
    coming = asyncio.ensure_future(the_next(seqs, 3))
    await eventually(lambda: session.waiting or coming.done())
    missed = [await scene.change() for _ in range(3)]
    session.open(scene.mint)
    assert await coming == missed
    await goes_on(scene, seqs)


def cut_off(served: Served) -> None:
    for protocol in tuple(served.server.server_state.connections):
        protocol.transport.abort()


def told_to_come_back(served: Served) -> None:
    for come_back in tuple(served.app.state.draining._open.values()):
        come_back()


@pytest.mark.parametrize("lose", [cut_off, told_to_come_back])
async def test_gql_comes_back_without_gap_or_repeat(
    scene: Scene, lose: Callable[[Served], None]
) -> None:
    session = Session(scene.mint)
    begins = (await scene.now())["version"]
    async with aclosing(following(scene, session, begins)) as seqs:
        await goes_on(scene, seqs)
        for _ in range(2):
            session.close()
            lose(scene.served)
            await missing(scene, session, seqs)
    sockets = scene.served.app.state.sockets
    await eventually(lambda: nothing_left(scene.served) and not sockets.open)


async def test_gql_comes_back_with_a_fresh_token_when_one_ends(
    scene: Scene, token_of: Callable[..., str], student: Viewer
) -> None:
    session = Session(lambda: token_of(student, ttl=timedelta(seconds=2)))
    begins = (await scene.now())["version"]
    async with aclosing(following(scene, session, begins)) as seqs:
        await goes_on(scene, seqs)
        session.close()
        await missing(scene, session, seqs)


async def test_gql_is_told_that_it_may_not_follow_another_pupil(
    scene: Scene, people: People
) -> None:
    given = {"authorization": f"Bearer {scene.mint()}"}
    transport = WebsocketsTransport(scene.served.socket_url, init_payload=given)
    async with Client(transport=transport) as client:
        with pytest.raises(TransportQueryError) as refused:
            await anext(client.subscribe(live(str(people.students[1].id))))
        assert [error["extensions"]["code"] for error in refused.value.errors] == ["NOT_FOUND"]
        await client.execute(gql("{ viewer { id } }"))
