"""One operation over HTTP: counted, admitted, answered, observed.

What is refused is refused before what costs more: the rate, the document's limits, its validity,
its price. Only then is it run (`gateway/execution.py`), and written (`gateway/answers.py`).
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from weakref import ref

from graphql import OperationType
from starlette.responses import Response

from gateway import answers
from gateway.asking import Asker
from gateway.compiled import Answered
from gateway.cost import affordable
from gateway.deferred.executing import InParts
from gateway.deferred.multipart import Parts
from gateway.documents import Documents, Operation, Prepared, unauthenticated
from gateway.execution import Answer, Plans, late, run
from gateway.hangups import HUNG_UP, HungUp, Listening
from gateway.limits import OperationRate
from gateway.negotiation import JSON
from gateway.observations import Observation, Observer
from gateway.recognized import Meant, Recognized
from gateway.refusals import Rejected, codes, malformed, too_often
from gateway.settings import Settings
from gateway.streams import single
from gateway.streams.answering import Asked, subscribed
from gateway.tracing import Traced, Untraced
from gateway.versioned import VersionedAnswers
from gateway.versioned.answers import key_of
from gateway.versioned.patience import Late
from gateway.written import Written, broken, rejection
from resolvers.context import Context
from services.access import Viewer

log = logging.getLogger("nexus")

ROOM = 750_000  # bytes for requests that are recognized, to a megabyte of answers


class Operations:
    """Answers operations, each by itself."""

    def __init__(
        self,
        settings: Settings,
        documents: Documents,
        *,
        rate: OperationRate,
        observers: Sequence[Observer],
        tracing: Traced | Untraced,
    ) -> None:
        self.recognized = Recognized(settings.kept_room * ROOM)
        self._settings = settings
        self._documents = documents
        self._rate = rate
        self._observers = observers
        self._tracing = tracing

    async def one(
        self,
        asker: Asker,
        operation: Operation,
        seen: Observation,
        place: int | None = None,
        meant: Meant | None = None,
    ) -> Written | Response:
        """Answer one operation, or say why not; either way it is observed.

        `place` is its own in a batch, whose operations were counted before; `meant` what it came
        to when it was asked before.
        """
        viewer = asker.viewer
        if viewer is not None:
            seen.role, seen.client = viewer.role.value, viewer.client
        with self._tracing.operation(seen, asker.request.headers):
            try:
                if place is None:
                    self.counted(asker)
                prepared = meant.prepared() if meant is not None else None
                if meant is not None and prepared is not None:
                    seen.cost = meant.cost
                    _named(seen, prepared, operation)
                else:
                    prepared = self._admitted(asker, operation, seen)
                    if streamed := await self._streamed(asker, prepared, operation, place):
                        seen.path = "stream"
                        self.over(seen, Written(b"", streamed.status_code))
                        return streamed
                    if place is None and asker.takes_parts_of(prepared, operation):
                        return self._in_parts(asker, prepared, operation, seen)
                    meant = self._understood(asker, prepared, operation, seen.cost)
                    if place is None:
                        self.recognized.keep(asker, meant)
                answer = await self._answer(asker, prepared, meant, asker.key(place))
            except Rejected as rejected:
                if single.names_one(asker.request):
                    rejected.understood = False  # its answer goes elsewhere: the status is all
                return self.over(seen, rejection(rejected, asker.media_type), rejected)
            except HungUp:
                self.over(seen, Written(b"", HUNG_UP))
                raise
            except Exception:
                log.exception("a request failed", extra={"request_id": seen.request_id})
                fault = broken(seen.request_id)
                return self.over(seen, rejection(fault, asker.media_type), fault)
            seen.path, seen.statements = answer.path, answer.statements
            seen.codes = codes(answer.errors)
            extensions = asker.bill(seen)
            body = answers.body_of(answer, extensions)
            status = answers.status_of(answer, asker.media_type)
            kept = answer.tag if place is None and not extensions else None
            tag = kept if asker.reads else None
            return self.over(seen, Written(body, status, kept=kept, tag=tag))

    def counted(self, asker: Asker, operations: int = 1) -> None:
        """So many more operations of this actor; Rejected where that is too often."""
        viewer = asker.viewer
        if viewer is None:
            return
        for _ in range(operations):
            if wait := self._rate.wait(viewer.id):
                raise too_often("too many operations, try again later", wait)

    def _admitted(self, asker: Asker, operation: Operation, seen: Observation) -> Prepared:
        """The operation as it may run; Rejected for everything that can be known before."""
        viewer = asker.viewer
        prepared = self._documents.prepared(operation, anonymous=viewer is None)
        _named(seen, prepared, operation)
        if asker.reads and prepared.kind is OperationType.MUTATION:
            raise malformed("GET runs queries only", 405, "METHOD_NOT_ALLOWED", {"Allow": "POST"})
        streams = prepared.kind is OperationType.SUBSCRIPTION or asker.on_a_stream
        if (
            asker.media_type is None
            and not (streams or asker.streams)
            and not asker.takes_parts_of(prepared, operation)
        ):
            raise malformed(f"answers are {' or '.join(JSON)}", 406, "NOT_ACCEPTABLE")
        if viewer is None and not prepared.anonymous:
            raise unauthenticated()
        seen.cost = prepared.price.of(operation.variables)
        affordable(asker.spent + seen.cost, viewer.role if viewer else None)
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

    def _in_parts(
        self, asker: Asker, prepared: Prepared, operation: Operation, seen: Observation
    ) -> Response:
        """The response of what is answered in parts: it is run as it is sent."""
        context = self._context(asker, asker.viewer, None) if asker.viewer else None
        suggestions = self._settings.introspects
        return Parts(
            asker,
            InParts(prepared, operation, context, suggestions=suggestions),
            seen,
            patience=self._settings.operation_timeout,
            observers=self._observers,
            span=self._tracing.parts(seen),
        )

    def _understood(
        self, asker: Asker, prepared: Prepared, operation: Operation, cost: int
    ) -> Meant:
        question = None
        versioned = isinstance(asker.request.app.state.plans, VersionedAnswers)
        if asker.viewer and versioned and prepared.kind is OperationType.QUERY:
            question = key_of(prepared, operation.variables, asker.viewer)
        return Meant(operation, ref(prepared), cost, question)

    async def _answer(
        self, asker: Asker, prepared: Prepared, meant: Meant, key: str | None
    ) -> Answer:
        if prepared.kind is OperationType.MUTATION:
            return await self._found(asker, prepared, meant, key)
        with Listening(asker.request.scope, asker.request.receive):
            return await self._found(asker, prepared, meant, key)

    async def _found(
        self, asker: Asker, prepared: Prepared, meant: Meant, key: str | None
    ) -> Answer:
        """What is kept, without a context; else what is run, in the time that is left."""
        plans: Plans | None = asker.request.app.state.plans
        began = asyncio.get_running_loop().time()
        if isinstance(plans, VersionedAnswers) and meant.question is not None:
            try:
                found = await plans.look(meant.question, asker.clock)
            except Late:
                return late(self._settings.operation_timeout)
            if isinstance(found, Answered):
                return Answer(found.body, found.path, found.statements, found.tag)
            plans = found or plans
        context = self._context(asker, asker.viewer, key) if asker.viewer else None
        return await self._run(prepared, meant.operation, context, plans, began)

    async def _run(
        self,
        prepared: Prepared,
        operation: Operation,
        context: Context | None,
        plans: Plans | None,
        began: float | None = None,
    ) -> Answer:
        return await run(
            prepared,
            operation,
            context,
            plans=plans,
            patience=self._settings.operation_timeout,
            began=began,
            suggestions=self._settings.introspects,
        )

    def _context(self, asker: Asker, viewer: Viewer | None, key: str | None) -> Context:
        context: Context = asker.request.app.state.context(
            viewer=viewer,
            clock=asker.clock,
            request_id=asker.request.request_id,
            idempotency_key=key or None,
        )
        self._tracing.statements(context)
        return context

    def over(
        self, seen: Observation, written: Written, rejected: Rejected | None = None
    ) -> Written:
        if rejected is not None:
            seen.codes = codes(rejected.errors)
        seen.finish(status=written.status, size=len(written.body))
        for observer in self._observers:
            observer.operation(seen)
        return written


def _named(seen: Observation, prepared: Prepared, operation: Operation) -> None:
    """Which operation it is that was seen."""
    seen.call(prepared.name)
    seen.document, seen.trusted = prepared.id, operation.trusted
    seen.kind = prepared.kind.value
