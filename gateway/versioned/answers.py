"""The way in: an answer that still holds, or a new one of the compiled path, kept from now on."""

import asyncio
import logging
from collections.abc import Hashable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import orjson

from gateway.compiled import CompiledPlans, Lanes
from gateway.compiled.outcome import Plan
from gateway.compiled.plans import Answered
from gateway.compiled.plans import Prepared as Compilable
from gateway.compiled.runs import FallsBack, Run
from gateway.versioned.cards import Card, Composer, versions_in
from gateway.versioned.dependence import dependence
from gateway.versioned.flights import Flights
from gateway.versioned.instants import instant
from gateway.versioned.patience import Late, Patience
from gateway.versioned.shared import Shared
from gateway.versioned.store import ROOM, Kept, Question, Store, tag_of
from gateway.versioned.tally import Tally, Told
from gateway.versioned.versions import Versions, Wanted
from resolvers.context import Context
from services.access import Viewer

log = logging.getLogger("nexus")

LONG = 200  # bytes of variables
AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)


class Prepared(Compilable, Protocol):
    """An operation that may run, and the id of its document."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str | None: ...


class VersionedAnswers:
    """Answers operations; what cannot be kept is left to the compiled path.

    `freshness` is how long an answer may stand that moves with the clock at every instant.
    """

    def __init__(
        self,
        lanes: Lanes,
        versions: Versions,
        *,
        freshness: timedelta,
        shared: Shared | None = None,
        room: int = ROOM,
        at_once: bool = False,
        patience: float = 15.0,
    ) -> None:
        """With `at_once`, what nobody trusts is kept from its first use on, not its second.

        `patience` is how many seconds one waits for the versions.
        """
        self.compiled = CompiledPlans(lanes, at_once=at_once)
        self._dated = CompiledPlans(lanes, dated=True, at_once=True)
        self._versions = versions
        self._patience = Patience(patience)
        self._freshness = freshness
        self._shared = shared
        self._store = Store(room)
        self._tally = Tally()
        self._making: Flights[Kept | None] = Flights()

    @property
    def told(self) -> Told:
        """How it stands, for who measures."""
        store = self._store
        return Told(asdict(self._tally), len(store), store.size, store.evicted)

    def trust(self, prepared: Prepared) -> None:
        """Compile this operation now, as it is kept; as it is not, when it is first asked so."""
        self.compiled.know(prepared)
        self._dated.trust(prepared)

    async def look(
        self, key: Hashable, clock: datetime
    ) -> "Answered | Missed | CompiledPlans | None":
        """What is kept for a question that was asked before (`key_of`); None for any other.

        Where nobody can say whether it holds, who answers without that; `Late` where nobody says
        it in time.
        """
        question = self._store.get(key)
        if question is None:
            return None
        try:
            wanted = question.wanted
            stamps = await (self._stamps(wanted[0]) if len(wanted) == 1 else self._all(wanted))
        except Late:
            raise
        except AWAY as error:
            log.warning("versions cannot be read: %s", type(error).__name__)
            return self.compiled
        kept = question.kept
        if kept is not None and kept.holds(stamps, clock):
            self._tally.kept += 1
            return answered(kept, len(question.wanted))
        return Missed(self, key, question, stamps)

    async def answer(
        self, prepared: Prepared, variables: Mapping[str, Any], context: Context
    ) -> Answered | None:
        """The body of the answer; None where the reference path must find it."""
        if not self.compiled.ready(prepared):
            return None
        key = key_of(prepared, variables, context.viewer)
        if key is None:
            return await self.compiled.answer(prepared, variables, context)
        self._consider(key, prepared, variables, context)
        found = await self.look(key, context.clock)
        if isinstance(found, Answered):
            return found
        return await (found or self.compiled).answer(prepared, variables, context)

    def _consider(
        self, key: Hashable, prepared: Prepared, variables: Mapping[str, Any], context: Context
    ) -> None:
        """Find out of a new question whether its answer may be kept."""
        if key in self._store:
            return
        found = self._dated.plan(prepared, variables, context)
        if found is not None:
            with suppress(FallsBack):  # another time it may be meant
                self._store.add(key, _question(key, *found))

    async def make(
        self,
        missed: "Missed",
        prepared: Prepared,
        variables: Mapping[str, Any],
        context: Context,
    ) -> Answered | None:
        """Answer a question anew, once for all who ask it now."""
        kept, led = await self._making.once(
            (missed.key, missed.stamps),
            lambda: self._made(missed.question, missed.stamps, prepared, variables, context),
        )
        if kept is not None and not led and not kept.holds(missed.stamps, context.clock):
            # made for a clock before ours, and over meanwhile
            made = self._made(missed.question, missed.stamps, prepared, variables, context)
            kept, led = await made, True
        if kept is None:
            return None
        if not led:
            self._tally.joined += 1
        elif kept.statements:
            self._tally.made += 1
        else:
            self._tally.shared += 1
        own = kept.statements if led else 0  # those who waited had none of their own
        return answered(kept, len(missed.question.wanted) + own)

    def _stamps(self, wanted: Wanted) -> asyncio.Future[bytes]:
        """Where the journals stand that an answer is made of."""
        return self._patience.bounded(self._versions.of(wanted))

    async def _all(self, wanted: tuple[Wanted, ...]) -> bytes:
        found = await asyncio.gather(*map(self._stamps, wanted))
        return b"".join(b"%d:%b" % (len(each), each) for each in found)

    async def _made(
        self,
        question: Question,
        stamps: bytes,
        prepared: Prepared,
        variables: Mapping[str, Any],
        context: Context,
    ) -> Kept | None:
        """A new answer, read after the versions were: it is as new as they are, or newer."""
        found = self._dated.plan(prepared, variables, context)
        if found is None:
            return None
        plan, run = found
        if self._shared is not None:
            made = await self._shared.get(question, stamps, plan)
            if made is not None and made.holds(stamps, context.clock):
                self._store.keep(question, made, {})
                return made
        versions = versions_in(stamps) if plan.cards and len(question.wanted) == 1 else {}
        composer = Composer(question.cards, versions, context.clock)
        answered = await self._dated.carry_out(plan, run, composer.compose)
        if answered is None:
            return None
        cards = composer.used
        kept = Kept(
            stamps,
            context.clock,
            self._until(plan, run, cards, context.clock),
            answered.body,
            tag_of(question.scope, answered.body),
            answered.statements,
        )
        lasts = kept.until > kept.since
        self._store.keep(question, kept if lasts else None, {} if plan.moves else cards)
        if lasts and self._shared is not None:
            self._shared.put(question, plan, kept, context.clock)
        return kept

    def _until(self, plan: Plan, run: Run, cards: Mapping[UUID, Card], clock: datetime) -> datetime:
        until = min([instant(run.until), *(card.until for card in cards.values())])
        return min(until, clock + self._freshness) if plan.moves else until


@dataclass(frozen=True, slots=True)
class Missed:
    """A question whose answer does not hold any more, or was never made."""

    kept: VersionedAnswers
    key: Hashable
    question: Question
    stamps: bytes

    async def answer(
        self, prepared: Prepared, variables: Mapping[str, Any], context: Context
    ) -> Answered | None:
        return await self.kept.make(self, prepared, variables, context)


def answered(kept: Kept, statements: int) -> Answered:
    return Answered(kept.body, statements, "versioned", kept.tag, kept.since)


def key_of(prepared: Prepared, variables: Mapping[str, Any], viewer: Viewer) -> Hashable:
    """What a question is known by in this process: nothing of who asks is left out.

    It holds neither the document nor long names and variables, and nothing that the operation does
    not declare, so that it is as short as the store counts and junk makes no new question.
    None for a text that is none, or what is nested without end: to refuse it is not our matter.
    """
    declared = {each.variable.name.value for each in prepared.node.variable_definitions or ()}
    meant = {name: value for name, value in variables.items() if name in declared}
    try:
        # a copy: what orjson returns keeps the room in which it was written
        told = memoryview(orjson.dumps(meant, option=orjson.OPT_SORT_KEYS)).tobytes()
    except TypeError:
        return None
    if len(told) > LONG:
        told = blake2b(told).digest()
    name = prepared.name
    if name is not None and len(name) > LONG:
        name = blake2b(name.encode()).hexdigest()
    return prepared.id, name, viewer, told


def _question(key: Any, plan: Plan, run: Run) -> Question | None:
    document, name, viewer, variables = key
    found = dependence(plan, run)
    if found is None:
        return None
    wanted = [Wanted(viewer.role, viewer.id, student) for student in found.students(run)]
    told = [document, name, viewer.id, viewer.role, viewer.display_name, viewer.client]
    scope = blake2b(orjson.dumps(told) + variables, digest_size=16).digest()
    return Question(tuple(wanted), scope)
