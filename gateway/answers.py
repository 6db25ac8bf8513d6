"""Writing answers: a result or ready bytes, in the media type and encoding that the client accepts.

Ready bytes (`gateway/execution.py`) are passed through as they are; extensions are put in before
their last brace.
"""

import asyncio
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import brotli
import orjson
from graphql import ExecutionResult, GraphQLError
from starlette.responses import Response

from gateway.execution import Answer
from gateway.negotiation import LEGACY, encoding
from gateway.refusals import Rejected

VARY = "Accept, Accept-Encoding, Authorization, Origin"
HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
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
) -> Response:
    """The HTTP response, compressed where that pays."""
    sent = {**HEADERS, "Vary": VARY, **(headers or {})}
    if len(body) >= WORTH_COMPRESSING and (chosen := encoding(accept_encoding)):
        if len(body) >= IN_A_THREAD:
            body = await asyncio.to_thread(compressed, body, chosen)
        else:
            body = compressed(body, chosen)
        sent["Content-Encoding"] = chosen
    return Response(body, status, sent, f"{media_type}; charset=utf-8")


def compressed(body: bytes, encoding: str) -> bytes:
    if encoding == "br":
        packed: bytes = brotli.compress(body, mode=brotli.MODE_TEXT, quality=BROTLI_QUALITY)
        return packed
    engine = zlib.compressobj(GZIP_LEVEL, wbits=16 + zlib.MAX_WBITS)
    return engine.compress(body) + engine.flush()
