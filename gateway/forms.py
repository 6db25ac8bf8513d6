"""The forms of settings that are texts: each is checked, and written in one way, or ValueError."""

import re
from ipaddress import ip_network
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

_DATABASE_SCHEMES = ("postgres", "postgresql", "postgresql+asyncpg")
_DATABASE_PARAMETERS = {"host", "port", "ssl", "sslmode"}
_REDIS_SCHEMES = ("redis", "rediss", "unix")
_MODE = "(open|log|only)"
_MODES = re.compile(rf"{_MODE}(,[\w.-]+={_MODE})*")
_ORIGIN = re.compile(r"https?://([\w.-]+|\[[0-9a-fA-F:]+\])(:\d{1,5})?", re.ASCII)


def database_url(url: str) -> str:
    """Accept the three ways of writing the scheme, and only what both drivers understand."""
    parts = urlsplit(url)
    if parts.scheme not in _DATABASE_SCHEMES:
        raise ValueError(f"must begin with {', '.join(s + '://' for s in _DATABASE_SCHEMES)}")
    given = dict(parse_qsl(parts.query))
    if unknown := sorted(given.keys() - _DATABASE_PARAMETERS):
        raise ValueError(f"parameter {', '.join(unknown)} is not supported; leave it out")
    if not parts.path.strip("/"):
        raise ValueError("names no database: postgresql://user@host/database")
    if ssl := given.pop("ssl", None):
        given.setdefault("sslmode", ssl)
    query = urlencode(given, quote_via=quote, safe="/")
    return f"postgresql://{parts.netloc}{parts.path}" + (f"?{query}" if query else "")


def redis_url(url: str) -> str:
    if urlsplit(url).scheme not in _REDIS_SCHEMES:
        raise ValueError(f"must begin with {', '.join(s + '://' for s in _REDIS_SCHEMES)}")
    return url


def separated(value: Any) -> Any:
    """`a,b` as the environment writes a list."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def origin(value: str) -> str:
    """An origin as browsers send it: scheme, host, and a port where it is not the usual one."""
    if not _ORIGIN.fullmatch(value):
        raise ValueError("must be origins such as https://nexus.example, separated by commas")
    return value.lower()


def modes(value: str) -> str:
    """Whether documents must be trusted: for all clients, and for some of their own."""
    value = "".join(value.lower().split())
    if not _MODES.fullmatch(value):
        raise ValueError("must be open, log or only; for one client: only,dashboard=log")
    if "parent-app=" in value:
        raise ValueError("the parent app runs trusted documents only, whatever is set")
    return value


def network(value: str) -> str:
    """An address, or a network of them, as `10.0.0.0/8`."""
    try:
        return str(ip_network(value))
    except ValueError:
        raise ValueError(
            "must be addresses or networks, as 10.0.0.0/8: separated by commas"
        ) from None
