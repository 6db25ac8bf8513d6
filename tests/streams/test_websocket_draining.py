"""Stopping: every socket is told to come back, and loses nothing by it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx2
import pytest
from following import CREATE, PATIENCE, eventually
from over_http import SECRET
from running import free_port
from served import Served, serving
from talking import talking

from gateway.settings import ROOT, Settings
from services.access import Viewer
from services.demo_school import People

pytestmark = pytest.mark.anyio

STOPPING = (1012, "Service restart: resume with afterSeq")


class Process:
    """A gateway as `scripts/nexus serve` starts it."""

    def __init__(self, settings: Settings, home: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/graphql"
        self.socket_url = f"ws://127.0.0.1:{port}/graphql"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", "serve"],
            cwd=ROOT,
            env={
                "PATH": os.defpath,
                "NEXUS_HOME": str(home),
                "NEXUS_PORT": str(port),
                "NEXUS_JWT_SECRET": SECRET,
                "DATABASE_URL": str(settings.database_url),
                "REDIS_URL": str(settings.redis_url),
            },
            stderr=subprocess.DEVNULL,
        )

    async def ready(self) -> None:
        async with asyncio.timeout(PATIENCE * 3), httpx2.AsyncClient() as client:
            while True:
                try:
                    await client.get(self.url.replace("/graphql", "/health"))
                except httpx2.TransportError:
                    await asyncio.sleep(0.05)
                else:
                    return

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    async def ended(self) -> int:
        return await asyncio.to_thread(self._process.wait, PATIENCE)


@asynccontextmanager
async def process(settings: Settings, home: Path) -> AsyncIterator[Process]:
    started = Process(settings, home)
    try:
        await started.ready()
        yield started
    finally:
        started.stop()
        await started.ended()


async def test_a_process_that_is_told_to_stop_sends_its_sockets_elsewhere(
    live_settings: Settings, student: Viewer, people: People, token_of, tmp_path: Path
):
    pupil, token = str(people.students[0].id), token_of(student)

    async def work(url: str) -> int:
        body = {"query": CREATE, "variables": {"id": pupil, "label": "Lire"}}
        async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as client:
            made = (await client.post(url, json=body)).json()
        return int(made["data"]["createTask"]["events"][0]["seq"])

    async with serving(live_settings) as other, process(live_settings, tmp_path) as one:
        async with talking(one.socket_url, token) as talk, talking(one.socket_url) as idle:
            last = await work(one.url)
            await talk.subscribe("a", id=pupil, after=last - 1)
            assert await talk.seqs(1) == [last]
            one.stop()
            assert await talk.closed() == STOPPING
            assert await idle.closed() == STOPPING
        assert await one.ended() == 0
        missed = [await work(f"{other.url}/graphql") for _ in range(2)]
        async with talking(other.socket_url, token) as again:
            await again.subscribe("a", id=pupil, after=last)
            assert await again.seqs(2) == missed


@pytest.fixture
async def stopping(served: Served) -> AsyncIterator[Served]:
    """A gateway that the test stops by `server.should_exit`."""
    yield served
    assert served.server.should_exit


async def test_what_is_being_answered_is_answered_before_the_socket_is_closed(
    stopping: Served, student: Viewer, people: People, token_of, own_school: str
):
    pupil = str(people.students[0].id)
    blocker = await asyncpg.connect(own_school)
    async with talking(stopping.socket_url, token_of(student)) as talk:
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE nexus_app.tasks IN ACCESS EXCLUSIVE MODE")
            await talk.subscribe("live", id=pupil)
            await talk.subscribe("change", CREATE, id=pupil, label="Lire")
            running = stopping.app.state.admission.subscription
            await eventually(lambda: running.taken == 2)
            stopping.server.should_exit = True
            await eventually(lambda: running.taken == 1)  # the subscription has ended
        heard = await talk.hear()
        assert (heard["id"], heard["type"]) == ("change", "next")
        assert heard["payload"]["data"]["createTask"]["errors"] == []
        assert await talk.hear() == {"type": "complete", "id": "change"}
        assert await talk.closed() == STOPPING
    await blocker.close()


async def test_who_comes_while_the_process_stops_is_sent_on(
    stopping: Served, student: Viewer, token_of
):
    stopping.app.state.draining.begun = True
    async with talking(stopping.socket_url) as talk:
        assert await talk.closed() == STOPPING
    stopping.server.should_exit = True
