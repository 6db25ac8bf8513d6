"""What uvicorn knows of a request beyond ASGI: whether its body is here, and how to answer at once.

An answer in one piece is one packet instead of two, and nothing waits in between. It is only done
where nothing stands between us and the server: whoever has put something there sees every message.
"""

from typing import Any

from starlette.types import Receive, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

Header = tuple[bytes, bytes]


def _cycle(handed: Receive | Send) -> RequestResponseCycle | None:
    """The exchange that this is a method of, where it is uvicorn's own."""
    found: Any = getattr(handed, "__self__", None)
    return found if type(found) is RequestResponseCycle else None


def arrived(receive: Receive) -> bytes | None:
    """The whole body, still to be received by whoever wants it; None where it is not here yet."""
    cycle = _cycle(receive)
    if cycle is None or cycle.more_body or cycle.disconnected:
        return None
    return bytes(cycle.body)


def answered(send: Send, status: int, headers: list[Header], body: bytes) -> bool:
    """Send a whole answer, its length among the headers; False where it goes the usual way.

    To GET and POST: a HEAD has a length without a body.
    """
    cycle = _cycle(send)
    if (
        cycle is None
        or cycle.response_started
        or cycle.disconnected
        or cycle.flow.write_paused
        or not cycle.keep_alive
        or cycle.access_log
        or cycle.scope["method"] == "HEAD"
    ):
        return False
    parts = [STATUS_LINE[status]]
    for name, value in cycle.default_headers:
        parts += (name, b": ", value, b"\r\n")
    for name, value in headers:
        parts += (name, b": ", value, b"\r\n")
    parts += (b"\r\n", body)
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.transport.write(b"".join(parts))
    cycle.message_event.set()
    cycle.on_response()
    return True
