"""A client of event streams that reads one block at a time, byte for byte."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from conftest import database
from following import PATIENCE, UPDATES
from served import Served, serving

from gateway.embedded import Servers
from gateway.settings import Settings
from services.access import Viewer

STREAM = "text/event-stream"
HEADER = "X-GraphQL-Event-Stream-Token"
BLOCK = re.compile(
    rb"event: (?P<name>\w+)\n(id: (?P<id>\d+)\n)?data:( (?P<data>[^\n\r]+))?\n\n", re.ASCII
)


class Ended(AssertionError):
    """The stream is at its end, while something was waited for."""


@dataclass(frozen=True)
class Event:
    """One event of a stream."""

    name: str
    id: int | None
    data: Any

    @property
    def seq(self) -> int:
        return int(self.data["data"]["dashboardUpdates"]["event"]["seq"])


class Stream:
    """An answer that goes on."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self.last_id: int | None = None
        self._chunks = answer.aiter_raw()
        self._read = b""

    async def block(self) -> bytes:
        """What comes next, to its empty line; Ended where the stream has come to its end."""
        async with asyncio.timeout(PATIENCE):
            while b"\n\n" not in self._read:
                try:
                    self._read += await anext(self._chunks)
                except StopAsyncIteration:
                    assert self._read == b"", self._read
                    raise Ended from None
        found, _, self._read = self._read.partition(b"\n\n")
        return found + b"\n\n"

    async def opening(self) -> list[bytes]:
        """What a stream starts with: a comment, when to come back, and where it is, if anywhere.

        It is written at once, and so read at once.
        """
        blocks = [await self.block(), await self.block()]
        assert blocks[0] == b":\n\n", blocks
        if self._read.startswith(b"id: "):
            blocks.append(await self.block())
            self.last_id = int(blocks[-1][4:])
        return blocks

    async def event(self) -> Event:
        """The next event; what else is said is heard and passed over."""
        async with asyncio.timeout(PATIENCE):
            while True:
                block = await self.block()
                if found := BLOCK.fullmatch(block):
                    id, data = found["id"], found["data"]
                    self.last_id = self.last_id if id is None else int(id)
                    return Event(
                        found["name"].decode(),
                        None if id is None else int(id),
                        None if data is None else json.loads(data),
                    )
                passed = re.fullmatch(rb"(:.*|id: (?P<id>\d+)|retry: \d+)\n\n", block)
                assert passed, block
                self.last_id = int(passed["id"]) if passed["id"] else self.last_id

    async def seqs(self, count: int) -> list[int]:
        """The numbers of the next so many events."""
        return [(await self.event()).seq for _ in range(count)]

    async def rest(self) -> list[bytes]:
        """All that comes until the end."""
        blocks = []
        while True:
            try:
                blocks.append(await self.block())
            except Ended:
                return blocks


class Client:
    """Somebody with a token, and the requests they make."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http

    @asynccontextmanager
    async def stream(
        self, query: str = UPDATES, *, headers: dict[str, str] | None = None, **variables: Any
    ) -> AsyncIterator[Stream]:
        """Post an operation, to be answered by a stream of its own."""
        async with self.http.stream(
            "POST",
            "/graphql",
            json={"query": query, "variables": variables},
            headers={"Accept": STREAM, **(headers or {})},
        ) as answer:
            yield Stream(answer)

    @asynccontextmanager
    async def got(
        self, *, params: dict[str, str], headers: dict[str, str] | None = None
    ) -> AsyncIterator[Stream]:
        """Open a stream by GET."""
        asked = {"Accept": STREAM, **(headers or {})}
        async with self.http.stream("GET", "/graphql", params=params, headers=asked) as answer:
            yield Stream(answer)

    async def post(
        self, query: str, accept: str | None = None, **variables: Any
    ) -> httpx2.Response:
        """Post an operation whose answer ends."""
        return await self.http.post(
            "/graphql",
            json={"query": query, "variables": variables},
            headers={} if accept is None else {"Accept": accept},
        )


@dataclass
class Single:
    """A client and the token of its stream."""

    client: Client
    token: str

    @property
    def http(self) -> httpx2.AsyncClient:
        return self.client.http

    @asynccontextmanager
    async def open(self, method: str = "GET") -> AsyncIterator[Stream]:
        headers = {HEADER: self.token, "Accept": STREAM}
        async with self.http.stream(method, "/graphql", headers=headers) as answer:
            yield Stream(answer)

    async def run(self, name: Any, query: str, /, **variables: Any) -> httpx2.Response:
        asked = {"query": query, "variables": variables, "extensions": {"operationId": name}}
        return await self.http.post("/graphql", json=asked, headers={HEADER: self.token})

    async def cancel(self, **params: str) -> httpx2.Response:
        return await self.http.delete("/graphql", params=params, headers={HEADER: self.token})


async def reserved(client: Client) -> Single:
    answer = await client.http.put("/graphql")
    assert (answer.status_code, answer.headers["content-type"]) == (
        201,
        "text/plain; charset=utf-8",
    )
    return Single(client, answer.text)


def nothing_left(served: Served) -> bool:
    """Whether no stream has left anything behind."""
    state = served.app.state
    return (
        state.admission.connection.taken == state.admission.subscription.taken == 0
        and not len(state.reservations)
        and not state.followers._watched
        and not state.draining._open
        and state.pool.get_idle_size() == state.pool.get_size()
    )


@pytest.fixture(scope="module")
def module_school(servers: Servers, loaded: str) -> Iterator[str]:
    """A demo school of a module's own: its tests add to it, and take nothing away."""
    with database(servers, loaded) as dsn:
        yield dsn


@pytest.fixture(scope="module")
async def kept(
    gateway_settings: Settings, module_school: str, anyio_backend: str
) -> AsyncIterator[Served]:
    """A gateway on a socket, for a module whose tests leave it as it was."""
    changed = {"database_url": module_school, "rate_writes": 1_000_000}
    async with serving(gateway_settings.model_copy(update=changed)) as gateway:
        yield gateway


@pytest.fixture
async def client_of(
    served: Served, token_of: Callable[..., str]
) -> AsyncIterator[Callable[..., Client]]:
    """Make a client of a viewer; all are closed at the end."""
    made: list[httpx2.AsyncClient] = []

    def make(viewer: Viewer, **changed: Any) -> Client:
        authorization = f"Bearer {token_of(viewer, **changed)}"
        http = httpx2.AsyncClient(
            base_url=served.url,
            headers={"Authorization": authorization},
            timeout=PATIENCE,
        )
        # httpx2 takes everything unless told
        del http.headers["accept"]
        made.append(http)
        return Client(http)

    yield make
    for http in made:
        await http.aclose()


@pytest.fixture
def client(client_of: Callable[..., Client], student: Viewer) -> Client:
    """The first pupil."""
    return client_of(student)
