"""What is known of an operation once it was answered: for its log line, the metrics and the trace.

No variable, no viewer, no text of a document: nothing by which a pupil could be told.
"""

import time
from dataclasses import dataclass, field
from typing import Protocol

LONGEST_NAME = 100


@dataclass(slots=True)
class Observation:
    """One operation, filled in as it is worked on."""

    request_id: str
    began: float = field(default_factory=time.perf_counter)
    name: str | None = None  # as its document has it, cut where it is no name any more
    document: str | None = None  # the id of the document
    trusted: bool = False  # it was asked for by that of a trusted one
    kind: str | None = None
    client: str | None = None  # the client application, as the token names it
    role: str | None = None
    path: str | None = None
    cost: int = 0
    statements: int = 0
    bytes: int = 0
    status: int = 0
    codes: tuple[str, ...] = ()  # of its errors
    seconds: float = 0.0

    def call(self, name: str | None) -> None:
        self.name = name and name[:LONGEST_NAME]

    def finish(self, *, status: int, size: int) -> None:
        self.status, self.bytes = status, size
        self.seconds = time.perf_counter() - self.began


class Observer(Protocol):
    """Is told of each operation when it is over."""

    def operation(self, seen: Observation) -> None: ...
