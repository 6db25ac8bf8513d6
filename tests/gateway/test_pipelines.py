"""Requests that are sent without waiting for answers, by a client that then hangs up."""

import asyncio
import logging
from typing import Any

import pytest
from following import eventually
from served import Served

from gateway.operations import Operations

pytestmark = pytest.mark.anyio

BODY = b'{"query": "{ viewer { role } }"}'


async def test_who_hangs_up_on_several_is_no_fault_of_ours(
    listening: Served,
    student,
    token_of,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def never(*_given: Any) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    monkeypatch.setattr(Operations, "_found", never)
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token_of(student)}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
    )
    host, _, port = listening.url.removeprefix("http://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    with caplog.at_level(logging.ERROR):
        writer.write((head.encode() + BODY) * 3)
        await begun.wait()
        writer.transport.abort()
        await asyncio.wait_for(ended.wait(), 20)
        await eventually(lambda: not listening.server.server_state.tasks)
    assert caplog.messages == []
