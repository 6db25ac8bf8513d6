"""One HTTP request as `/graphql` reads it: nothing of it is looked at before it is asked for.

Starlette's request does more for more, and costs more than an answer that is kept.
"""

import re
from collections.abc import Mapping
from random import getrandbits
from typing import Any
from uuid import UUID

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.types import Receive, Scope

REQUEST_ID = re.compile(r"[\w.\-]{1,100}", re.ASCII)
NOTHING = QueryParams()


class Incoming:
    """Its headers are scanned once; of one that is given twice, the first counts."""

    __slots__ = ("_request_id", "app", "document", "headers", "method", "query_params", "receive",
                 "scope")  # fmt: skip

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.receive = receive
        self.method: str = scope["method"]
        self.app: Any = scope["app"]
        self.headers: Mapping[str, str] = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in reversed(scope["headers"])
        }
        given: bytes = scope["query_string"]
        self.query_params = QueryParams(given) if given else NOTHING
        self.document: str | None = scope.get("path_params", {}).get("document")
        self._request_id: str | None = scope.get("state", {}).get("request_id")

    @property
    def request_id(self) -> str:
        if self._request_id is None:
            self._request_id = request_id_of(self.headers.get("x-request-id"))
        return self._request_id

    @property
    def request(self) -> Request:
        """The same for those who need all of it: who opens a stream."""
        return Request(self.scope, self.receive)


def request_id_of(given: str | None) -> str:
    """The client's own where it is sane, else a new one."""
    if given is not None and REQUEST_ID.fullmatch(given):
        return given
    return str(UUID(int=getrandbits(128), version=4))
