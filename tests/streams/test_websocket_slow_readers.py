"""Sockets whose clients read slowly, or not at all: told so, given up, hung up on; others go on."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from following import eventually
from served import Served, serving, until_followed, until_nobody
from talking import Talk, talking

from gateway.settings import Settings
from gateway.streams import connection
from services.access import Viewer
from services.demo_school import People
from subscriptions import follow

pytestmark = pytest.mark.anyio

LARGE = """
subscription ($id: ID!) {
  dashboardUpdates(studentId: $id) {
    event { seq }
    student { tasks(first: 100) { nodes { id label status source createdAt } } }
  }
}
"""
EVENTS = 40  # of these, more than a narrow network takes


@asynccontextmanager
async def greedy(url: str, token: str) -> AsyncIterator[Talk]:
    """A socket whose client reads one message at a time, with little room for the next."""
    address = urlsplit(url)
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    small.settimeout(0)
    await asyncio.get_running_loop().sock_connect(small, (address.hostname, address.port))
    async with talking(url, token, sock=small, max_queue=1) as talk:
        yield talk


@pytest.fixture
async def narrow(live_settings: Settings, anyio_backend: str) -> AsyncIterator[Served]:
    """A gateway whose network takes little of what a client does not read."""
    async with serving(live_settings, send_buffer=4096) as gateway:
        yield gateway


async def test_who_cannot_keep_up_with_events_hears_them_later_and_keeps_nobody_waiting(
    narrow: Served,
    student: Viewer,
    people: People,
    token_of,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(follow, "LONGEST_QUEUE", 5)
    monkeypatch.setattr(connection, "SEND_LIMIT", 60.0)
    pupil = people.students[0].id
    async with (
        greedy(narrow.socket_url, token_of(student)) as slow,
        talking(narrow.socket_url, token_of(student)) as brisk,
    ):
        await slow.subscribe("a", LARGE, id=str(pupil))
        await brisk.subscribe("a", id=str(pupil))
        await until_followed(narrow, 2)
        seqs = []
        for _ in range(EVENTS):
            seqs.append(await narrow.work(student, pupil))
            assert await brisk.seqs(1) == seqs[-1:]
        assert narrow.app.state.followers._watched[pupil].replaying
        assert await slow.seqs(EVENTS) == seqs


async def flood(served: Served, slow: Talk, student: Viewer, pupil: UUID) -> None:
    """Make events until a client has some that it does not read."""
    await slow.subscribe("a", LARGE, id=str(pupil))
    await until_followed(served, 1)
    for _ in range(EVENTS):
        await served.work(student, pupil)


async def test_who_takes_nothing_is_given_up_and_told_why_if_it_reads_again(
    narrow: Served, student: Viewer, people: People, token_of, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connection, "SEND_LIMIT", 0.5)
    monkeypatch.setattr(connection, "CLOSE_LIMIT", 60.0)
    async with greedy(narrow.socket_url, token_of(student)) as slow:
        await flood(narrow, slow, student, people.students[0].id)
        await eventually(lambda: narrow.app.state.admission.subscription.taken == 0)
        assert await slow.closed() == (4410, "Fell behind: resume with afterSeq")


async def test_who_never_reads_again_is_hung_up_on(
    narrow: Served, student: Viewer, people: People, token_of, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connection, "SEND_LIMIT", 0.5)
    monkeypatch.setattr(connection, "CLOSE_LIMIT", 0.5)
    async with greedy(narrow.socket_url, token_of(student)) as slow:
        await flood(narrow, slow, student, people.students[0].id)
        await until_nobody(narrow)
        await eventually(lambda: not narrow.server.server_state.tasks)
        await slow.closed()
