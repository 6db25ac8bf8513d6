"""A list of students made of one card for each: who has changed is read again, the others are not.

The frame around the cards, who is in the list and in which order, is read each time; of a student
whose card is known the statement tells the id alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from gateway.compiled import Lanes
from gateway.compiled.holes import filled
from gateway.compiled.outcome import Plan
from gateway.compiled.plans import Answered, found_by
from gateway.compiled.runs import Run
from gateway.compiled.sql import CARD, NAMED
from gateway.versioned.instants import instant

STAMP, ID = 28, 16  # bytes: of a student's id and version with its instant, and of the id


@dataclass(frozen=True, slots=True)
class Card:
    """What a list shows of a student: at this version, from an instant until another."""

    version: bytes
    since: datetime
    until: datetime
    body: bytes


@dataclass
class Composer:
    """One answer in the making: the cards it may be made of, then those that it is made of.

    Cards of different instants go together where each still says what it would say now; of what
    drifts that is not known.
    """

    known: Mapping[UUID, Card]
    versions: Mapping[UUID, bytes]
    clock: datetime
    used: dict[UUID, Card] = field(default_factory=dict)

    def held(self, plan: Plan) -> dict[UUID, Card]:
        """The cards that still hold."""
        if plan.moves:
            return {}
        return {
            id: card
            for id, card in self.known.items()
            if card.version == self.versions.get(id) and card.since <= self.clock < card.until
        }

    async def compose(self, plan: Plan, run: Run, lanes: Lanes) -> Answered:
        """Run a plan for what is not known; afterwards `run.until` is that of the whole."""
        held = self.held(plan)
        run.held = list(held)
        text, statements = await found_by(plan, run, lanes)
        parts = text.split(CARD.encode())
        for place in range(1, len(parts), 2):
            name, _, body = parts[place].partition(NAMED.encode())
            id = UUID(name.decode())
            card = await self._card(plan, run, id, body) if body else held[id]
            self.used[id] = card
            parts[place] = card.body
        run.until = None
        for place in range(0, len(parts), 2):
            parts[place] = await filled(parts[place], plan.holes, run)
        return Answered(b"".join(parts), statements)

    async def _card(self, plan: Plan, run: Run, id: UUID, text: bytes) -> Card:
        run.until = None
        body = await filled(text, plan.holes, run)
        return Card(self.versions.get(id, b""), self.clock, instant(run.until), body)


def versions_in(stamps: bytes) -> dict[UUID, bytes]:
    """The version of each student, as its bytes."""
    return {
        UUID(bytes=stamps[at : at + ID]): stamps[at + ID : at + STAMP]
        for at in range(0, len(stamps), STAMP)
    }
