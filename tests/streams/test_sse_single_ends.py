"""How the one stream ends, and an operation on it: whose fault it is, and what is left behind."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from events import Client, Ended, nothing_left, reserved
from following import UPDATES, eventually
from served import Served

from services.access import Viewer
from services.demo_school import People

pytestmark = pytest.mark.anyio

ME = "{ viewer { id } }"
UNLINK = """
mutation Unlink($id: ID!, $person: ID!) {
  unlinkGuardian(input: {studentId: $id, personId: $person}) { errors { message } }
}
"""


async def test_a_client_that_goes_away_ends_its_operations_and_its_reservation(
    served: Served, client: Client, people: People
) -> None:
    mine = await reserved(client)
    async with mine.open() as stream:
        await stream.opening()
        for id in ("one", "two"):
            await mine.run(id, UPDATES, id=str(people.students[0].id))
        await eventually(lambda: served.app.state.followers._watched)
        assert not nothing_left(served)
    await eventually(lambda: nothing_left(served))
    assert (await mine.run("three", ME)).status_code == 404


async def test_when_its_token_expires_the_one_stream_ends(
    served: Served, client_of: Callable[..., Client], student: Viewer
) -> None:
    mine = await reserved(client_of(student, ttl=timedelta(seconds=2)))
    async with mine.open() as stream:
        assert (await stream.rest())[-1] == (
            b": the token has expired: come back with a fresh one and the last id\n\n"
        )
    await eventually(lambda: nothing_left(served))


async def test_one_operation_that_has_to_come_back_ends_the_stream(
    served: Served, client: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**_: Any) -> None:
        raise OSError("no route to the database")

    mine = await reserved(client)
    async with mine.open() as stream:
        await stream.opening()
        monkeypatch.setitem(served.app.state._state, "context", away)
        await mine.run("one", ME)
        assert await stream.block() == (
            b": the database is away: come back later with the last id\n\n"
        )
        with pytest.raises(Ended):
            await stream.block()
    await eventually(lambda: nothing_left(served))


async def test_who_is_unlinked_keeps_the_stream_and_loses_the_operation(
    served: Served,
    client_of: Callable[..., Client],
    people: People,
    parent: Viewer,
    admin: Viewer,
) -> None:
    mine = await reserved(client_of(parent))
    pupil = str(people.parents[0].wards[0])
    async with mine.open() as stream:
        await mine.run("one", UPDATES, id=pupil)
        await eventually(lambda: served.app.state.followers._watched)
        await served.ask(admin, UNLINK, id=pupil, person=parent.id)
        refused, end = await stream.event(), await stream.event()
        assert refused.data["payload"]["errors"][0]["extensions"] == {"code": "NOT_FOUND"}
        assert (end.name, end.data) == ("complete", {"id": "one"})
        await mine.run("two", "{ viewer { id } }")
        assert (await stream.event()).data["id"] == "two"


async def test_a_gateway_that_stops_ends_the_one_stream(
    served: Served, client: Client, people: People
) -> None:
    mine = await reserved(client)
    async with mine.open() as stream:
        await stream.opening()
        await mine.run("one", UPDATES, id=str(people.students[0].id))
        await served.app.state.draining.drain()
        assert (await stream.rest())[-1] == (b": this server stops: come back with the last id\n\n")
    await eventually(lambda: nothing_left(served))
