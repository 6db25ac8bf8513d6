"""Requests that were read before, word for word: what they came to, so as not to read them again.

The same bytes of everything that is read of a request mean the same operation of the same token, in
the same media type. What they are worth now is asked each time: whether the token still holds, how
often its owner came, what the answer is.
"""

import sys
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from weakref import ref

import orjson
from graphql import OperationType

from gateway.asking import Asker
from gateway.auth import Admitted
from gateway.documents import Operation, Prepared
from gateway.exchange import arrived
from gateway.incoming import Incoming

# All that `/graphql` reads of a request that stays the same: header by header, each in its bytes.
# Left to be read anew are the request's id, its trace and `If-None-Match`.
READ = (
    b"authorization",
    b"accept",
    b"accept-encoding",
    b"content-type",
    b"host",
    b"origin",
    b"sec-fetch-site",
)
# What changes how a request is answered, and is too rare to be remembered; and what is packed,
# since a few bytes of that may stand for any number.
RARE = frozenset(
    (b"x-graphql-event-stream-token", b"x-nexus-cost", b"idempotency-key", b"content-encoding")
)

ROOM = 48_000_000  # bytes: ten thousand dashboards
OVERHEAD = 2_000  # bytes of what is remembered beside the request's own
LONGEST = 20_000  # bytes of a request that is remembered
VARIABLES = 2_000  # bytes of its variables, as JSON
UNPACKED = 50  # bytes in memory that a byte of JSON may become: `{"":{"":…`


@dataclass(frozen=True, slots=True)
class Meant:
    """What an operation came to: that it may run, and by what its answer is kept, if it is.

    A document lives as long as `Documents` keeps it: here it is not held, for its tree is large.
    """

    operation: Operation
    prepared: ref[Prepared]
    cost: int
    question: Hashable


@dataclass(frozen=True, slots=True)
class Known:
    """A query, who asked it, and in which words the answer is understood."""

    admitted: Admitted
    media_type: str
    meant: Meant


class Recognized:
    """Requests by all that is read of them, those that came last; bounded in size."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._known: OrderedDict[Hashable, tuple[Known, int]] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return len(self._known)

    def recall(self, request: Incoming) -> Known | None:
        """What the request came to before; `request.words` is set where it may be remembered."""
        words = _words(request)
        if words is None:
            return None
        request.words = words
        found = self._known.get(words)
        if found is None:
            return None
        self._known.move_to_end(words)
        return found[0]

    def keep(self, asker: Asker, meant: Meant) -> None:
        """Remember what a request came to, where all of it was seen and it changes nothing."""
        request, admitted, media_type = asker.request, asker.admitted, asker.media_type
        words, operation, prepared = request.words, meant.operation, meant.prepared()
        if words is None or admitted is None or media_type is None or prepared is None:
            return
        if prepared.kind is not OperationType.QUERY or _registers(operation):
            return
        size = OVERHEAD + sum(len(word) for word in words if word)
        variables = _length(operation.variables)
        if size > LONGEST or variables is None or variables > VARIABLES:
            return
        size += sys.getsizeof(operation.name) + UNPACKED * variables
        if not operation.trusted:  # a text of its own
            size += sys.getsizeof(operation.query)
        self.forget(request)
        meant = replace(meant, operation=replace(operation, extensions={}))
        self._known[words] = Known(admitted, media_type, meant), size
        self._size += size
        while self._size > self._room:
            _, (_, gone) = self._known.popitem(last=False)
            self._size -= gone

    def forget(self, request: Incoming) -> None:
        """What is not worth anything any more."""
        if request.words is not None and request.words in self._known:
            self._size -= self._known.pop(request.words)[1]


def _registers(operation: Operation) -> bool:
    """Whether it registers its text, or lives of one that was: each time anew, for these go."""
    return not operation.trusted and "persistedQuery" in operation.extensions


def _length(variables: Mapping[str, Any]) -> int | None:
    """How many bytes variables are as JSON; None for what is nested without end."""
    try:
        return len(orjson.dumps(variables))
    except TypeError:
        return None


def _words(request: Incoming) -> tuple[bytes | None, ...] | None:
    """All that is read of a request; None where it is not here yet, or unlike others."""
    raw = request.headers.raw
    if not RARE.isdisjoint(raw) or request.document is not None:
        return None
    body: bytes | None = b""
    if request.method == "POST":
        body = arrived(request.receive)
        if not body:
            return None
    elif request.method != "GET":
        return None
    return (body, request.scope["query_string"], *map(raw.get, READ))
