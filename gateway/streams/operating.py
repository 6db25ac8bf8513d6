"""Running the operations of a socket: each with a context of its own, each answered for itself."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import uuid4

from graphql import GraphQLError, OperationType

from gateway.answers import body_of
from gateway.cost import affordable
from gateway.documents import Documents, Operation
from gateway.execution import Plans, run, told
from gateway.limits import OperationRate
from gateway.observations import Observation, Observer
from gateway.refusals import Rejected, codes, refusal
from gateway.requests import operation_of
from gateway.streams import protocol
from gateway.streams.admission import Admission, TooMany
from gateway.streams.opening import AWAY, ComeBack, Opened, Streams
from gateway.streams.protocol import Close, Code
from gateway.tracing import Traced, Untraced
from gateway.trusted.policy import Trust
from resolvers.context import Context
from services.access import Viewer

NOT_NOW = Close(Code.TRY_AGAIN, "Try again later: resume with afterSeq")


Asked = Operation | Rejected


class Gone(Exception):
    """Nobody reads any more."""


class Client(Protocol):
    """Whom an operation answers."""

    async def write(self, text: str) -> None:
        """Send a message; Gone where nobody is there."""

    def free(self, id: str) -> None:
        """The operation that calls has come to its end: its id may be used again."""

    def end(self, close: Close) -> None:
        """Close the socket."""


class Operating:
    """What the operations of one process need."""

    def __init__(
        self,
        streams: Streams,
        context: Callable[..., Context],
        admission: Admission,
        *,
        documents: Documents,
        trust: Trust,
        plans: Plans | None,
        rate: OperationRate,
        patience: float,
        suggestions: bool,
        observers: Sequence[Observer] = (),
        tracing: Traced | Untraced,
    ) -> None:
        self.admission = admission
        self.brief: set[asyncio.Task[Any] | None] = set()
        """The queries and mutations that are being run: they end by themselves."""
        self._streams = streams
        self._context = context
        self._documents = documents
        self._trust = trust
        self._plans = plans
        self._rate = rate
        self._bounds: Any = {"patience": patience, "suggestions": suggestions}
        self._observers = observers
        self._tracing = tracing

    async def run(self, id: str, asked: Asked, viewer: Viewer, client: Client) -> None:
        """Answer an operation to its end: `next` as often as there is something, then the last."""
        request_id = str(uuid4())
        try:
            try:
                with self.admission.subscription(viewer.id):
                    opened = await self._begin(asked, viewer, request_id)
                    del asked  # a stream may last for hours
                    before = protocol.opening_of_next(id)
                    if isinstance(opened, str):
                        await client.write(f"{before}{opened}}}")
                    else:
                        await self._pass_on(opened, before, client)
                last = protocol.complete(id)
            except (Gone, ComeBack):
                raise
            except Exception as error:
                last = protocol.error(id, _explained(error, request_id))
            await client.write(last)
        except Gone:
            pass
        except ComeBack:
            client.end(NOT_NOW)
        finally:
            self.brief.discard(asyncio.current_task())
            client.free(id)

    def asked(self, payload: dict[str, Any], viewer: Viewer) -> Asked:
        """What a `subscribe` asks for, or why it may not; Close where it asks for nothing."""
        try:
            return operation_of(payload, self._trust.resolver(viewer))
        except Rejected as rejected:
            if not rejected.understood:
                raise Close(Code.MALFORMED, str(rejected)) from None
            return rejected

    async def _begin(self, asked: Asked, viewer: Viewer, request_id: str) -> Opened | str:
        """The whole answer, as JSON text, or the stream of a subscription's; it is observed."""
        seen = Observation(request_id, role=viewer.role.value, client=viewer.client)
        status, size = 400, 0
        with self._tracing.operation(seen, {}):
            try:
                begun = await self._begun(asked, viewer, seen)
                status, size = 200, len(begun) if isinstance(begun, str) else 0
            except Rejected as rejected:
                seen.codes = codes(rejected.errors)
                raise
            else:
                return begun
            finally:
                seen.finish(status=status, size=size)
                for observer in self._observers:
                    observer.operation(seen)

    async def _begun(self, asked: Asked, viewer: Viewer, seen: Observation) -> Opened | str:
        if isinstance(asked, Rejected):
            raise asked
        if self._rate.wait(viewer.id):
            told = refusal("too many operations, try again later", "RATE_LIMITED")
            raise Rejected([told], 429)
        prepared = self._documents.prepared(asked)
        seen.call(prepared.name)
        seen.document, seen.trusted = prepared.id, asked.trusted
        seen.kind = prepared.kind.value
        seen.cost = prepared.price.of(asked.variables)
        affordable(seen.cost, viewer.role)
        if prepared.kind is OperationType.SUBSCRIPTION:
            seen.path = "stream"
            kept = replace(asked, query="")  # a stream may last for hours, and its text is known
            return await self._streams.open(prepared, kept, viewer, seen.request_id)
        self.brief.add(asyncio.current_task())
        context = self._context(viewer=viewer, clock=datetime.now(UTC), request_id=seen.request_id)
        self._tracing.statements(context)
        answer = await run(prepared, asked, context, plans=self._plans, **self._bounds)
        seen.path, seen.statements = answer.path, answer.statements
        seen.codes = codes(answer.errors)
        return body_of(answer).decode()

    async def _pass_on(self, opened: Opened, before: str, client: Client) -> None:
        try:
            async for message in opened:
                await client.write(f"{before}{message.body}}}")
        finally:
            await opened.aclose()


def _explained(error: Exception, request_id: str) -> list[GraphQLError]:
    """What is said of what ended an operation; ComeBack where it need not have."""
    if isinstance(error, TooMany):
        return [refusal(str(error), "TOO_MANY_REQUESTS")]
    if isinstance(error, Rejected):
        found = error.errors
    elif isinstance(error, GraphQLError):
        found = [told(error, request_id)]
    else:
        found = [told(GraphQLError("", original_error=error), request_id)]
    if any((each.extensions or {}).get("code") in AWAY for each in found):
        raise ComeBack
    return found
