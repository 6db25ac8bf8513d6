"""What an event stream carries of one operation, to its end; both ways of GraphQL over SSE."""

from collections.abc import AsyncGenerator
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response

from gateway import answers
from gateway.auth import Session
from gateway.documents import Operation, Prepared
from gateway.execution import told
from gateway.negotiation import EVENT_STREAM, negotiated
from gateway.refusals import Rejected, malformed, refusal
from gateway.streams import sse
from gateway.streams.admission import TooMany
from gateway.streams.opening import AWAY, ComeBack, Message, Opened
from gateway.streams.sse import Over
from services.access import Viewer

LATER = "the database is away: come back later with the last id"
LONGEST_ID = 18  # digits of a `Last-Event-ID`


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation that may run: what, for whom, and as which request."""

    prepared: Prepared
    operation: Operation
    session: Session
    request_id: str

    @property
    def viewer(self) -> Viewer:
        return self.session.viewer


async def subscribed(request: Request, asked: Asked) -> Response:
    """A subscription on a stream of its own; Rejected where it may not start."""
    state = request.app.state
    if negotiated(request.headers.get("accept"), subscribes=True) is None:
        message = f"subscriptions are answered as {EVENT_STREAM}, or on a WebSocket"
        raise malformed(message, 406, "NOT_ACCEPTABLE")
    resume = last_event_id(request.headers.get("last-event-id"))
    asked = replace(asked, operation=replace(asked.operation, resume=resume))
    with ExitStack() as held:
        admit(held, state.admission.connection, asked.viewer)
        admit(held, state.admission.subscription, asked.viewer)
        try:
            messages = await opened(request, asked)
        except Over as over:
            return sse.over_at_once(over)
        return sse.Stream(
            _frames(messages, asked.request_id),
            begins=messages.begins,
            until=asked.session.expires_at,
            vouched=partial(state.authenticator.vouches, asked.session),
            draining=state.draining,
            held=held.pop_all(),
        )


def last_event_id(given: str | None) -> int | None:
    """Where a client that comes back was cut off."""
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= LONGEST_ID):
        message = "`Last-Event-ID` must be the number of an event"
        raise Rejected([refusal(message, "BAD_USER_INPUT")])
    return int(given)


def admit(held: ExitStack, quota: Any, viewer: Viewer) -> None:
    """Take one of what an actor may have, until `held` is closed."""
    try:
        held.enter_context(quota(viewer.id))
    except TooMany as error:
        raise Rejected([refusal(str(error), "TOO_MANY_REQUESTS")], 429) from None


async def opened(request: Request, asked: Asked) -> Opened:
    """Open a subscription; Rejected where it may not start, Over where it cannot start now."""
    try:
        found: Opened = await request.app.state.streams.open(
            asked.prepared, asked.operation, asked.viewer, asked.request_id
        )
    except Rejected as rejected:
        if any(_passes(error) for error in rejected.errors):
            raise Over(LATER) from None
        raise
    return found


async def to_the_end(
    messages: Opened | AsyncGenerator[Message], request_id: str
) -> AsyncGenerator[Message]:
    """The messages, then what the client did wrong; Over where it is to come back."""
    try:
        async with aclosing(messages):
            async for message in messages:
                yield message
    except ComeBack:
        raise Over(LATER) from None
    except Exception as error:  # a fault of ours is told apart, logged and masked
        found = error if isinstance(error, GraphQLError) else GraphQLError("", original_error=error)
        shown = told(found, request_id)
        if _passes(shown):
            raise Over(LATER) from None
        yield Message(refused([shown]), None)


async def _frames(messages: Opened, request_id: str) -> AsyncGenerator[bytes]:
    async with aclosing(to_the_end(messages, request_id)) as answers:
        async for message in answers:
            # a cohort's numbers are of many journals: to come back with one would mean nothing
            id = None if messages.begins is None else message.seq
            yield sse.event("next", message.body, id)
    yield sse.event("complete")


def refused(errors: list[GraphQLError]) -> str:
    """The answer of what was not executed: without data."""
    return answers.rejection(errors).decode()


def _passes(error: GraphQLError) -> bool:
    return (error.extensions or {}).get("code") in AWAY
