"""Bodies of requests: read no further than is allowed, unpacked no further either."""

import asyncio
import zlib
from collections.abc import Callable, Generator, Iterator
from typing import Protocol

import brotli
from starlette.types import Receive

from gateway.incoming import Incoming
from gateway.refusals import Rejected, malformed

MAX_BODY = 1_000_000  # bytes, as sent and again as unpacked
PATIENCE = 10.0  # seconds for a body to arrive
STEP = 65_536


async def read(request: Incoming) -> bytes:
    """The whole body; Rejected as soon as it is too large, too slow, or oddly packed."""
    unpack = _unpacking(request.headers.get("content-encoding"))
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > MAX_BODY:
        raise _too_large()
    try:
        async with asyncio.timeout(PATIENCE):
            body = await _received(request.receive)
    except TimeoutError:
        raise malformed(f"the body took longer than {PATIENCE:g} s", 408, "TIMEOUT") from None
    return unpack(body) if unpack and body else body


async def _received(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise malformed("the body is not whole")
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY:
            raise _too_large()
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def _too_large() -> Rejected:
    # the connection stays open for a while: who is cut off while it sends never reads this
    return malformed(f"the body is larger than {MAX_BODY} bytes", 413, "TOO_LARGE")


def _unpacking(encoding: str | None) -> Callable[[bytes], bytes] | None:
    """How to unpack a body; Rejected for what we do not know, or what is packed twice."""
    name = (encoding or "identity").strip().lower()
    name = "gzip" if name == "x-gzip" else name  # RFC 9110 § 8.4.1.3
    if name in ("identity", ""):
        return None
    if name not in UNPACKED:
        accepted = {"Accept-Encoding": ", ".join(UNPACKED)}
        message = "the body's encoding is unknown"
        raise malformed(message, 415, "BAD_REQUEST", accepted)
    return lambda body: _bounded(UNPACKED[name], body)


class Unpacked(Protocol):
    """A body unpacked bit by bit, so that a bomb is let go of before it goes off."""

    def __call__(self, body: bytes) -> Iterator[bytes]: ...


def _bounded(unpacked: Unpacked, body: bytes) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        for part in unpacked(body):
            size += len(part)
            if size > MAX_BODY:
                raise _too_large()
            parts.append(part)
    except (zlib.error, brotli.error, EOFError):
        raise malformed("the body is not packed as its encoding says") from None
    return b"".join(parts)


def _gunzipped(body: bytes) -> Iterator[bytes]:
    """One member after the other (RFC 1952)."""
    while body:
        body = yield from _inflated(body, 16 + zlib.MAX_WBITS)


def _deflated(body: bytes) -> Iterator[bytes]:
    """`deflate` is zlib's format, but some send it bare."""
    zlib_made = len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
    if (yield from _inflated(body, zlib.MAX_WBITS if zlib_made else -zlib.MAX_WBITS)):
        raise EOFError


def _inflated(body: bytes, window: int) -> Generator[bytes, None, bytes]:
    """What is packed, bit by bit; returns what comes after it."""
    engine = zlib.decompressobj(window)
    yield engine.decompress(body, STEP)
    while engine.unconsumed_tail and not engine.eof:
        yield engine.decompress(engine.unconsumed_tail, STEP)
    if not engine.eof:
        raise EOFError
    return engine.unused_data


def _unbrotlied(body: bytes) -> Iterator[bytes]:
    engine = brotli.Decompressor()
    part = engine.process(body, output_buffer_limit=STEP)
    while part:
        yield part
        part = b"" if engine.is_finished() else engine.process(b"", output_buffer_limit=STEP)
    if not engine.is_finished():
        raise EOFError  # it has had everything, and wants more


UNPACKED: dict[str, Unpacked] = {"gzip": _gunzipped, "deflate": _deflated, "br": _unbrotlied}
