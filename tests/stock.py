"""Stock clients of subscriptions, each in a process of Node that takes and tells JSON lines."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from events import nothing_left
from following import CREATE, eventually
from served import Served

from gateway.settings import ROOT
from services.access import Viewer
from services.demo_school import People

CLIENTS = ROOT / "tests" / "clients" / "live"
LIVE = """
subscription Live($id: ID!, $after: Int) {
  dashboardUpdates(studentId: $id, afterSeq: $after) {
    event { seq kind }
    student { id version dashboard { kpis { openTaskCount } tasks { id label } } }
  }
}
"""
NOW = """
query Now($id: ID!) {
  student(id: $id) { version dashboard { kpis { openTaskCount } tasks { id label } } }
}
"""
PATIENCE = 60.0  # seconds: Node takes its time where others work too
LONGEST = 2**22  # bytes of a line

Message = dict[str, Any]
Mint = Callable[[], str]


class Silent(AssertionError):
    """The client's process is at its end, while something was waited for."""


class Stock:
    """A client: what it is told to do, and what comes of it."""

    def __init__(self, process: asyncio.subprocess.Process, mint: Mint | None) -> None:
        self.requests: list[Message] = []
        self.asking = 0
        self.asked = 0
        self._mint = mint
        self._process = process
        self._over: set[str] = set()
        self._heard: asyncio.Queue[Message | None] = asyncio.Queue()

    # -- what it is told ---------------------------------------------------------------------

    async def say(self, **message: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        await self._process.stdin.drain()

    async def subscribe(self, name: str, query: str, /, **variables: Any) -> None:
        await self.say(does="subscribe", name=name, query=query, variables=variables)

    async def asks(self, name: str, query: str, /, **variables: Any) -> None:
        await self.say(does="ask", name=name, query=query, variables=variables)

    async def ask(self, query: str, /, **variables: Any) -> Any:
        """The data of a query or a mutation; nothing else must come before it."""
        await self.asks("asked", query, **variables)
        answer = await self.hear()
        assert (answer["type"], answer["name"]) == ("next", "asked"), answer
        assert "errors" not in answer["payload"], answer
        return answer["payload"]["data"]

    def keep_waiting(self) -> None:
        """Give it no token from now on."""
        self._mint = None

    async def kept_waiting(self) -> None:
        """Until it needs a token, which it is not given yet."""
        await eventually(lambda: self.asking)

    async def give(self, mint: Mint) -> None:
        """Give it the tokens that it asks for, and that it has asked for."""
        self._mint = mint
        while self.asking:
            self.asking -= 1
            await self.say(does="token", token=mint())

    # -- what comes of it --------------------------------------------------------------------

    async def listen(self) -> None:
        """Take down what it tells, to its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            message: Message = json.loads(line)
            match message["type"]:
                case "token":
                    self.asked += 1
                    self.asking += 1
                    if self._mint is not None and not self._process.stdin.is_closing():
                        await self.give(self._mint)
                case "request":
                    self.requests.append(message)
                case _:
                    self._heard.put_nowait(message)
        self._heard.put_nowait(None)

    async def hear(self) -> Message:
        """The next thing that it tells."""
        async with asyncio.timeout(PATIENCE):
            message = await self._heard.get()
            while message and message["type"] == "complete" and message["name"] in self._over:
                message = await self._heard.get()
        if message is None:
            raise Silent
        return message

    async def next(self, name: str) -> Any:
        """The data of the next answer to a subscription; whatever else comes is a failure."""
        heard = await self.hear()
        assert (heard["type"], heard["name"]) == ("next", name), heard
        assert not heard["payload"].get("errors"), heard
        return heard["payload"]["data"]

    async def seqs(self, count: int, name: str = "live") -> list[int]:
        """The numbers of the next so many events of a pupil."""
        found = [await self.next(name) for _ in range(count)]
        return [each["dashboardUpdates"]["event"]["seq"] for each in found]

    async def refused(self, name: str) -> list[Any]:
        """The codes of what comes instead of an answer: of GraphQL, or else of HTTP."""
        heard = await self.hear()
        assert heard["name"] == name, heard
        self._over.add(name)  # clients complete it or not
        errors = heard["errors"] if heard["type"] == "error" else heard["payload"]["errors"]
        return [error.get("extensions", error)["code"] for error in errors]

    async def stop(self, *names: str) -> None:
        """Stop its subscriptions; nothing came of them that was not heard."""
        for name in names:
            await self.say(does="stop", name=name)
        await self.leave()
        while (message := await self._heard.get()) is not None:
            assert message["type"] == "complete", message

    async def leave(self) -> None:
        """It is told no more, and ends."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        async with asyncio.timeout(PATIENCE):
            await self._process.wait()


@asynccontextmanager
async def stock(client: str, served: Served, mint: Mint | None = None) -> AsyncIterator[Stock]:
    """A client of the gateway, which is given such tokens; it must not complain."""
    process = await asyncio.create_subprocess_exec(
        "node",
        CLIENTS / f"{client}.mjs",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=LONGEST,
    )
    assert process.stderr is not None
    one = Stock(process, mint)
    listening = asyncio.create_task(one.listen())
    complaints = asyncio.create_task(process.stderr.read())
    try:
        await one.say(url=f"{served.url}/graphql", socketUrl=served.socket_url)
        yield one
        await one.leave()
        await listening
        assert (await complaints, process.returncode) == (b"", 0)
    except BaseException as error:
        if process.returncode is None:
            process.kill()
        error.add_note((await complaints).decode())
        raise
    finally:
        await process.wait()
        await listening


@dataclass(frozen=True)
class Scene:
    """The first pupil, whose journal goes on, and the gateway that tells of it."""

    served: Served
    viewer: Viewer
    pupil: str
    mint: Mint

    @asynccontextmanager
    async def client(self, name: str, mint: Mint | None = None) -> AsyncIterator[Stock]:
        """A client of the pupil's own; at the end the gateway has nothing left of it."""
        async with stock(name, self.served, mint or self.mint) as one:
            yield one
        sockets = self.served.app.state.sockets
        await eventually(lambda: nothing_left(self.served) and not sockets.open)

    async def change(self) -> int:
        """Make an event, over HTTP; its number."""
        asked = {"query": CREATE, "variables": {"id": self.pupil, "label": "Lire"}}
        headers = {"Authorization": f"Bearer {self.mint()}"}
        async with httpx2.AsyncClient(base_url=self.served.url, headers=headers) as http:
            made = (await http.post("/graphql", json=asked)).json()["data"]["createTask"]
        assert not made["errors"], made
        return int(made["events"][0]["seq"])

    async def goes_on(self, one: Stock) -> None:
        """An event is made, and is the next thing that the client hears of."""
        made = await self.change()
        assert await one.seqs(1) == [made]

    async def now(self) -> dict[str, Any]:
        """The pupil as they are."""
        found: dict[str, Any] = await self.served.ask(self.viewer, NOW, id=self.pupil)
        student: dict[str, Any] = found["student"]
        return student

    async def subscribed(self, one: Stock) -> None:
        """Let a client follow what happens from now on."""
        await one.subscribe("live", LIVE, id=self.pupil, after=(await self.now())["version"])


@pytest.fixture
def scene(
    served: Served, student: Viewer, people: People, token_of: Callable[[Viewer], str]
) -> Scene:
    return Scene(served, student, str(people.students[0].id), lambda: token_of(student))
