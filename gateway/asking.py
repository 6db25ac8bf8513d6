"""Who asks over HTTP, when, and in which words an answer is understood."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.auth import Admitted, Session
from gateway.cost import BUDGETS
from gateway.documents import Operation, Prepared, unauthenticated
from gateway.incoming import Incoming
from gateway.negotiation import negotiated, takes_parts
from gateway.observations import Observation
from gateway.requests import READING
from services.access import Viewer

TELL_COST = "x-nexus-cost"


@dataclass(slots=True)
class Asker:
    """Who asks, when, and in which words an answer is understood."""

    request: Incoming
    admitted: Admitted | None
    clock: datetime
    media_type: str | None
    on_a_stream: bool = False  # one that is there already, which the request names
    spent: int = 0  # points of the budget, by the operations of the same batch

    @property
    def viewer(self) -> Viewer | None:
        return self.admitted.session.viewer if self.admitted else None

    @property
    def known(self) -> Session:
        """Who asks for what nobody may ask without a token."""
        if self.admitted is None:
            raise unauthenticated()
        return self.admitted.session

    @property
    def streams(self) -> bool:
        """Whether an event stream is the one form of an answer that is understood."""
        return self.media_type is None and negotiated(self.accept, subscribes=True) is not None

    def takes_parts_of(self, prepared: Prepared, operation: Operation) -> bool:
        """Whether something of an operation is to follow later, and the client takes that."""
        deferral = prepared.deferral
        return (
            deferral is not None
            and takes_parts(self.accept)
            and deferral.holds(operation.variables)
        )

    @property
    def accept(self) -> str | None:
        return self.request.headers.get("accept")

    @property
    def reads(self) -> bool:
        return self.request.method in READING

    def bill(self, seen: Observation) -> Mapping[str, object] | None:
        """What the operation cost, for who asks with `X-Nexus-Cost: 1`."""
        if self.viewer is None or self.request.headers.get(TELL_COST) != "1":
            return None
        budget = BUDGETS[self.viewer.role]
        return {
            "cost": {
                "estimated": seen.cost,
                "statements": seen.statements,
                "budget": budget,
                "remaining": budget - self.spent,
                "path": seen.path,
            }
        }

    def key(self, place: int | None) -> str | None:
        """The idempotency key of the operation at a place of its batch."""
        key = self.request.headers.get("idempotency-key")
        return key if not key or place is None else f"{key}/{place}"
