"""One HTTP request as `/graphql` reads it: nothing of it is looked at before it is asked for.

Starlette's request does more for more, and costs more than an answer that is kept.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from random import getrandbits
from typing import Any, TypeVar, overload

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.types import Receive, Scope

REQUEST_ID = re.compile(r"[\w.\-]{1,100}", re.ASCII)
NOTHING = QueryParams()
T = TypeVar("T")
LISTS = {b"accept", b"accept-encoding", b"content-encoding", b"if-none-match"}


class Headers(Mapping[str, str]):
    """Headers by their names in small letters, made text of when they are read."""

    __slots__ = ("raw",)

    def __init__(self, raw: dict[bytes, bytes]) -> None:
        self.raw = raw

    def __getitem__(self, name: str) -> str:
        return self.raw[name.encode()].decode("latin-1")

    @overload
    def get(self, key: str, default: None = None, /) -> str | None: ...

    @overload
    def get(self, key: str, default: str | T, /) -> str | T: ...

    def get(self, key: str, default: object = None, /) -> object:
        """As every mapping's; most that is asked for is not there, and an exception costs more."""
        found = self.raw.get(key.encode())
        return default if found is None else found.decode("latin-1")

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1") for name in self.raw)

    def __len__(self) -> int:
        return len(self.raw)


class Incoming:
    """Its headers are scanned once; one that is given twice goes on, or the first counts."""

    __slots__ = ("_query_params", "_request_id", "app", "document", "headers", "method",
                 "receive", "scope", "words")  # fmt: skip

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.receive = receive
        self.method: str = scope["method"]
        self.app: Any = scope["app"]
        lines: list[tuple[bytes, bytes]] = scope["headers"]
        headers = dict(reversed(lines))
        if len(headers) != len(lines):
            headers |= _joined(lines)
        self.headers = Headers(headers)
        self._query_params: QueryParams | None = None
        self.document: str | None = scope.get("path_params", {}).get("document")
        self._request_id: str | None = scope.get("state", {}).get("request_id")
        self.words: tuple[bytes | None, ...] | None = None  # all that is read of it

    @property
    def query_params(self) -> QueryParams:
        if self._query_params is None:
            given: bytes = self.scope["query_string"]
            self._query_params = QueryParams(given) if given else NOTHING
        return self._query_params

    @property
    def request_id(self) -> str:
        if self._request_id is None:
            self._request_id = request_id_of(self.headers.get("x-request-id"))
        return self._request_id

    @property
    def request(self) -> Request:
        """The same for those who need all of it: who opens a stream."""
        return Request(self.scope, self.receive)


def _joined(lines: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The headers that are lists, which may go on in further lines (RFC 9110 § 5.3)."""
    found: dict[bytes, bytes] = {}
    for name, value in lines:
        if name in LISTS:
            found[name] = found[name] + b", " + value if name in found else value
    return found


def request_id_of(given: str | None) -> str:
    """The client's own where it is sane, else a new one."""
    if given is not None and REQUEST_ID.fullmatch(given):
        return given
    made = f"{getrandbits(128):032x}"  # as a UUID of version 4, without making one
    return (
        f"{made[:8]}-{made[8:12]}-4{made[13:16]}-{'89ab'[getrandbits(2)]}{made[17:20]}-{made[20:]}"
    )
