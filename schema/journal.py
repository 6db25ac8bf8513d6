"""The journal of a pupil's file."""

from datetime import datetime

import strawberry

from loaders.filters import above, among
from loaders.keyset import Key, Order
from loaders.pages import Relation
from models.event import Event as EventRow
from models.vocabulary import EventKind
from resolvers import nodes
from resolvers.pages import Ordering
from schema.binding import column, derived, entity, field
from schema.declarations import Located
from schema.shared import Actor, Node
from services import actors

EVENTS = Relation(
    "events",
    EventRow,
    EventRow.student_id,
    filters={"after_seq": above(EventRow.seq), "kinds": among(EventRow.kind)},
)
EVENT_ORDER = Ordering(
    {
        True: Order("seq", (Key(EventRow.seq),)),
        False: Order("seq, newest first", (Key(EventRow.seq, descending=True),)),
    },
    chosen=lambda given: given.get("after_seq") is not None,
)


@entity(EventRow)
class Event(Node):
    """An entry of the append-only journal."""

    seq: int = strawberry.field(
        description="Position in the student's journal: 1, 2, 3, … without gaps, in commit order."
    )
    kind: EventKind
    at: datetime
    actor: Actor = derived(
        actors.Actor,
        EventRow.actor_id,
        EventRow.actor_role,
        EventRow.actor_agent,
        EventRow.actor_name,
    )
    payload: strawberry.scalars.JSON = column(EventRow.payload_json)
    entity: Node | None = field(nodes.entity, reads=Located(nodes.NODES, source="entity_id"))
