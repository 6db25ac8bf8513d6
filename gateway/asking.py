"""Who asks over HTTP, when, and in which words an answer is understood."""

from dataclasses import dataclass
from datetime import datetime

from gateway.auth import Session
from gateway.documents import unauthenticated
from gateway.incoming import Incoming
from gateway.negotiation import negotiated
from gateway.requests import READING
from services.access import Viewer


@dataclass(slots=True)
class Asker:
    """Who asks, when, and in which words an answer is understood."""

    request: Incoming
    session: Session | None
    clock: datetime
    media_type: str | None
    on_a_stream: bool = False  # one that is there already, which the request names
    spent: int = 0  # points of the budget, by the operations of the same batch

    @property
    def viewer(self) -> Viewer | None:
        return self.session.viewer if self.session else None

    @property
    def known(self) -> Session:
        """Who asks for what nobody may ask without a token."""
        if self.session is None:
            raise unauthenticated()
        return self.session

    @property
    def streams(self) -> bool:
        """Whether an event stream is the one form of an answer that is understood."""
        return self.media_type is None and negotiated(self.accept, subscribes=True) is not None

    @property
    def accept(self) -> str | None:
        return self.request.headers.get("accept")

    @property
    def reads(self) -> bool:
        return self.request.method in READING

    def key(self, place: int | None) -> str | None:
        """The idempotency key of the operation at a place of its batch."""
        key = self.request.headers.get("idempotency-key")
        return key if not key or place is None else f"{key}/{place}"
