"""The stock clients of Node follow a live gateway, are cut off, and come back, each in its own way.

Where it ends, the client has heard nothing that was not expected: `Stock.stop` sees to it.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from following import CREATE, eventually
from served import Served
from stock import LIVE, NOW, Scene

from services.access import Viewer
from services.demo_school import People

pytestmark = pytest.mark.anyio

SOCKETS = ["graphql-ws", "apollo-ws", "urql-ws"]
STREAMS = ["graphql-sse", "graphql-sse-single", "apollo-sse", "urql-fetch"]
every_client = pytest.mark.parametrize("client", [*SOCKETS, *STREAMS])

COHORT = "subscription Cohort { cohortUpdates { event { seq } student { id version } } }"


@pytest.fixture
def served(kept: Served) -> Served:
    return kept


def open_tasks(pupil: dict[str, Any]) -> int:
    return int(pupil["dashboard"]["kpis"]["openTaskCount"])


def parts(found: Any, like: Any) -> Any:
    """What of an answer was asked for: clients add `__typename`."""
    if isinstance(like, dict):
        return {name: parts(found[name], part) for name, part in like.items()}
    if isinstance(like, list):
        return [parts(one, part) for one, part in zip(found, like, strict=True)]
    return found


@every_client
async def test_a_client_is_told_each_event_with_the_dashboard_as_it_stands_after_it(
    scene: Scene, client: str
) -> None:
    async with scene.client(client) as one:
        before = await scene.now()
        await scene.subscribed(one)
        for made in (1, 2, 3):
            seq = await scene.change()
            update = (await one.next("live"))["dashboardUpdates"]
            assert (update["event"]["seq"], update["event"]["kind"]) == (seq, "TASK_CREATED")
            now = await scene.now()
            assert now["version"] == seq == before["version"] + made
            assert open_tasks(now) == open_tasks(before) + made
            assert parts(update["student"], now) == now
        several = [await scene.change() for _ in range(5)]
        assert await one.seqs(5) == several
        await one.stop("live")


def cut_off(served: Served) -> None:
    """The network is gone, for all at once and without a word."""
    for protocol in tuple(served.server.server_state.connections):
        protocol.transport.abort()


def told_to_come_back(served: Served) -> None:
    """What streams are told when a process is about to stop."""
    for come_back in tuple(served.app.state.draining._open.values()):
        come_back()


@every_client
@pytest.mark.parametrize("lose", [cut_off, told_to_come_back])
async def test_a_client_that_lost_its_connection_misses_nothing_and_hears_nothing_twice(
    scene: Scene, client: str, lose: Callable[[Served], None]
) -> None:
    async with scene.client(client) as one:
        await scene.subscribed(one)
        await scene.goes_on(one)
        for _ in range(2):
            one.keep_waiting()
            lose(scene.served)
            await one.kept_waiting()
            missed = [await scene.change() for _ in range(3)]
            await one.give(scene.mint)
            assert await one.seqs(3) == missed
            await scene.goes_on(one)
        await one.stop("live")


@every_client
async def test_a_client_whose_token_ends_goes_on_with_a_fresh_one(
    scene: Scene, token_of: Callable[..., str], student: Viewer, client: str
) -> None:
    async with scene.client(client, lambda: token_of(student, ttl=timedelta(seconds=2))) as one:
        await scene.subscribed(one)
        await scene.goes_on(one)
        one.keep_waiting()
        await one.kept_waiting()
        missed = await scene.change()
        await one.give(scene.mint)
        assert await one.seqs(1) == [missed]
        await scene.goes_on(one)
        await one.stop("live")


@every_client
async def test_a_client_is_told_why_it_may_not_follow(
    scene: Scene, people: People, client: str
) -> None:
    async with scene.client(client) as one:
        await one.subscribe("foreign", LIVE, id=str(people.students[1].id))
        assert await one.refused("foreign") == ["NOT_FOUND"]
        await one.subscribe("wrong", "subscription Wrong { nothing }")
        # graphql-sse reads of an operation that its one stream does not take the status alone
        wrong = 400 if client == "graphql-sse-single" else "GRAPHQL_VALIDATION_FAILED"
        assert await one.refused("wrong") == [wrong]


@every_client
async def test_a_client_follows_all_its_pupils(scene: Scene, client: str) -> None:
    async with scene.client(client) as one:
        await one.subscribe("cohort", COHORT)
        await eventually(lambda: scene.served.app.state.followers._cohorts)
        for _ in range(2):
            seq = await scene.change()
            update = (await one.next("cohort"))["cohortUpdates"]
            assert (update["event"]["seq"], update["student"]["id"]) == (seq, scene.pupil)
            assert update["student"]["version"] == seq
        await one.stop("cohort")


@every_client
async def test_a_client_asks_and_changes_while_it_follows(scene: Scene, client: str) -> None:
    async with scene.client(client) as one:
        await scene.subscribed(one)
        await scene.goes_on(one)
        asked = await one.ask(NOW, id=scene.pupil)
        now = await scene.now()
        assert parts(asked["student"], now) == now
        await one.asks("change", CREATE, id=scene.pupil, label="Lire")
        heard = {
            each["name"]: each["payload"]["data"] for each in [await one.hear(), await one.hear()]
        }
        seq = heard["change"]["createTask"]["events"][0]["seq"]
        assert seq == now["version"] + 1
        assert heard["live"]["dashboardUpdates"]["event"]["seq"] == seq
        await one.stop("live")
