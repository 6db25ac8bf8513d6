"""The parts of a live measurement that are processes of their own: who writes, and who listens."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from gateway.bench.gateways import many_files
from gateway.bench.wire import Wire, dial
from models.base import uuid7
from models.vocabulary import EventKind
from subscriptions.bell import Bell
from subscriptions.connection import connect

WRITING = 24  # connections
AT_ONCE = 64  # sockets being opened
PROBE_EVERY = 0.02  # seconds

JOURNALED = """
WITH grown AS (
  UPDATE nexus_app.students SET version = version + 1, updated_at = $3 WHERE id = $1
  RETURNING version
)
INSERT INTO nexus_app.events (id, student_id, seq, kind, at, actor_id, actor_role, payload_json)
SELECT $2, $1, version, 'TASK_UPDATED', $3, 'bench', 'ADMIN', '{}' FROM grown
RETURNING seq
"""


class Moment(NamedTuple):
    """An event, by the number of its pupil and its own, and when: CLOCK_MONOTONIC of all."""

    pupil: int
    seq: int
    at: float


class Rung(NamedTuple):
    """What the bell has to know of an event."""

    student_id: UUID
    seq: int
    kind: EventKind


class Writer:
    """Commits events as the journal does, and rings as a gateway does."""

    def __init__(self, dsn: str, redis_url: str) -> None:
        self._dsn = dsn
        self._bell = Bell(connect(redis_url))
        self._pool: Any = None
        self._ringing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        # who waits for the disk is not what is measured
        careless = {"synchronous_commit": "off"}
        self._pool = [
            await asyncpg.connect(self._dsn, server_settings=careless) for _ in range(WRITING)
        ]
        self._ringing = asyncio.create_task(self._bell.run())

    async def write(self, students: Sequence[UUID], rate: float, count: int) -> list[Moment]:
        """So many events, evenly over time and pupils; when each was committed."""
        numbers = iter(range(count))
        began = time.monotonic() + 0.05
        done: list[Moment] = []

        async def through(connection: Any) -> None:
            for number in numbers:
                await asyncio.sleep(began + number / rate - time.monotonic())
                pupil = number % len(students)
                student_id = students[pupil]
                seq = await connection.fetchval(JOURNALED, student_id, uuid7(), datetime.now(UTC))
                done.append(Moment(pupil, seq, time.monotonic()))
                self._bell.ring([Rung(student_id, seq, EventKind.TASK_UPDATED)])  # type: ignore[list-item]

        await asyncio.gather(*map(through, self._pool))
        return done


class Listeners:
    """Sockets with one subscription each; when each event arrived."""

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port
        self._wires: list[Wire] = []
        self._arrived: list[Moment] = []
        self._heard: set[int] = set()
        self._probing: asyncio.Task[None] | None = None
        self._longest = 0.0
        self.refused: list[str] = []

    async def open(self, people: Sequence[tuple[UUID, str]], query: str) -> float:
        """A socket for each (student, token); seconds until all were acknowledged."""
        many_files()
        asked = iter(enumerate(people))
        began = time.monotonic()

        async def some() -> None:
            for number, (student_id, token) in asked:
                wire = await dial(*self._address, token, self._hearing(number))
                payload = {"query": query, "variables": {"id": str(student_id)}}
                wire.send({"type": "subscribe", "id": "1", "payload": payload})
                self._wires.append(wire)

        await asyncio.gather(*(some() for _ in range(AT_ONCE)))
        return time.monotonic() - began

    def _hearing(self, number: int) -> Any:
        def hear(message: Any) -> None:
            now = time.monotonic()
            if message["type"] != "next":
                self.refused.append(str(message))
                return
            event = message["payload"]["data"]["dashboardUpdates"]["event"]
            self._arrived.append(Moment(number, event["seq"], now))
            self._heard.add(number)

        return hear

    async def arrivals(self) -> list[Moment]:
        """What has arrived since the last time this was asked."""
        if self.refused:
            raise RuntimeError(self.refused[0])
        if ended := [wire.ended.result() for wire in self._wires if wire.ended.done()]:
            raise RuntimeError(f"{len(ended)} sockets were closed: {ended[0]}")
        found, self._arrived = self._arrived, []
        return found

    async def silent(self) -> list[int]:
        """Those that have never heard anything."""
        return sorted(set(range(len(self._wires))) - self._heard)

    async def probe(self, token: str) -> None:
        """Ask for an answer again and again: how long the gateway stands still."""
        answered = asyncio.Event()
        wire = await dial(*self._address, token, lambda _: answered.set())

        async def ask() -> None:
            while True:
                answered.clear()
                asked = time.monotonic()
                wire.send({"type": "ping"})
                await answered.wait()
                self._longest = max(self._longest, time.monotonic() - asked)
                await asyncio.sleep(PROBE_EVERY)

        self._probing = asyncio.create_task(ask())

    async def longest_pause(self) -> float:
        """Seconds, since the last time this was asked."""
        found, self._longest = self._longest, 0.0
        return found

    async def close(self) -> None:
        if self._probing is not None:
            self._probing.cancel()
            with suppress(asyncio.CancelledError):
                await self._probing
        for wire in self._wires:
            wire.abort()
        self._wires.clear()
        self._heard.clear()
        self._arrived.clear()
