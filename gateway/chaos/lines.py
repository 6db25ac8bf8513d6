"""The two ways to listen, each with a stock client: a WebSocket, and a stream of events.

Both give `Said`, one for each answer, and end when the connection does; `Refused` is a word of the
gateway's that no one may expect here.
"""

import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import httpx2
import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, WebSocketException
from websockets.typing import Subprotocol

PATIENCE = 20.0  # seconds to connect
SILENCE = 40.0  # seconds without even a heartbeat
LOST = (OSError, EOFError, WebSocketException, httpx2.HTTPError)
FATAL = {4400, 4401, 4403, 4406, 4409, 4429}  # closing codes that say the client is at fault
MEDIA_TYPE = "text/event-stream"
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # not spoken here, but each client makes one else


@dataclass(frozen=True, slots=True)
class Asked:
    """What a subscriber wants to hear, and from where on."""

    token: str
    query: str
    variables: dict[str, Any]
    last_id: int | None = None  # as EventSource sends it; WebSockets have variables alone
    abrupt: bool = False  # whether it leaves without closing its WebSocket


@dataclass(frozen=True, slots=True)
class Said:
    """An answer; without `data` it tells only where the stream begins."""

    data: dict[str, Any] | None
    id: int | None = None


class Refused(Exception):
    """The gateway does not take the subscription, or spoils an answer."""


Listen = Callable[[str, Asked], AsyncGenerator[Said]]


async def websocket(url: str, asked: Asked) -> AsyncGenerator[Said]:
    """`graphql-transport-ws`."""
    async with connect(
        url.replace("http://", "ws://") + "/graphql",
        subprotocols=[Subprotocol("graphql-transport-ws")],
        open_timeout=PATIENCE,
        close_timeout=1,
        ping_interval=None,
        compression=None,
        proxy=None,
    ) as socket:
        bearer = {"authorization": f"Bearer {asked.token}"}
        await socket.send(_text({"type": "connection_init", "payload": bearer}))
        payload = {"query": asked.query, "variables": asked.variables}
        await socket.send(_text({"type": "subscribe", "id": "1", "payload": payload}))
        try:
            async for frame in socket:
                message = orjson.loads(frame)
                match message["type"]:
                    case "next":
                        yield Said(_data(message["payload"]))
                    case "ping":
                        await socket.send(_text({"type": "pong"}))
                    case "error":
                        raise Refused(str(message["payload"]))
        except ConnectionClosedError as closed:
            if closed.rcvd is not None and closed.rcvd.code in FATAL:
                raise Refused(str(closed)) from None
            raise
        finally:
            if asked.abrupt:
                socket.transport.abort()


async def events(url: str, asked: Asked) -> AsyncGenerator[Said]:
    """Server-sent events."""
    headers = {"Accept": MEDIA_TYPE, "Authorization": f"Bearer {asked.token}"}
    if asked.last_id is not None:
        headers["Last-Event-ID"] = str(asked.last_id)
    body = {"query": asked.query, "variables": asked.variables}
    async with (
        httpx2.AsyncClient(timeout=SILENCE, trust_env=False, verify=TLS) as client,
        client.stream("POST", f"{url}/graphql", json=body, headers=headers) as answer,
    ):
        if answer.status_code >= 500:
            raise httpx2.HTTPError(f"status {answer.status_code}")
        if not answer.headers["content-type"].startswith(MEDIA_TYPE):
            raise Refused((await answer.aread()).decode())
        async with aclosing(_parsed(answer)) as found:
            async for name, id, data in found:
                if name == "next":
                    yield Said(_data(orjson.loads(data)), id)
                elif id is not None:
                    yield Said(None, id)


async def _parsed(answer: httpx2.Response) -> AsyncGenerator[tuple[str, int | None, str]]:
    """Name, id and data of each event; half of one, cut off, is none."""
    name, id, data = "", None, ""
    async for line in answer.aiter_lines():
        field, _, value = line.partition(": ")
        match field:
            case "":
                yield name, id, data
                name, id, data = "", None, ""
            case "event":
                name = value
            case "id":
                id = int(value)
            case "data":
                data = value


def _data(answer: dict[str, Any]) -> dict[str, Any]:
    if answer.get("errors") or not answer.get("data"):
        raise Refused(str(answer))
    data: dict[str, Any] = answer["data"]
    return data


def _text(message: dict[str, Any]) -> str:
    return orjson.dumps(message).decode()
