"""Running the operations of a socket: each with a context of its own, each answered for itself."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import uuid4

from graphql import DocumentNode, GraphQLError, OperationType

from gateway.cost import affordable
from gateway.execution import Operation, Rejected, prepared, refusal, run, told
from gateway.requests import operation_of
from gateway.streams import protocol
from gateway.streams.admission import Admission, TooMany
from gateway.streams.opening import AWAY, ComeBack, Opened, Streams, encoded
from gateway.streams.protocol import Close, Code
from resolvers.context import Context
from services.access import Viewer
from subscriptions.follow import FellBehind

LAGS = Close(Code.FELL_BEHIND, "Fell behind: resume with afterSeq")
NOT_NOW = Close(Code.TRY_AGAIN, "Try again later: resume with afterSeq")


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
        introspection: bool,
    ) -> None:
        self.admission = admission
        self.brief: set[asyncio.Task[Any] | None] = set()
        """The queries and mutations that are being run: they end by themselves."""
        self._streams = streams
        self._context = context
        self._introspection = introspection

    async def run(self, id: str, operation: Operation, viewer: Viewer, client: Client) -> None:
        """Answer an operation to its end: `next` as often as there is something, then the last."""
        request_id = str(uuid4())
        try:
            try:
                with self.admission.subscription(viewer.id):
                    opened = await self._begin(operation, viewer, request_id)
                    del operation  # a stream may last for hours
                    before = protocol.opening_of_next(id)
                    if isinstance(opened, str):
                        await client.write(f"{before}{opened}}}")
                    else:
                        await self._pass_on(opened, before, client)
                last = protocol.complete(id)
            except (Gone, FellBehind, ComeBack):
                raise
            except Exception as error:
                last = protocol.error(id, _explained(error, request_id))
            await client.write(last)
        except Gone:
            pass
        except FellBehind:
            client.end(LAGS)
        except ComeBack:
            client.end(NOT_NOW)
        finally:
            self.brief.discard(asyncio.current_task())
            client.free(id)

    async def _begin(self, operation: Operation, viewer: Viewer, request_id: str) -> Opened | str:
        """The whole answer, as JSON text, or the stream of a subscription's."""
        document, node = prepared(operation, introspection=self._introspection, streams=True)
        affordable(document, node, operation.variables)
        if node.operation is OperationType.SUBSCRIPTION:
            asked = replace(operation, query=_kept_text(document, operation.query))
            return await self._streams.open(document, node, asked, viewer, request_id)
        self.brief.add(asyncio.current_task())
        context = self._context(viewer=viewer, clock=datetime.now(UTC), request_id=request_id)
        return encoded(await run(document, operation, context))

    async def _pass_on(self, opened: Opened, before: str, client: Client) -> None:
        try:
            async for message in opened:
                await client.write(f"{before}{message.body}}}")
        finally:
            await opened.aclose()


def _kept_text(document: DocumentNode, text: str) -> str:
    """The same text as the document was parsed from: one for all who ask it."""
    return document.loc.source.body if document.loc else text


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


def read(payload: dict[str, Any]) -> Operation:
    """The operation that a `subscribe` asks for; Close where it asks for none."""
    try:
        return operation_of(payload)
    except Rejected as rejected:
        raise Close(Code.MALFORMED, str(rejected)) from None
