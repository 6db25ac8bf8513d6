"""GraphQL over SSE on one stream: reserved by PUT, opened by GET, fed by POST, thinned by DELETE.

A reservation belongs to who made it, and does not exist for anyone else. It lives in the process
that made it: where several serve, the load balancer has to keep a client with one of them.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import ExitStack, aclosing
from dataclasses import replace
from functools import partial

import orjson
from graphql import OperationType
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from gateway.auth import Session
from gateway.incoming import Incoming
from gateway.negotiation import EVENT_STREAM, best, negotiated
from gateway.refusals import Rejected, malformed
from gateway.streams import sse
from gateway.streams.answering import Asked, admit, last_event_id, opened, refused, to_the_end
from gateway.streams.opening import Message
from gateway.streams.sse import Over
from services.access import Viewer

HEADER, PARAMETER = "x-graphql-event-stream-token", "token"
UNUSED = 30.0  # seconds that a reservation waits for its stream
MOST = 10_000  # reservations of one process
WAITING = 32  # frames that wait for a stream; while there are so many, operations wait too
LONGEST_ID = 255

Run = Callable[[], Awaitable[str]]


class Reservation:
    """One stream, opened or not yet, and the operations that are answered on it."""

    def __init__(self, viewer: Viewer, held: ExitStack) -> None:
        self._viewer = viewer
        self._held = held
        self._opened = False
        self._frames: asyncio.Queue[bytes | Over] = asyncio.Queue(WAITING)
        self._operations: dict[str, asyncio.Task[None]] = {}

    def belongs_to(self, viewer: Viewer) -> bool:
        mine, theirs = self._viewer, viewer
        return (mine.id, mine.role, mine.client) == (theirs.id, theirs.role, theirs.client)

    def open(self) -> AsyncGenerator[bytes]:
        """What is to be sent, from the first on; Rejected where it is being sent already."""
        if self._opened:
            raise _rejected("the stream is open already", "CONFLICT", 409)
        self._opened = True
        return self._sent()

    async def _sent(self) -> AsyncGenerator[bytes]:
        while True:
            frame = await self._frames.get()
            if isinstance(frame, Over):
                raise frame
            yield frame

    def start(self, id: str, answers: AsyncGenerator[Message], held: ExitStack) -> None:
        """Answer an operation here; `held` is given back when it has come to its end."""
        task = asyncio.create_task(self._carry(id, answers))
        self._operations[id] = task
        task.add_done_callback(partial(self._ended, id, held))

    def knows(self, id: str) -> bool:
        return id in self._operations

    def cancel(self, id: str) -> None:
        """Answer no more of an operation; what was not under way is done with anyhow."""
        if task := self._operations.pop(id, None):
            task.cancel()

    async def _carry(self, id: str, answers: AsyncGenerator[Message]) -> None:
        named = orjson.dumps(id).decode()
        try:
            async with aclosing(answers):
                async for message in answers:
                    data = f'{{"id":{named},"payload":{message.body}}}'
                    await self._frames.put(sse.event("next", data))
            await self._frames.put(sse.event("complete", f'{{"id":{named}}}'))
        except Over as over:
            await self._frames.put(over)

    def _ended(self, id: str, held: ExitStack, task: asyncio.Task[None]) -> None:
        if self._operations.get(id) is task:
            del self._operations[id]
        held.close()

    def lapse(self) -> None:
        """Nobody has come for it."""
        if not self._opened:
            self.close()

    def close(self) -> None:
        """End all that is under way here, and be no more."""
        for task in tuple(self._operations.values()):
            task.cancel()
        self._held.close()


class Reservations:
    """Those of one process, by their tokens."""

    def __init__(self) -> None:
        self._known: dict[str, Reservation] = {}

    def __len__(self) -> int:
        return len(self._known)

    def reserve(self, viewer: Viewer, held: ExitStack) -> str:
        """A new token; `held` is given back with the reservation."""
        token = secrets.token_urlsafe(32)
        reservation = self._known[token] = Reservation(viewer, held)
        held.callback(self._known.pop, token)
        lapse = asyncio.get_running_loop().call_later(UNUSED, reservation.lapse)
        held.callback(lapse.cancel)
        return token

    def of(self, request: Request, viewer: Viewer) -> Reservation:
        """The one that a request names; Rejected where it is none of the viewer's."""
        reservation = self._known.get(_token(request) or "")
        if reservation is None or not reservation.belongs_to(viewer):
            raise _rejected("there is no such stream: reserve one by PUT", "NOT_FOUND", 404)
        return reservation

    def close(self) -> None:
        """Nothing is left of any: the process ends."""
        for reservation in tuple(self._known.values()):
            reservation.close()


def names_one(request: Request | Incoming) -> bool:
    """Whether a request says on which stream it is to be answered."""
    return _token(request) is not None


def manages(request: Request | Incoming, *, named: bool) -> bool:
    """Whether a request is about a stream itself, and asks for no operation."""
    if request.method in ("PUT", "DELETE"):
        return True
    if not named:
        return False
    asks = request.method == "POST" or "query" in request.query_params
    accept = request.headers.get("accept")
    only = negotiated(accept) is None and negotiated(accept, subscribes=True) is not None
    return only or not asks


async def managed(request: Request, session: Session) -> Response:
    """Reserve a stream, open it, or cancel an operation on it."""
    reservations: Reservations = request.app.state.reservations
    if request.method == "PUT":
        return _reserved(request, reservations, session.viewer)
    reservation = reservations.of(request, session.viewer)
    if request.method == "DELETE":
        id = request.query_params.get("operationId")
        if not id:
            raise _rejected("`operationId` must say which operation", "BAD_REQUEST")
        reservation.cancel(id)
        return PlainTextResponse("")
    if negotiated(request.headers.get("accept"), subscribes=True) is None:
        raise _rejected(f"the stream is {EVENT_STREAM}", "NOT_ACCEPTABLE", 406)
    frames, held = reservation.open(), ExitStack()
    held.callback(reservation.close)
    state = request.app.state
    return sse.Stream(
        frames,
        until=session.expires_at,
        vouched=partial(state.authenticator.vouches, session),
        draining=state.draining,
        held=held,
    )


def _reserved(request: Request, reservations: Reservations, viewer: Viewer) -> Response:
    if best(request.headers.get("accept"), ("text/plain",)) is None:
        raise _rejected("the token is text/plain", "NOT_ACCEPTABLE", 406)
    if len(reservations) >= MOST:
        raise _rejected("there are too many streams: come back later", "UNAVAILABLE", 503)
    with ExitStack() as held:
        admit(held, request.app.state.admission.connection, viewer)
        token = reservations.reserve(viewer, held.pop_all())
    return PlainTextResponse(token, 201, {"Cache-Control": "no-store"})


def accepted(request: Request, asked: Asked, run: Run) -> Response:
    """Run an operation whose answers go to the stream that the request names."""
    state = request.app.state
    reservation = state.reservations.of(request, asked.viewer)
    id = asked.operation.extensions.get("operationId")
    if not isinstance(id, str) or not 0 < len(id) <= LONGEST_ID:
        raise _rejected("`extensions.operationId` must be a text", "BAD_REQUEST")
    if reservation.knows(id):
        raise _rejected("an operation of this id is under way", "CONFLICT", 409)
    resume = last_event_id(request.headers.get("last-event-id"))
    asked = replace(asked, operation=replace(asked.operation, resume=resume))
    with ExitStack() as held:
        admit(held, state.admission.subscription, asked.viewer)
        reservation.start(id, _answers(request, asked, run), held.pop_all())
    return Response(status_code=202)


async def _answers(request: Request, asked: Asked, run: Run) -> AsyncGenerator[Message]:
    try:
        subscribes = asked.prepared.kind is OperationType.SUBSCRIPTION
        messages = await opened(request, asked) if subscribes else _once(run)
    except Rejected as rejected:
        yield Message(refused(rejected.errors), None)
        return
    async with aclosing(to_the_end(messages, asked.request_id)) as answers:
        async for message in answers:
            yield message


async def _once(run: Run) -> AsyncGenerator[Message]:
    yield Message(await run(), None)


def _token(request: Request | Incoming) -> str | None:
    return request.headers.get(HEADER) or request.query_params.get(PARAMETER)


def _rejected(message: str, code: str, status: int = 400) -> Rejected:
    return malformed(message, status, code)
