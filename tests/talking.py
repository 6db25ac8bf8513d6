"""A client of `graphql-transport-ws` that says and hears one message at a time."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from following import PATIENCE, UPDATES
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

SUBPROTOCOL = "graphql-transport-ws"
Message = dict[str, Any]


class Ended(AssertionError):
    """The server closed the socket, while a message was waited for."""


class Talk:
    """One socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def say(self, type: str, **parts: Any) -> None:
        await self.socket.send(json.dumps({"type": type, **parts}))

    async def hear(self, *, pings: bool = False) -> Message:
        """The next message; the server's pings are answered and passed over, unless wanted."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    message: Message = json.loads(await self.socket.recv())
                except ConnectionClosed:
                    raise Ended(self.code, self.reason) from None
                if pings or message["type"] != "ping":
                    return message
                await self.say("pong")

    async def init(self, token: str | None) -> None:
        """Be let in."""
        await self.say("connection_init", payload={"authorization": f"Bearer {token}"})
        assert await self.hear() == {"type": "connection_ack"}

    async def subscribe(self, name: str, query: str = UPDATES, /, **variables: Any) -> None:
        await self.say("subscribe", id=name, payload={"query": query, "variables": variables})

    async def ask(self, name: str, query: str, /, **variables: Any) -> Any:
        """The data of a query or a mutation."""
        await self.subscribe(name, query, **variables)
        answer = await self.hear()
        assert (answer["type"], answer["id"]) == ("next", name), answer
        assert await self.hear() == {"type": "complete", "id": name}
        return answer["payload"]["data"]

    async def seqs(self, count: int) -> list[int]:
        """The numbers of the next so many events, on whichever operation."""
        found = [await self.hear() for _ in range(count)]
        return [each["payload"]["data"]["dashboardUpdates"]["event"]["seq"] for each in found]

    async def closed(self, *, pings: bool = False) -> tuple[int | None, str | None]:
        """How the server closes the socket, once it does; what it says before is passed over."""
        with suppress(Ended):
            async with asyncio.timeout(PATIENCE):
                while True:
                    await self.hear(pings=pings)
        return self.code, self.reason

    @property
    def code(self) -> int | None:
        return self.socket.close_code

    @property
    def reason(self) -> str | None:
        return self.socket.close_reason


@asynccontextmanager
async def talking(url: str, token: str | None = None, **options: Any) -> AsyncIterator[Talk]:
    """A socket, initialised where a token is given."""
    given = {"subprotocols": [SUBPROTOCOL], "compression": None, **options}
    async with connect(url, **given) as socket:
        talk = Talk(socket)
        if token is not None:
            await talk.init(token)
        yield talk
