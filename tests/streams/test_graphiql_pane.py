"""GraphiQL's subscription pane without its page: the page's own fetcher, run in Node."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from events import nothing_left
from following import CREATE, eventually
from served import Served, serving
from stock import LIVE, Stock, stock

from gateway import ide
from gateway.settings import Settings
from services.demo_school import People

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def served(
    gateway_settings: Settings, module_school: str, anyio_backend: str
) -> AsyncIterator[Served]:
    """A gateway on the developer's machine, where GraphiQL may act as the demo people."""
    changed = {"database_url": module_school, "jwt_secret": None, "rate_writes": 1_000_000}
    async with serving(gateway_settings.model_copy(update=changed)) as gateway:
        yield gateway


async def pressed(served: Served, one: Stock, pupil: str) -> None:
    """The pane follows a pupil, from now on."""
    await one.subscribe("live", LIVE, id=pupil)
    await until_followed(served)


async def until_followed(served: Served) -> None:
    followers = served.app.state.followers
    await eventually(lambda: any(each.follows for each in followers._watched.values()))


async def shown(one: Stock, pupil: str) -> None:
    """A mutation is run, and the pane shows its event."""
    await one.asks("change", CREATE, id=pupil, label="Lire")
    heard = {each["name"]: each["payload"]["data"] for each in [await one.hear(), await one.hear()]}
    (event,) = heard["change"]["createTask"]["events"]
    assert heard["live"]["dashboardUpdates"]["event"] == {**event, "kind": "TASK_CREATED"}


async def test_the_pane_shows_what_a_mutation_does(served: Served, people: People) -> None:
    first = people.students[0]
    async with stock("graphiql", served) as one:
        assert await one.hear() == {"type": "person", "id": first.user_id}
        await pressed(served, one, str(first.id))
        await shown(one, str(first.id))
        await shown(one, str(first.id))
        await one.stop("live")
    await eventually(lambda: nothing_left(served) and not served.app.state.sockets.open)


async def test_the_pane_goes_on_with_a_fresh_token_when_one_ends(
    served: Served, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    pupil = str(people.students[0].id)
    sockets = served.app.state.sockets
    with monkeypatch.context() as patch:
        patch.setattr(ide, "TOKEN_LIFE", timedelta(seconds=3))
        async with stock("graphiql", served) as one:
            await one.hear()
            await pressed(served, one, pupil)
            before = set(sockets.open)
            patch.undo()
            await eventually(lambda: sockets.open and not before & sockets.open)
            await until_followed(served)
            await shown(one, pupil)
            await one.stop("live")


async def test_the_pane_is_told_that_it_may_not_follow_another_pupil(
    served: Served, people: People
) -> None:
    async with stock("graphiql", served) as one:
        await one.hear()
        await one.subscribe("live", LIVE, id=str(people.students[1].id))
        assert await one.refused("live") == ["NOT_FOUND"]
