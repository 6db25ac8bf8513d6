"""`/graphql` over HTTP: from a request to its response, by the specification GraphQL over HTTP.

What is refused is refused before what costs more: the page that asks, the token, the size; then
what `gateway/operations.py` refuses. What came before in the same bytes is not read again
(`gateway/recognized.py`).
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway import answers, ide
from gateway.asking import Asker
from gateway.auth import Admitted, Authenticator, Unauthenticated
from gateway.documents import Documents, Operation, unauthenticated
from gateway.hangups import HungUp
from gateway.incoming import Incoming
from gateway.limits import OperationRate
from gateway.negotiation import JSON, LEGACY, negotiated
from gateway.observations import Observation, Observer
from gateway.operations import Operations
from gateway.origins import foreign
from gateway.refusals import Rejected, malformed, too_often
from gateway.requests import ALLOWED, Asked, asked
from gateway.settings import Settings
from gateway.strangers import Strangers, TooOften, address_of
from gateway.streams import single, sse
from gateway.tracing import Traced, Untraced
from gateway.trusted.policy import Resolve, Trust
from gateway.written import Written, rejection


class GraphQL:
    """The ASGI application behind `/graphql`."""

    def __init__(
        self,
        settings: Settings,
        authenticator: Authenticator,
        trust: Trust,
        *,
        rate: OperationRate,
        strangers: Strangers,
        observers: Sequence[Observer] = (),
        tracing: Traced | Untraced,
    ) -> None:
        self.documents = Documents(open_schema=settings.introspects)
        for each in trust.registry:
            self.documents.pin(each.text, each.document)
        self._trust = trust
        self._settings = settings
        self._authenticator = authenticator
        self._strangers = strangers
        self._operations = Operations(
            settings, self.documents, rate=rate, observers=observers, tracing=tracing
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Incoming(scope, receive)
        try:
            response = await self._again(request) or await self._response(request)
        except HungUp:
            return
        response.raw_headers.append((b"x-request-id", request.request_id.encode()))
        await response(scope, receive, send)

    async def _again(self, request: Incoming) -> Response | None:
        """The response to a request that was read before, word for word; None for any other."""
        known = self._operations.recognized.recall(request)
        if known is None:
            return None
        clock = datetime.now(UTC)
        if not self._authenticator.holds(known.admitted, clock):
            self._operations.recognized.forget(request)
            return None
        asker = Asker(request, known.admitted, clock, known.media_type)
        seen, meant = Observation(request.request_id), known.meant
        found = await self._operations.one(asker, meant.operation, seen, meant=meant)
        return (
            found if isinstance(found, Response) else await _sent(request, found, known.media_type)
        )

    async def _response(self, request: Incoming) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": ALLOWED})
        accept = request.headers.get("accept")
        if ide.wanted(request, self._settings):
            return ide.page()
        media_type = negotiated(accept)
        seen = Observation(request.request_id)
        try:
            if alien := foreign(request, self._settings):
                raise alien
            clock = datetime.now(UTC)
            admitted = await self._admitted(request, clock)
            asker = Asker(request, admitted, clock, media_type, single.names_one(request))
            if single.manages(request, named=asker.on_a_stream):
                return await single.managed(request.request, asker.known)
            resolve = self._trust.resolver(asker.viewer, request.document)
            wanted = await self._asked(asker, resolve)
        except Rejected as rejected:
            if single.names_one(request):
                rejected.understood = False  # its answer goes elsewhere: the status is all
            written = self._operations.over(seen, rejection(rejected, media_type), rejected)
        else:
            if wanted.batch:
                written = await self._batch(asker, wanted.operations)
            else:
                answered = await self._operations.one(asker, wanted.operations[0], seen)
                if isinstance(answered, Response):
                    return answered
                written = answered
                if asker.streams and written.status in (200, 400):
                    return sse.once(written.body.decode())
        return await _sent(request, written, media_type or LEGACY)

    async def _admitted(self, request: Incoming, clock: datetime) -> Admitted | None:
        """Whom the token names; who comes without one that is known is counted."""
        header = request.headers.get("authorization")
        if known := self._authenticator.remembered(header, clock):
            return known
        address = address_of(request.scope)
        try:
            self._strangers.came(address)
            admitted = await self._authenticator.bearer(header, clock)
        except Unauthenticated as error:
            raise unauthenticated(str(error)) from error
        except TooOften as error:
            raise too_often(str(error), error.seconds) from None
        if admitted is not None:
            self._strangers.known(address)
        return admitted

    async def _asked(self, asker: Asker, resolve: Resolve) -> Asked:
        """What is asked for, once; what is refused is counted too, and a batch before it begins."""
        try:
            wanted = await asked(asker.request, resolve, batch_size=self._settings.batch)
            if wanted.batch and asker.media_type is None:
                raise malformed(f"answers are {' or '.join(JSON)}", 406, "NOT_ACCEPTABLE")
        except Rejected:
            self._operations.counted(asker)
            raise
        if wanted.batch:
            self._operations.counted(asker, len(wanted.operations))
        return wanted

    async def _batch(self, asker: Asker, operations: Sequence[Operation]) -> Written:
        """One after the other, in order: each has its answer, all share one budget."""
        bodies = []
        for place, operation in enumerate(operations):
            seen = Observation(asker.request.request_id)
            written = await self._operations.one(asker, operation, seen, place)
            assert isinstance(written, Written)  # noqa: S101 - what streams is refused here
            bodies.append(written.body)
        return Written(b"[" + b",".join(bodies) + b"]", 200)


async def _sent(request: Incoming, written: Written, media_type: str) -> Response:
    return await answers.response(
        written.body,
        written.status,
        media_type,
        accept_encoding=request.headers.get("accept-encoding"),
        headers=written.headers,
        kept=written.kept,
        tag=written.tag,
        known=request.headers.get("if-none-match"),
    )
