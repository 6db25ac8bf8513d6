"""Whose pages may call: requests that another site's page makes a browser send.

Nothing here is done with a visitor's rights, for we read no cookie: whoever asks for a row sends
`Authorization`, a header that a page can only send to us after a preflight, which names the allowed
origins. Bodies must be JSON, which is asked for beforehand too. What is left to a foreign page is a
GET that it cannot read the answer of, without a token: so a browser that says that the page is
foreign is refused before anything is parsed. The preflights are Starlette's.
"""

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.incoming import Incoming
from gateway.refusals import Rejected, malformed
from gateway.settings import Settings

EXPOSED = ("X-Request-Id", "Retry-After", "ETag", "Allow")
REMEMBERED = 7200  # seconds that a browser keeps a preflight, the most that Chromium does


class Cors:
    """Starlette's CORS, for pages alone: a program, which names no origin, is not kept waiting."""

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        self._app = app
        self._for_pages = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=("GET", "HEAD", "POST", "PUT", "DELETE"),
            allow_headers=("*",),  # none of them carries rights by itself
            expose_headers=EXPOSED,
            max_age=REMEMBERED,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        paged = any(name == b"origin" for name, _ in scope.get("headers", ()))
        await (self._for_pages if paged else self._app)(scope, receive, send)


def cors(settings: Settings) -> Middleware:
    """The answers to preflights, and what lets a page of ours read its answer."""
    return Middleware(Cors, origins=settings.origins)


def foreign(request: HTTPConnection | Incoming, settings: Settings) -> Rejected | None:
    """Why a request that a foreign page made is refused; None where it is not one.

    `Origin` and `Sec-Fetch-Site` are the browser's own words; programs send neither.
    """
    origin = request.headers.get("origin")
    if origin is None:
        alien = request.headers.get("sec-fetch-site") in ("cross-site", "same-site")
    else:
        # by its host alone: a proxy in front of us may have taken the TLS off
        own = origin.partition("://")[2].lower() == request.headers.get("host", "").lower()
        alien = not own and origin.lower() not in settings.origins
    if not alien:
        return None
    return malformed("pages of this origin may not call", 403, "FORBIDDEN_ORIGIN")
