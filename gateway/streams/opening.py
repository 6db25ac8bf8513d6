"""Opening a subscription: from an operation to the messages that its subscriber is sent."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult, Executor, GraphQLError, create_source_event_stream

from gateway.answers import body_of
from gateway.documents import CONTRACT, Operation, Prepared
from gateway.execution import run, told
from gateway.refusals import Rejected
from gateway.streams.plain import Plain
from gateway.streams.rendering import Renderings, Sharing
from gateway.tracing import Traced, Untraced
from resolvers.context import Context
from resolvers.live import Update
from services.access import Viewer

AWAY = {"UNAVAILABLE", "TIMEOUT"}  # faults that pass: an event is not spent on them
SOONEST, LATEST = 0.1, 2.0  # seconds between two attempts to render
PATIENCE = 30.0  # seconds in all; then the subscriber is told to come back

MakeContext = Callable[..., Context]


class ComeBack(Exception):
    """The stream cannot go on now; nothing is lost for who comes back with the last `seq`."""


@dataclass(frozen=True, slots=True)
class Message:
    """One answer, as JSON text; `seq` is where a student's journal stands after it."""

    body: str
    seq: int | None


class Opened(AsyncIterator[Message]):
    """The messages of a subscription that was let in, to be taken or closed.

    `begins` is where in a student's journal it begins: who is cut off before the first message
    comes back with it. None where what is followed has no one journal.
    """

    def __init__(self, messages: AsyncGenerator[Message], begins: int | None) -> None:
        self._messages = messages
        self.begins = begins

    async def __anext__(self) -> Message:
        return await anext(self._messages)

    async def aclose(self) -> None:
        await self._messages.aclose()


class Streams:
    """What the streams of one process share."""

    def __init__(
        self, context: MakeContext, *, suggestions: bool, tracing: Traced | Untraced
    ) -> None:
        self._context = context
        self._suggestions = suggestions
        self._tracing = tracing
        self._renderings = Renderings()

    async def open(
        self,
        prepared: Prepared,
        operation: Operation,
        viewer: Viewer,
        request_id: str,
    ) -> Opened:
        """The messages of a subscription; Rejected where it may not start.

        While they are taken: GraphQLError where it ends for a reason of the client's own,
        `ComeBack` where it has to start again.
        """
        context = self._new(viewer, request_id, resume=operation.resume)
        try:
            source = await _source(prepared, operation, context, suggestions=self._suggestions)
        finally:
            context.reader.stop()
        sharing = Sharing.of(prepared)
        scope = sharing.scope(operation, viewer)
        render = partial(self._render, prepared, operation, viewer, request_id)
        return Opened(self._messages(source, scope, sharing.plain, render), context.begins)

    def _new(self, viewer: Viewer, request_id: str, resume: int | None = None) -> Context:
        clock = datetime.now(UTC)
        context = self._context(viewer=viewer, clock=clock, request_id=request_id, resume=resume)
        self._tracing.statements(context)
        return context

    async def _messages(
        self,
        source: AsyncIterator[Any],
        scope: Any,
        plain: Plain | None,
        render: Callable[[Any], Any],
    ) -> AsyncGenerator[Message]:
        try:
            async for value in source:
                if plain and isinstance(value, Update) and (body := plain(value)):
                    yield Message(body, value.event.seq)
                elif isinstance(value, Update):
                    key = (scope, value.event.id)
                    body = await self._renderings.get(key, partial(render, value))
                    if body.startswith('{"errors"'):  # of who asked first, who may see no more
                        body = await render(value)
                    yield Message(body, value.event.seq)
                else:
                    yield Message(await render(value), None)
        finally:
            await source.aclose()  # type: ignore[attr-defined]

    async def _render(
        self,
        prepared: Prepared,
        operation: Operation,
        viewer: Viewer,
        request_id: str,
        value: Any,
    ) -> str:
        """One event as its subscribers see it, read anew: never older than the event."""
        pause = SOONEST
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    context = self._new(viewer, request_id)
                    with self._tracing.event(prepared.name):
                        answer = await run(
                            prepared, operation, context, root=value, suggestions=self._suggestions
                        )
                    if not _passes(answer.errors):
                        return body_of(answer).decode()
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LATEST)
        except TimeoutError:
            raise ComeBack from None


def _passes(errors: list[GraphQLError]) -> bool:
    """Whether the answer is short of something only because a server is away for a moment."""
    return any((error.extensions or {}).get("code") in AWAY for error in errors)


async def _source(
    prepared: Prepared, operation: Operation, context: Context, *, suggestions: bool
) -> AsyncIterator[Any]:
    executor = Executor.build(
        CONTRACT,
        prepared.document,
        context_value=context,
        raw_variable_values=dict(operation.variables),
        operation_name=operation.name,
        hide_suggestions=not suggestions,
    )
    if isinstance(executor, list):
        raise _refused(executor, context)
    opened = create_source_event_stream(executor)
    found = await opened if isawaitable(opened) else opened
    if isinstance(found, ExecutionResult):
        raise _refused(found.errors or [], context)
    return found  # type: ignore[return-value]


def _refused(errors: list[GraphQLError], context: Context) -> Rejected:
    return Rejected([told(error, context.request_id) for error in errors])
