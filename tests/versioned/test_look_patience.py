"""Asking for the versions is part of an operation: its time runs, and who hangs up ends it."""

import asyncio
from typing import Any

import httpx2
import pytest
from following import eventually
from keeping import bearing, keeping
from served import serving

from gateway.settings import Settings
from gateway.versioned import Versions

pytestmark = pytest.mark.anyio

MINE = {"query": "{ viewer { student { id displayName } } }"}
LONG = 30  # seconds: whoever waits for no answer would wait for ever


class Silent:
    """Versions that are asked for and never told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[asyncio.Future[bytes]] = []
        monkeypatch.setattr(Versions, "of", self.of)

    def of(self, _: Any) -> asyncio.Future[bytes]:
        self.asked.append(asyncio.get_running_loop().create_future())
        return self.asked[-1]


async def test_the_time_of_an_operation_runs_while_versions_are_read(
    gateway_settings: Settings, student, token_of, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        keeping(gateway_settings, operation_timeout=1.0) as app,
        bearing(app, token_of(student)) as client,
    ):
        for _ in range(3):
            assert (await client.post("/graphql", json=MINE)).json()["data"]
        Silent(monkeypatch)
        answer = await asyncio.wait_for(client.post("/graphql", json=MINE), LONG)
    assert [each["extensions"]["code"] for each in answer.json()["errors"]] == ["TIMEOUT"]


async def test_who_hangs_up_does_not_wait_for_the_versions(
    gateway_settings: Settings, student, token_of, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = gateway_settings.model_copy(update={"operation_timeout": LONG})
    headers = {"Authorization": f"Bearer {token_of(student)}"}
    async with (
        serving(settings) as gateway,
        httpx2.AsyncClient(base_url=gateway.url, headers=headers) as client,
    ):
        for _ in range(3):
            await client.post("/graphql", json=MINE)
        silent = Silent(monkeypatch)
        asking = asyncio.create_task(client.post("/graphql", json=MINE))
        await eventually(lambda: silent.asked)
        asking.cancel()
        await asyncio.wait([asking])
        await eventually(silent.asked[0].cancelled)


async def test_versions_that_cannot_be_read_are_asked_for_once(
    gateway_settings: Settings, student, token_of, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with keeping(gateway_settings) as app, bearing(app, token_of(student)) as client:
        for _ in range(3):
            before = await client.post("/graphql", json=MINE)
        silent = Silent(monkeypatch)
        asking = asyncio.create_task(client.post("/graphql", json=MINE))
        await eventually(lambda: silent.asked)
        silent.asked[0].set_exception(OSError("the connection is cut"))
        answer = await asyncio.wait_for(asking, LONG)
    assert answer.content == before.content
    assert len(silent.asked) == 1
