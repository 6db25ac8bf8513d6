"""Those who listen: each loses its connection, and comes back with its last number."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from random import Random
from uuid import UUID

from gateway.chaos.lines import LOST, Asked, Listen, Refused, Said, events, websocket
from gateway.chaos.school import Journals, School

STAY = 6.0  # seconds that a connection is kept, on average
AWAY = 0.8  # seconds until the next one, on average
SOME_KINDS = ("TASK_COMPLETED", "PROGRESS_UPDATED")

UPDATES = """
subscription ($id: ID!, $after: Int, $kinds: [EventKind!]) {
  dashboardUpdates(studentId: $id, afterSeq: $after, kinds: $kinds) {
    event { id seq kind }
    student { id version }
  }
}
"""
COHORT = "subscription { cohortUpdates { event { id seq kind } student { id version } } }"


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as a subscriber was shown it."""

    student_id: UUID
    seq: int
    id: UUID
    version: int
    number: int | None  # the `id:` of an event stream
    connection: int


@dataclass
class Subscriber:
    """One of them: a pupil's, or a coach's over its cohort, where `student_id` is None."""

    name: str
    listen: Listen
    token: str
    student_id: UUID | None
    kinds: tuple[str, ...] | None = None
    begins: int | None = None
    """The number after which all is due; None until it is told where now is."""
    allowed: frozenset[UUID] = frozenset()
    heard: list[Heard] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    connections: int = 0

    @property
    def last(self) -> int | None:
        """Where it comes back from."""
        return self.heard[-1].seq if self.heard else self.begins

    def asks(self, dice: Random) -> Asked:
        if self.student_id is None:
            return Asked(self.token, COHORT, {})
        variables = {"id": str(self.student_id), "kinds": self.kinds}
        asked = Asked(self.token, UPDATES, variables, abrupt=dice.random() < 0.5)
        if self.last is None:
            return asked
        if self.listen is events and self.heard and dice.random() < 0.5:
            # as EventSource does: the variables are still those of the beginning
            return replace(asked, variables={**variables, "after": self.begins}, last_id=self.last)
        return replace(asked, variables={**variables, "after": self.last})

    def take(self, said: Said) -> None:
        """Note what was said."""
        if said.data is None:
            if self.begins is None and not self.heard:
                self.begins = said.id
            return
        (told,) = said.data.values()
        event, student = told["event"], told["student"]
        self.heard.append(
            Heard(
                UUID(student["id"]),
                event["seq"],
                UUID(event["id"]),
                student["version"],
                said.id,
                self.connections,
            )
        )

    def has_all(self, journals: Journals) -> bool:
        """Whether it has heard the last event of each that it follows."""
        if self.student_id is not None:
            # the last of another kind leaves no trace
            due = [
                e.seq for e in journals[self.student_id] if not self.kinds or e.kind in self.kinds
            ]
            last = self.last
            return last is not None and (not due or last >= due[-1])
        now = {h.student_id: h.seq for h in self.heard if h.connection == self.connections}
        return all(now.get(id) == journals[id][-1].seq for id in self.allowed)


class Crowd:
    """All subscribers; they drop and resume until they are told to stay."""

    def __init__(
        self, subscribers: Sequence[Subscriber], urls: Sequence[str], dice: Random
    ) -> None:
        self.subscribers = subscribers
        self._urls = urls
        self._dice = dice
        self.staying = asyncio.Event()

    async def follow(self, subscriber: Subscriber) -> None:
        """Listen, lose the connection, come back; for ever."""
        while True:
            subscriber.connections += 1
            lasting = None if self.staying.is_set() else self._dice.expovariate(1 / STAY)
            try:
                async with asyncio.timeout(lasting):
                    await self._connected(subscriber)
            except Refused as refused:
                subscriber.refusals.append(str(refused))
            except (*LOST, TimeoutError):
                pass  # that is the trial
            await asyncio.sleep(self._dice.uniform(0, 2 * AWAY))

    async def _connected(self, subscriber: Subscriber) -> None:
        url = self._dice.choice(self._urls)
        async with aclosing(subscriber.listen(url, subscriber.asks(self._dice))) as line:
            async for said in line:
                subscriber.take(said)


def crowd(school: School, journals: Journals, count: int, dice: Random) -> list[Subscriber]:
    """So many: half on each transport, most as pupils, some as parents, coaches and the school."""
    found = []
    cohorts = [coach for coach, pupils in school.coaches.items() if pupils]
    for number in range(count):
        listen = (websocket, events)[number % 2]
        kind = dice.choices(("student", "parent", "coach", "admin", "cohort"), (60, 15, 12, 8, 5))[
            0
        ]
        name = f"{number} ({kind}, {listen.__name__})"
        if kind == "cohort":
            coach = dice.choice(cohorts)
            pupils = frozenset(school.coaches[coach])
            token = school.token(coach, "COACH")
            found.append(Subscriber(name, listen, token, None, allowed=pupils))
            continue
        student_id, subject = _WHO[kind](school, dice)
        end = journals[student_id][-1].seq
        kinds = SOME_KINDS if dice.random() < 0.1 else None
        found.append(
            Subscriber(
                name,
                listen,
                school.token(subject, kind.upper()),
                student_id,
                kinds=kinds,
                # of a few kinds, one that starts now may never be told where that was
                begins=end if kinds else dice.choice((None, end, dice.randrange(end + 1))),
                allowed=frozenset({student_id}),
            )
        )
    return found


def _student(school: School, dice: Random) -> tuple[UUID, str]:
    id = dice.choice(school.students)
    return id, school.users[id]


def _parent(school: School, dice: Random) -> tuple[UUID, str]:
    parent = dice.choice(list(school.parents))
    return dice.choice(school.parents[parent]), parent


def _coach(school: School, dice: Random) -> tuple[UUID, str]:
    coach = dice.choice(list(school.coaches))
    return dice.choice(school.coaches[coach]), coach


def _admin(school: School, dice: Random) -> tuple[UUID, str]:
    return dice.choice(school.students), school.admin


_WHO: dict[str, Callable[[School, Random], tuple[UUID, str]]] = {
    "student": _student,
    "parent": _parent,
    "coach": _coach,
    "admin": _admin,
}
