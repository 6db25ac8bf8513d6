"""`/graphql` over HTTP: from a request to its response, by the specification GraphQL over HTTP.

What is refused is refused before what costs more: the page that asks, the token, the size, the
rate, the document's limits, its validity, its price. Only then is it run (`gateway/execution.py`),
and written (`gateway/answers.py`).
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus

from graphql import OperationType
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway import answers, ide
from gateway.asking import Asker
from gateway.auth import Authenticator, Session, Unauthenticated
from gateway.compiled import Answered
from gateway.cost import BUDGETS, affordable
from gateway.documents import Documents, Operation, Prepared, unauthenticated
from gateway.execution import Answer, Plans, run
from gateway.hangups import HungUp, Listening
from gateway.incoming import Incoming
from gateway.limits import OperationRate
from gateway.negotiation import HTML, JSON, LEGACY, best, negotiated
from gateway.observations import Observation, Observer
from gateway.origins import foreign
from gateway.refusals import Rejected, codes, malformed, refusal
from gateway.requests import ALLOWED, READING, asked
from gateway.settings import Settings
from gateway.streams import single, sse
from gateway.streams.answering import Asked, subscribed
from gateway.tracing import Traced, Untraced
from gateway.trusted.policy import Trust
from gateway.versioned import VersionedAnswers
from gateway.written import Written, broken, rejection
from resolvers.context import Context
from services.access import Viewer

log = logging.getLogger("nexus")

HUNG_UP = 499  # nobody reads it; nginx's number, for the log
TELL_COST = "x-nexus-cost"


class GraphQL:
    """The ASGI application behind `/graphql`."""

    def __init__(
        self,
        settings: Settings,
        authenticator: Authenticator,
        trust: Trust,
        *,
        rate: OperationRate,
        observers: Sequence[Observer] = (),
        tracing: Traced | Untraced,
    ) -> None:
        self.documents = Documents(open_schema=settings.introspects)
        for each in trust.registry:
            self.documents.pin(each.text, each.document)
        self._trust = trust
        self._settings = settings
        self._authenticator = authenticator
        self._rate = rate
        self._observers = observers
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Incoming(scope, receive)
        try:
            response = await self._response(request)
        except HungUp:
            return
        response.raw_headers.append((b"x-request-id", request.request_id.encode()))
        await response(scope, receive, send)

    async def _response(self, request: Incoming) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": ALLOWED})
        accept = request.headers.get("accept")
        if self._shows_graphiql(request):
            return ide.page()
        media_type = negotiated(accept)
        seen = Observation(request.request_id)
        try:
            if alien := foreign(request, self._settings):
                raise alien
            clock = datetime.now(UTC)
            session = await self._session(request, clock)
            asker = Asker(request, session, clock, media_type, single.names_one(request))
            if single.manages(request, named=asker.on_a_stream):
                return await single.managed(request.request, asker.known)
            resolve = self._trust.resolver(asker.viewer, request.document)
            wanted = await asked(request, resolve, batch_size=self._settings.batch)
        except Rejected as rejected:
            written = self._over(seen, rejection(rejected, media_type), rejected)
        else:
            if wanted.batch:
                written = await self._batch(asker, wanted.operations)
            else:
                answered = await self._one(asker, wanted.operations[0], seen)
                if isinstance(answered, Response):
                    return answered
                written = answered
                if asker.streams and written.status in (200, 400):
                    return sse.once(written.body.decode())
        return await answers.response(
            written.body,
            written.status,
            media_type or LEGACY,
            accept_encoding=request.headers.get("accept-encoding"),
            headers=written.headers,
            tag=written.tag,
            known=request.headers.get("if-none-match"),
        )

    def _shows_graphiql(self, request: Incoming) -> bool:
        """Whether a person came with a browser, to a gateway that shows its schema."""
        return (
            request.method in READING
            and self._settings.introspects
            and not request.query_params
            and request.document is None
            and best(request.headers.get("accept") or LEGACY, (*JSON, HTML)) == HTML
        )

    async def _session(self, request: Incoming, clock: datetime) -> Session | None:
        try:
            header = request.headers.get("authorization")
            return await self._authenticator.bearer(header, clock)
        except Unauthenticated as error:
            raise unauthenticated(str(error)) from error

    async def _batch(self, asker: Asker, operations: Sequence[Operation]) -> Written:
        """One after the other, in order: each has its answer, all share one budget."""
        bodies = []
        for place, operation in enumerate(operations):
            seen = Observation(asker.request.request_id)
            written = await self._one(asker, operation, seen, place)
            assert isinstance(written, Written)  # noqa: S101 - what streams is refused here
            bodies.append(written.body)
        return Written(b"[" + b",".join(bodies) + b"]", 200)

    async def _one(
        self, asker: Asker, operation: Operation, seen: Observation, place: int | None = None
    ) -> Written | Response:
        """Answer one operation, or say why not; either way it is observed."""
        with self._tracing.operation(seen, asker.request.headers):
            try:
                prepared = self._admitted(asker, operation, seen)
                if streamed := await self._streamed(asker, prepared, operation, place):
                    seen.path = "stream"
                    self._over(seen, Written(b"", streamed.status_code))
                    return streamed
                answer = await self._answer(asker, prepared, operation, asker.key(place))
            except Rejected as rejected:
                if single.names_one(asker.request):
                    rejected.understood = False  # its answer goes elsewhere: the status is all
                return self._over(seen, rejection(rejected, asker.media_type), rejected)
            except HungUp:
                self._over(seen, Written(b"", HUNG_UP))
                raise
            except Exception:
                log.exception("request %s failed", seen.request_id)
                fault = broken(seen.request_id)
                return self._over(seen, rejection(fault, asker.media_type), fault)
            seen.path, seen.statements = answer.path, answer.statements
            seen.codes = codes(answer.errors)
            extensions = self._extensions(asker, seen)
            body = answers.body_of(answer, extensions)
            status = answers.status_of(answer, asker.media_type)
            kept = answer.tag if asker.reads and place is None and not extensions else None
            return self._over(seen, Written(body, status, tag=kept))

    def _admitted(self, asker: Asker, operation: Operation, seen: Observation) -> Prepared:
        """The operation as it may run; Rejected for everything that can be known before."""
        viewer = asker.viewer
        if viewer is not None:
            seen.role, seen.client = viewer.role.value, viewer.client
            if wait := self._rate.wait(viewer.id):
                told = refusal("too many operations, try again later", "RATE_LIMITED")
                raise Rejected([told], 429, {"Retry-After": str(wait)})
        prepared = self.documents.prepared(operation, anonymous=viewer is None)
        seen.call(prepared.name)
        seen.document, seen.trusted = prepared.id, operation.trusted
        seen.kind = prepared.kind.value
        if asker.reads and prepared.kind is OperationType.MUTATION:
            raise malformed("GET runs queries only", 405, "METHOD_NOT_ALLOWED", {"Allow": "POST"})
        streams = prepared.kind is OperationType.SUBSCRIPTION or asker.on_a_stream
        if asker.media_type is None and not streams and not asker.streams:
            raise malformed(f"answers are {' or '.join(JSON)}", 406, "NOT_ACCEPTABLE")
        if viewer is None:
            if not prepared.anonymous:
                raise unauthenticated()
        else:
            seen.cost = prepared.price.of(operation.variables)
            affordable(asker.spent + seen.cost, viewer.role)
            asker.spent += seen.cost
        return prepared

    async def _streamed(
        self, asker: Asker, prepared: Prepared, operation: Operation, place: int | None
    ) -> Response | None:
        """The response of what is answered on a stream, its own or one that is there already."""
        named = asker.on_a_stream
        if not named and prepared.kind is not OperationType.SUBSCRIPTION:
            return None
        if place is not None:
            raise malformed("what streams cannot be in a batch")
        wanted = Asked(prepared, operation, asker.known, asker.request.request_id)
        if not named:
            return await subscribed(asker.request.request, wanted)

        async def result() -> str:
            clocked = replace(asker, clock=datetime.now(UTC))
            context = self._context(clocked, asker.viewer, asker.key(None))
            plans = asker.request.app.state.plans
            return answers.body_of(await self._run(prepared, operation, context, plans)).decode()

        return single.accepted(asker.request.request, wanted, result)

    async def _answer(
        self, asker: Asker, prepared: Prepared, operation: Operation, key: str | None
    ) -> Answer:
        plans: Plans | None = asker.request.app.state.plans
        if isinstance(plans, VersionedAnswers) and asker.viewer:
            found = await plans.look(prepared, operation.variables, asker.viewer, asker.clock)
            if isinstance(found, Answered):
                return Answer(found.body, found.path, found.statements, found.tag)
            plans = found or plans
        context = self._context(asker, asker.viewer, key) if asker.viewer else None
        running = self._run(prepared, operation, context, plans)
        if prepared.kind is OperationType.MUTATION:
            return await running
        async with Listening(asker.request.scope, asker.request.receive):
            return await running

    async def _run(
        self,
        prepared: Prepared,
        operation: Operation,
        context: Context | None,
        plans: Plans | None,
    ) -> Answer:
        return await run(
            prepared,
            operation,
            context,
            plans=plans,
            patience=self._settings.operation_timeout,
            suggestions=self._settings.introspects,
        )

    def _context(self, asker: Asker, viewer: Viewer | None, key: str | None) -> Context:
        context: Context = asker.request.app.state.context(
            viewer=viewer,
            clock=asker.clock,
            request_id=asker.request.request_id,
            idempotency_key=key or None,
        )
        self._tracing.statements(context.reader)
        return context

    def _extensions(self, asker: Asker, seen: Observation) -> Mapping[str, object] | None:
        """What the operation cost, for who asks with `X-Nexus-Cost: 1`."""
        if asker.viewer is None or asker.request.headers.get(TELL_COST) != "1":
            return None
        budget = BUDGETS[asker.viewer.role]
        return {
            "cost": {
                "estimated": seen.cost,
                "statements": seen.statements,
                "budget": budget,
                "remaining": budget - asker.spent,
                "path": seen.path,
            }
        }

    def _over(
        self, seen: Observation, written: Written, rejected: Rejected | None = None
    ) -> Written:
        if rejected is not None:
            seen.codes = codes(rejected.errors)
        seen.finish(status=written.status, size=len(written.body))
        for observer in self._observers:
            observer.operation(seen)
        return written
