"""Writing answers: a result or ready bytes, in the media type and encoding that the client accepts.

Ready bytes (`gateway/execution.py`) are passed through as they are; extensions are put in before
their last brace.
"""

import asyncio
import zlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import brotli
import orjson
from graphql import ExecutionResult, GraphQLError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.exchange import answered
from gateway.execution import Answer
from gateway.negotiation import JSON, LEGACY, encoding
from gateway.refusals import Rejected

VARY = "Accept, Accept-Encoding, Authorization, Origin"
NO_STORE, REVALIDATED = b"private, no-store", b"private, no-cache"
USUAL = [(b"x-content-type-options", b"nosniff"), (b"vary", VARY.encode())]
CONTENT_TYPES = {name: f"{name}; charset=utf-8".encode() for name in JSON}
WORTH_COMPRESSING = 1_400  # bytes: what fits into one packet gains nothing
IN_A_THREAD = 100_000  # bytes that take some milliseconds, in which others would wait
BROTLI_QUALITY, GZIP_LEVEL = 4, 5  # where a little more work stops paying


def body_of(answer: Answer, extensions: Mapping[str, Any] | None = None) -> bytes:
    """The JSON of an answer."""
    if isinstance(answer.content, bytes):
        if not extensions:
            return answer.content
        return answer.content[:-1] + b',"extensions":' + orjson.dumps(extensions) + b"}"
    return written(answer.content, executed=answer.executed, extensions=extensions)


def written(
    result: ExecutionResult, *, executed: bool, extensions: Mapping[str, Any] | None = None
) -> bytes:
    """A result as JSON, without `data` when nothing was run: by that clients tell."""
    answer: dict[str, Any] = {}
    if result.errors:
        answer["errors"] = [error.formatted for error in result.errors]
    if executed:
        answer["data"] = result.data
    if extensions:
        answer["extensions"] = extensions
    return orjson.dumps(answer)


def rejection(errors: Sequence[GraphQLError]) -> bytes:
    """The JSON of a refusal."""
    return written(ExecutionResult(None, list(errors)), executed=False)


def status_of(answer: Answer, media_type: str | None) -> int:
    """200 for what was run, whatever its fields met."""
    return 200 if answer.executed else refused(400, media_type)


def refused(status: int, media_type: str | None) -> int:
    """The status of a request that was understood and refused.

    application/json is the media type of clients that take any status but 200 for a broken link.
    """
    return 200 if media_type == LEGACY and status == 400 else status


def status_of_rejection(rejected: Rejected, media_type: str | None) -> int:
    """The status of what was not run; a request that was not even understood keeps its own."""
    return refused(rejected.status, media_type) if rejected.understood else rejected.status


async def response(
    body: bytes,
    status: int,
    media_type: str,
    *,
    accept_encoding: str | None = None,
    headers: Mapping[str, str] | None = None,
    tag: str | None = None,
    known: str | None = None,
    kept: str | None = None,
) -> Response:
    """The HTTP response, compressed where that pays; with a tag it may be kept, and asked about.

    A client that knows the tag (`If-None-Match`) has the body already, and is told so. `kept` is by
    what these bytes are known to us, which are not compressed again then.
    """
    chosen = encoding(accept_encoding) if len(body) >= WORTH_COMPRESSING else None
    sent = [*USUAL, (b"cache-control", NO_STORE if tag is None else REVALIDATED)]
    if tag is not None:
        # the same bytes of another type, or packed, are another representation (RFC 9110 § 8.8.1)
        marks = f"-{chosen}" * bool(chosen) + "-json" * (media_type == LEGACY)
        tag = f'{tag[:-1]}{marks}"'
        sent.append((b"etag", tag.encode()))
        if known is not None and names(known, tag):
            return Written(b"", 304, sent)
    if chosen:
        body = await _PACKED.of(body, chosen, kept)
        sent.append((b"content-encoding", chosen.encode()))
    sent.append((b"content-length", b"%d" % len(body)))
    sent.append((b"content-type", CONTENT_TYPES[media_type]))
    written = Written(body, status, sent)
    if headers:
        written.headers.update(headers)
    return written


class Packed:
    """Answers that are kept, as they were compressed; those sent last, bounded in size."""

    ROOM = 32_000_000  # bytes

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return len(self._known)

    async def of(self, body: bytes, encoding: str, kept: str | None) -> bytes:
        """A body in this encoding."""
        if kept is None:
            return await self._made(body, encoding)
        found = self._known.get((kept, encoding))
        if found is not None:
            self._known.move_to_end((kept, encoding))
            return found
        found = await self._made(body, encoding)
        if (kept, encoding) not in self._known:
            self._known[kept, encoding] = found
            self._size += len(found)
        while self._size > self.ROOM:
            self._size -= len(self._known.popitem(last=False)[1])
        return found

    async def _made(self, body: bytes, encoding: str) -> bytes:
        if len(body) >= IN_A_THREAD:
            return await asyncio.to_thread(compressed, body, encoding)
        return compressed(body, encoding)


_PACKED = Packed()


class Written(Response):
    """A response whose headers are written out already."""

    def __init__(self, body: bytes, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.body = body
        self.status_code = status
        self.raw_headers = headers
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if answered(send, self.status_code, self.raw_headers, bytes(self.body)):
            return
        start = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        await send(start)
        await send({"type": "http.response.body", "body": self.body})


def names(known: str, tag: str) -> bool:
    """Whether an `If-None-Match` names a tag, by the weak comparison of RFC 9110 § 8.8.3.2."""
    given = [each.strip().removeprefix("W/") for each in known.split(",")]
    return tag in given or given == ["*"]


def compressed(body: bytes, encoding: str) -> bytes:
    if encoding == "br":
        packed: bytes = brotli.compress(body, mode=brotli.MODE_TEXT, quality=BROTLI_QUALITY)
        return packed
    engine = zlib.compressobj(GZIP_LEVEL, wbits=16 + zlib.MAX_WBITS)
    return engine.compress(body) + engine.flush()
