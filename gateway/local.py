"""Who is at home: the developer's own machine, in development."""

from starlette.requests import Request

from gateway.settings import Settings

LOCAL = {"127.0.0.1", "::1", "localhost"}


def at_home(request: Request, settings: Settings) -> bool:
    """Whether a program of this machine asks, in development, under a name of this machine.

    The name matters: a page of another site can point its own at 127.0.0.1.
    """
    client = request.client.host if request.client else ""
    return not settings.production and client in LOCAL and request.url.hostname in LOCAL
