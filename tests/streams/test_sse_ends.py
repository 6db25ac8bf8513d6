"""How an event stream ends: whose fault it is, whether to come back, and what is left behind."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import orjson
import pytest
from events import STREAM, Client, Ended, nothing_left
from following import PATIENCE, UPDATES, eventually
from graphql import GraphQLError
from served import Served, serving

from gateway.settings import Settings
from gateway.streams import sse
from gateway.streams.opening import ComeBack, Message, Opened
from services.access import Viewer
from services.demo_school import People

pytestmark = pytest.mark.anyio

UNLINK = """
mutation Unlink($id: ID!, $person: ID!) {
  unlinkGuardian(input: {studentId: $id, personId: $person}) { errors { message } }
}
"""
REPORTS = """
subscription ($id: ID!) {
  dashboardUpdates(studentId: $id) { event { seq } student { reports { totalCount } } }
}
"""
# an answer that fills what a network holds for a client that does not read
LARGE = """
subscription ($id: ID!) {
  dashboardUpdates(studentId: $id) {
    event { seq kind }
    student { tasks(first: 100) { nodes { id label status source createdAt } } }
  }
}
"""
BLOCKED = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = $1"
COMPLETE = b"event: complete\ndata:\n\n"


def following(served: Served) -> bool:
    """Whether somebody is past the past."""
    return any(watched.follows for watched in served.app.state.followers._watched.values())


async def test_when_the_token_expires_the_client_is_told_to_come_back(
    served: Served, client_of: Callable[..., Client], people: People, student: Viewer
) -> None:
    client = client_of(student, ttl=timedelta(seconds=2))
    async with client.stream(id=str(people.students[0].id)) as stream:
        await stream.opening()
        assert await stream.rest() == [
            b": the token has expired: come back with a fresh one and the last id\n\n"
        ]
    await eventually(lambda: nothing_left(served))


async def test_who_is_unlinked_is_told_and_not_asked_back(
    served: Served,
    client_of: Callable[..., Client],
    people: People,
    parent: Viewer,
    admin: Viewer,
) -> None:
    pupil = people.parents[0].wards[0]
    async with client_of(parent).stream(id=str(pupil)) as stream:
        await stream.opening()
        await served.ask(admin, UNLINK, id=str(pupil), person=parent.id)
        (told, end) = await stream.rest()
    assert end == COMPLETE
    error = orjson.loads(told.removeprefix(b"event: next\ndata: "))["errors"][0]
    assert error == {"message": "there is no such id", "extensions": {"code": "NOT_FOUND"}}
    await eventually(lambda: nothing_left(served))


def failing(served: Served, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let the next streams tell one thing, and then fail."""

    async def messages() -> Any:
        yield Message('{"data":null}', 7)
        raise error

    async def opened(*_: Any) -> Opened:
        return Opened(messages(), 6)

    monkeypatch.setattr(served.app.state.streams, "open", opened)


@pytest.mark.parametrize("error", [ComeBack(), OSError("no route to the database")], ids=repr)
async def test_what_passes_sends_the_client_away_for_a_while(
    served: Served,
    client: Client,
    people: People,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    failing(served, monkeypatch, error)
    async with client.stream(id=str(people.students[0].id)) as stream:
        await stream.opening()
        assert await stream.rest() == [
            b'event: next\nid: 7\ndata: {"data":null}\n\n',
            b": the database is away: come back later with the last id\n\n",
        ]


async def test_a_fault_of_ours_is_told_without_what_it_was(
    served: Served, client: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(served, monkeypatch, LookupError("Ada Lovelace, née Byron"))
    headers = {"X-Request-Id": "mine"}
    async with client.stream(id=str(people.students[0].id), headers=headers) as stream:
        await stream.opening()
        _, told, end = await stream.rest()
    assert end == COMPLETE
    assert orjson.loads(told.removeprefix(b"event: next\ndata: ")) == {
        "errors": [
            {
                "message": "the server failed",
                "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": "mine"},
            }
        ]
    }


async def test_what_the_client_did_wrong_is_the_last_it_is_told(
    served: Served, client: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(served, monkeypatch, GraphQLError("no more", extensions={"code": "NOT_FOUND"}))
    async with client.stream(id=str(people.students[0].id)) as stream:
        await stream.opening()
        assert (await stream.rest())[1:] == [
            b'event: next\ndata: {"errors":[{"message":"no more",'
            b'"extensions":{"code":"NOT_FOUND"}}]}\n\n',
            COMPLETE,
        ]


async def test_a_client_that_goes_away_leaves_nothing_behind(
    served: Served, client: Client, people: People, student: Viewer
) -> None:
    pupil = people.students[0].id
    for _ in range(3):
        async with client.stream(id=str(pupil)) as stream:
            await stream.opening()
            seq = await served.work(student, pupil)
            assert await stream.seqs(1) == [seq]
            assert not nothing_left(served)
        await eventually(lambda: nothing_left(served))


async def test_work_for_a_client_that_goes_away_is_called_off_in_the_database(
    served: Served, client: Client, live_settings: Settings, people: People, student: Viewer
) -> None:
    pupil = people.students[0].id
    connection = await asyncpg.connect(live_settings.asyncpg_dsn)
    # outside of the transaction: inside of one, what others do never changes
    watcher = await asyncpg.connect(live_settings.asyncpg_dsn)
    database = urlsplit(live_settings.asyncpg_dsn).path.strip("/")

    async def waiting(count: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while await watcher.fetchval(BLOCKED, database) != count:  # noqa: ASYNC110 (as is)
                await asyncio.sleep(0.01)

    async with connection.transaction():
        await connection.execute("LOCK TABLE nexus_app.reports")
        async with client.stream(REPORTS, id=str(pupil)) as stream:
            await stream.opening()
            await served.work(student, pupil)
            await waiting(1)
        await waiting(0)
    await eventually(lambda: nothing_left(served))
    await watcher.close()
    await connection.close()


@pytest.fixture
async def tight(live_settings: Settings, anyio_backend: str) -> AsyncIterator[Served]:
    """A gateway whose network holds little for a client that does not read."""
    async with serving(live_settings, send_buffer=4096) as gateway:
        yield gateway


async def deaf(served: Served, token: str, pupil: UUID) -> socket.socket:
    """A client that asks for a stream and reads nothing of it."""
    body = orjson.dumps({"query": LARGE, "variables": {"id": str(pupil)}})
    address = urlsplit(served.url)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(0)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, (address.hostname, address.port))
    await loop.sock_sendall(
        client,
        b"POST /graphql HTTP/1.1\r\nHost: nexus\r\nContent-Type: application/json\r\n"
        b"Accept: %s\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s"
        % (STREAM.encode(), token.encode(), len(body), body),
    )
    return client


async def test_who_does_not_read_is_cut_off_and_the_others_go_on(
    tight: Served,
    people: People,
    student: Viewer,
    token_of: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(sse, "PATIENCE", 0.2)
    pupil = people.students[0].id
    reader = await tight.subscribe(student, UPDATES, id=str(pupil))
    taken = tight.app.state.admission.connection
    with await deaf(tight, token_of(student), pupil) as client:
        await eventually(lambda: taken.taken == 1)
        wanted = []
        while taken.taken:
            assert len(wanted) < 200
            wanted.append(await tight.work(student, pupil))
            assert await reader.seqs(1) == wanted[-1:]
        await reader.close()
        await eventually(lambda: nothing_left(tight))
        await eventually(lambda: not tight.server.server_state.connections)
        with suppress(ConnectionError):  # what was on its way may be read, or not
            while await asyncio.get_running_loop().sock_recv(client, 65_536):
                pass
    assert caplog.messages == []


async def test_a_gateway_that_stops_sends_its_clients_elsewhere(
    served: Served, client: Client, people: People, student: Viewer
) -> None:
    pupil = people.students[0].id
    async with client.stream(id=str(pupil)) as stream:
        await stream.opening()
        seq = await served.work(student, pupil)
        assert await stream.seqs(1) == [seq]
        await served.app.state.draining.drain()
        assert await stream.block() == b": this server stops: come back with the last id\n\n"
        with pytest.raises(Ended):
            await stream.block()
    assert nothing_left(served)


async def test_a_stream_that_opens_while_the_gateway_stops_is_sent_elsewhere(
    served: Served, client: Client, people: People
) -> None:
    await served.app.state.draining.drain()
    async with client.stream(id=str(people.students[0].id)) as stream:
        last = (await stream.rest())[-1]
    assert last == b": this server stops: come back with the last id\n\n"
