"""A live gateway of the test's own, and subscriptions opened without a transport."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from over_http import SECRET
from starlette.applications import Starlette

from gateway.app import create_app
from gateway.documents import Operation
from gateway.embedded import Servers
from gateway.execution import run
from gateway.settings import Settings
from services.access import Viewer

PATIENCE = 20.0  # seconds that a test waits for what must happen

UPDATES = """
subscription Updates($id: ID!, $after: Int, $kinds: [EventKind!]) {
  dashboardUpdates(studentId: $id, afterSeq: $after, kinds: $kinds) {
    event { seq kind }
    student { version }
  }
}
"""
CREATE = """
mutation Create($id: ID!, $label: String!) {
  createTask(input: {studentId: $id, label: $label}) { events { seq } errors { message } }
}
"""


@dataclass
class Live:
    """The application, and what a client would do with it."""

    app: Starlette

    async def subscribe(self, viewer: Viewer, query: str = UPDATES, **variables: Any) -> "Heard":
        """Open a subscription; Rejected where it may not start."""
        operation = Operation(query, variables, None)
        prepared = self.app.state.documents.prepared(operation)
        messages = await self.app.state.streams.open(prepared, operation, viewer, "test")
        return Heard(messages)

    async def ask(self, viewer: Viewer, query: str, **variables: Any) -> dict[str, Any]:
        """Run a query or a mutation as the gateway does."""
        operation = Operation(query, variables, None)
        prepared = self.app.state.documents.prepared(operation)
        context = self.app.state.context(viewer=viewer, clock=datetime.now(UTC), request_id="test")
        answer = await run(prepared, operation, context)
        assert not answer.errors, answer.errors
        data: dict[str, Any] = answer.content.data
        return data

    async def work(self, viewer: Viewer, student_id: UUID, label: str = "Lire") -> int:
        """Make one event in a student's journal; its number."""
        made = (await self.ask(viewer, CREATE, id=str(student_id), label=label))["createTask"]
        assert not made["errors"], made
        return int(made["events"][0]["seq"])


class Heard:
    """What a subscriber is sent."""

    def __init__(self, messages: AsyncIterator[Any]) -> None:
        self._messages = messages

    async def next(self) -> dict[str, Any]:
        """The next message's payload; whatever ends the stream is raised."""
        async with asyncio.timeout(PATIENCE):
            message = await anext(self._messages)
        payload: dict[str, Any] = orjson.loads(message.body)
        return payload

    async def seqs(self, count: int) -> list[int]:
        """The numbers of the next so many events."""
        found = [await self.next() for _ in range(count)]
        return [each["data"]["dashboardUpdates"]["event"]["seq"] for each in found]

    async def close(self) -> None:
        await self._messages.aclose()  # type: ignore[attr-defined]


@asynccontextmanager
async def living(settings: Settings) -> AsyncIterator[Live]:
    """A gateway's application, started and stopped."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield Live(app)


@pytest.fixture
def live_settings(servers: Servers, own_school: str, tmp_path: Path) -> Settings:
    """Settings of a gateway over a school of the test's own."""
    return Settings(
        home=tmp_path / "home",
        database_url=own_school,
        redis_url=servers.redis_url,
        jwt_secret=SECRET,
        rate_writes=1_000_000,
    )


@pytest.fixture
async def live(live_settings: Settings, anyio_backend: str) -> AsyncIterator[Live]:
    """A gateway that follows, over a school of the test's own."""
    async with living(live_settings) as gateway:
        yield gateway


async def eventually(condition: Callable[[], object]) -> None:
    """Wait until something holds; the test fails where it never does."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 (there is no event for what is looked at)
            await asyncio.sleep(0.01)
