"""A client that does not take its parts is cut off when its time is over, and nothing is left."""

import asyncio
import json
import socket
from typing import Any

import pytest
from following import eventually
from in_parts import TAKES_PARTS
from served import serving

from gateway.settings import Settings

pytestmark = pytest.mark.anyio

TASKS = "students(first: 12) { nodes { tasks(first: 60) { nodes { id label dueAt } } } }"


def large(name: str) -> str:
    """Some 100 kB of an answer."""
    return " ".join(f"{name}{i}: {TASKS}" for i in range(4))


QUERY = f"""{{ viewer {{ role
  ... @defer {{ {large("a")} ... @defer {{ {large("b")} ... @defer {{ {large("c")} }} }} }} }} }}"""
SMALL = 4_096  # bytes that the network takes of what is not read


async def test_who_takes_nothing_is_cut_off(
    gateway_settings: Settings, coach: Any, token_of: Any
) -> None:
    changed = {"operation_timeout": 2.0, "paths": "reference"}
    settings = gateway_settings.model_copy(update=changed)
    body = json.dumps({"query": QUERY}).encode()
    head = (
        "POST /graphql HTTP/1.1\r\nHost: nexus.test\r\nContent-Type: application/json\r\n"
        f"Accept: {TAKES_PARTS}\r\nAuthorization: Bearer {token_of(coach)}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    async with serving(settings, send_buffer=SMALL) as gateway:
        host, port = gateway.url.removeprefix("http://").split(":")
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        client.settimeout(0)
        with client:
            loop = asyncio.get_running_loop()
            await loop.sock_connect(client, (host, int(port)))
            await loop.sock_sendall(client, head.encode() + body)
            assert (await loop.sock_recv(client, 100)).startswith(b"HTTP/1.1 200 OK")
            assert gateway.server.server_state.connections
            await eventually(lambda: not gateway.server.server_state.connections)
        await eventually(
            lambda: gateway.app.state.pool.get_idle_size() == gateway.app.state.pool.get_size()
        )
