"""An answer in parts over HTTP: `multipart/mixed`, as "Incremental Delivery over HTTP" says.

The boundary follows each part at once: by it a client knows that the part is whole.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, aclosing, suppress
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway import answers
from gateway.asking import Asker
from gateway.deferred.executing import InParts, Part
from gateway.execution import Answer, late
from gateway.hangups import HUNG_UP, HungUp, Listening
from gateway.negotiation import LEGACY
from gateway.observations import Observation, Observer
from gateway.protocol import cut
from gateway.refusals import Rejected, codes
from gateway.written import Written, broken, rejection

log = logging.getLogger("nexus")

# some readers take all that stands after `boundary=` for the boundary
CONTENT_TYPE = b'multipart/mixed; incrementalSpec=v0.2; boundary="-"'
HEADERS = [
    *answers.USUAL,
    (b"cache-control", answers.NO_STORE + b", no-transform"),
    (b"content-type", CONTENT_TYPE),
    (b"x-accel-buffering", b"no"),
]
FIRST, BOUNDARY, LAST = b"---", b"\r\n---", b"\r\n-----\r\n"
HEAD = b"\r\nContent-Type: application/json; charset=utf-8\r\n\r\n"
PATIENCE = 5.0  # seconds to take why the rest does not come


class Parts(Response):
    """Runs an operation and sends what comes of it, part by part; observed when it is over.

    `patience` is the time in seconds for all of it, and for the client to take it.
    """

    def __init__(
        self,
        asker: Asker,
        answering: InParts,
        seen: Observation,
        *,
        patience: float,
        observers: Sequence[Observer],
        span: AbstractContextManager[Any],
    ) -> None:
        self.status_code = 200
        self.raw_headers = list(HEADERS)
        self.body = b""
        self.background = None
        self._asker = asker
        self._answering = answering
        self._seen = seen
        self._patience = patience
        self._observers = observers
        self._span = span
        self._size = 0  # bytes of what was sent
        self._begun = False
        self._stuck = False  # the client has yet to make room for a part

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen = self._seen
        with self._span:
            try:
                with Listening(scope, receive):
                    await self._answer(scope, receive, send)
            except HungUp:
                self.status_code = HUNG_UP
            finally:
                self._answering.stop()
                seen.codes = tuple(dict.fromkeys((*seen.codes, *self._answering.codes)))
                seen.path, seen.statements = "reference", self._answering.statements
                seen.finish(status=self.status_code, size=self._size)
                for observer in self._observers:
                    observer.operation(seen)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        left: Answer | Rejected | None
        try:
            async with asyncio.timeout(self._patience):
                left = await self._in_parts(send)
        except TimeoutError:
            left = late(self._patience, self._answering.statements)
        except Exception:
            log.exception("a request failed", extra={"request_id": self._seen.request_id})
            left = broken(self._seen.request_id)
        self._answering.stop()
        if left is not None:
            self._seen.codes = codes(left.errors)
            if not self._begun:
                await self._whole(left, scope, receive, send)
            else:
                await self._give_up(left, scope, send)

    async def _in_parts(self, send: Send) -> Answer | None:
        """Send the parts; where there are none, the answer, which is still to be sent."""
        first = await self._answering.first()
        if isinstance(first, Answer):
            return first
        await self._send(send, first)
        async with aclosing(self._answering.rest()) as rest:
            async for part in rest:
                await self._send(send, part)
        return None

    async def _send(self, send: Send, part: Part) -> None:
        more: bool = part["hasNext"]
        if not more and (extensions := self._bill()):
            part = {**part, "extensions": extensions}
        frame = HEAD + orjson.dumps(part) + (BOUNDARY if more else LAST)
        self._stuck = True
        if not self._begun:
            self._begun, frame = True, FIRST + frame
            start = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **start})
        await send({"type": "http.response.body", "body": frame, "more_body": more})
        self._size += len(frame)
        self._stuck = False

    async def _give_up(self, why: Answer | Rejected, scope: Scope, send: Send) -> None:
        """Say why the rest does not come. Who does not even take what came before is cut off."""
        if not self._stuck:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._send(send, self._answering.given_up(why.errors[0]))
        if self._stuck:
            cut(scope)

    async def _whole(
        self, answer: Answer | Rejected, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Send what has one part only: as JSON, if the client takes that."""
        media_type = self._asker.media_type
        if isinstance(answer, Rejected):
            written = rejection(answer, media_type)
        elif media_type is None and answer.executed:
            only = orjson.loads(answers.body_of(answer))
            await self._send(send, {**only, "hasNext": False})
            return
        else:
            body = answers.body_of(answer, self._bill())
            written = Written(body, answers.status_of(answer, media_type))
        self.status_code, self._size = written.status, len(written.body)
        response = await answers.response(
            written.body,
            written.status,
            media_type or LEGACY,
            accept_encoding=self._asker.request.headers.get("accept-encoding"),
            headers=written.headers,
        )
        response.raw_headers += self.raw_headers[len(HEADERS) :]  # what was put beside ours
        await response(scope, receive, send)

    def _bill(self) -> Mapping[str, object] | None:
        """What it cost until now, for who wants to know."""
        self._seen.path, self._seen.statements = "reference", self._answering.statements
        return self._asker.bill(self._seen)
