"""Running agents for pupils: what the journal tells since the last run, who acts, what they did."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Integer, and_, case, func, literal, select, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased

from models.event import Event
from models.student import Student
from models.vocabulary import Agent, EventKind
from services import coaching, epreuve_sync, journal, students
from services.aria import (
    OWN,
    WATCHED,
    Entry,
    Pick,
    counted,
    enumerated,
    named,
    pick,
    problems,
)
from services.problems import refuse_if
from services.unit_of_work import Work


class Pass(StrEnum):
    """What a job of the agents goes through: every pupil, those to whom something happened, or the
    tasks that a language model may word."""

    NIGHT = "night"
    DAY = "day"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class AgentRun:
    """What an agent did and why, in French: how many rows it made, and how many it changed."""

    agent: Agent
    reason: str
    created: int = 0
    updated: int = 0


@dataclass(frozen=True, slots=True)
class AgentsReport:
    """Who ran for a pupil, in order; `row` is the pupil, in whatever form it can be shown."""

    kind: ClassVar[str] = "agents run"
    row: Any
    ran: tuple[AgentRun, ...] = ()

    def stored(self) -> dict[str, Any]:
        return {"result": self.kind, "ran": [_said(run) for run in self.ran]}

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> "AgentsReport":
        """As `stored` told it; its row is kept by who stores it."""
        runs = ({**run, "agent": Agent[run["agent"]]} for run in stored["ran"])
        return cls(None, tuple(AgentRun(**run) for run in runs))


@dataclass(frozen=True, slots=True)
class Unread:
    """What happened to a pupil since ARIA last read the journal, which was up to `after`."""

    after: int = 0
    entries: tuple[Entry, ...] = ()


async def run(
    work: Work, *, student_id: UUID, agents: tuple[Agent, ...] | None = None
) -> AgentsReport:
    """Run agents for a pupil: those that are named, or whom ARIA picks for what has happened since
    its last run.

    PLANNER brings the exam plan in step, then COACH the agents' tasks; the other agents cannot be
    run so. ARIA among the named ones picks beside them. What they do is one AGENTS_RAN, with what
    and why. Run again it changes nothing and journals nothing.
    """
    student = await students.hold(work, student_id)
    refuse_if(problems(agents))
    (report,) = await run_for_held(work, [student], agents=agents, asked=True)
    return report


async def run_for_held(
    work: Work,
    pupils: Sequence[Student],
    *,
    agents: Sequence[Agent] | None = None,
    night: bool = False,
    asked: bool = False,
) -> list[AgentsReport]:
    """The same for pupils who are held: so many statements, however many they are."""
    unread = await _unread(work, [student.id for student in pupils])
    reads = agents is None or Agent.ARIA in agents
    picks: dict[UUID, tuple[Pick, ...]] = {}
    for student in pupils:
        picked = pick(unread[student.id].entries, night=night) if reads else ()
        picks[student.id] = picked if agents is None else named(agents, picked)
    ran = await _act(work, pupils, picks)
    told = []
    for student in pupils:
        runs, since = ran[student.id], unread[student.id]
        read = counted(since.entries) if reads else {}
        if read or any(run.created or run.updated for run in runs):
            payload: dict[str, Any] = {"ran": [_said(run) for run in runs], "after": since.after}
            payload["because"] = {kind.name: count for kind, count in read.items()}
            payload["askedBy"] = work.viewer.role.name if asked else None
            if not reads:
                payload["read"] = since.after  # what is before this entry was not all read
            told.append(journal.Entry(student.id, EventKind.AGENTS_RAN, None, None, payload))
    await journal.record_by(work, Agent.ARIA, told)
    return [AgentsReport(student, ran[student.id]) for student in pupils]


async def awaiting(
    work: Work, *, since: datetime, after: UUID | None = None, limit: int
) -> list[UUID]:
    """Pupils for whom somebody would act on what their journals tell since an instant, by id."""
    while True:
        ids = await _grown(work, since, after, limit)
        unread = await _unread(work, ids)
        found = [id for id in ids if pick(unread[id].entries)]
        if found or len(ids) < limit:
            return found
        after = ids[-1]


async def _grown(work: Work, since: datetime, after: UUID | None, limit: int) -> list[UUID]:
    last = _last_run()
    found = (
        select(Student.id)
        .select_from(Student)
        .join(last, true(), isouter=True)
        .where(Student.updated_at > since, select(Event.id).where(*_new(last)).exists())
        .order_by(Student.id)
        .limit(limit)
    )
    if after is not None:
        found = found.where(Student.id > after)
    return list(await work.db.scalars(found))


def _last_run() -> Any:
    """Up to where ARIA read: its last entry, unless that says that it did not read so far."""
    ran = aliased(Event)
    return (
        select(func.coalesce(ran.payload_json["read"].astext.cast(Integer), ran.seq).label("read"))
        .where(ran.student_id == Student.id, ran.kind == EventKind.AGENTS_RAN)
        .order_by(ran.seq.desc())
        .limit(1)
        .correlate(Student)
        .lateral("last_run")
    )


def _new(last: Any) -> tuple[Any, ...]:
    return (
        Event.student_id == Student.id,
        Event.seq > func.coalesce(last.c.read, 0),
        Event.kind.in_(WATCHED),
        func.coalesce(Event.actor_agent.not_in(OWN), True),
    )


async def _unread(work: Work, ids: Sequence[UUID]) -> dict[UUID, Unread]:
    """One statement: what is new, counted by kind."""
    last = _last_run()
    fields = case(
        (Event.kind == EventKind.PROFILE_UPDATED, Event.payload_json["fields"]),
        else_=literal(None, JSONB(none_as_null=True)),
    )
    columns = (Student.id, func.coalesce(last.c.read, 0), Event.kind, fields)
    rows = await work.db.execute(
        select(*columns, func.count(Event.id))
        .select_from(Student)
        .join(last, true(), isouter=True)
        .join(Event, and_(*_new(last)), isouter=True)
        .where(Student.id.in_(ids))
        .group_by(*columns)
    )
    after: dict[UUID, int] = dict.fromkeys(ids, 0)
    entries: defaultdict[UUID, list[Entry]] = defaultdict(list)
    for id, read, kind, changed, count in rows:
        after[id] = read
        if kind is not None:
            entries[id].append(Entry(kind, fields=tuple(changed or ()), count=count))
    return {id: Unread(after[id], tuple(entries[id])) for id in ids}


async def _act(
    work: Work, pupils: Sequence[Student], picks: Mapping[UUID, Sequence[Pick]]
) -> dict[UUID, tuple[AgentRun, ...]]:
    """Each agent for all who need it, the planner before the coach."""
    ran: defaultdict[UUID, list[AgentRun]] = defaultdict(list)
    for agent, act in ACTS.items():
        whys = {id: one.why for id, found in picks.items() for one in found if one.agent is agent}
        done = await act(work, [student for student in pupils if student.id in whys])
        for id, deed in done.items():
            reason = f"{whys[id][0].upper()}{whys[id][1:]} : {deed.what}"
            ran[id].append(AgentRun(agent, reason, deed.created, deed.updated))
    return {student.id: tuple(ran[student.id]) for student in pupils}


@dataclass(frozen=True, slots=True)
class Deed:
    """What an agent did for one pupil."""

    what: str
    created: int
    updated: int


async def _plan(work: Work, pupils: Sequence[Student]) -> dict[UUID, Deed]:
    synced = await epreuve_sync.bring_in_step(work, pupils)
    return {student.id: _planned(student, synced[student.id]) for student in pupils}


def _planned(student: Student, synced: epreuve_sync.Synced) -> Deed:
    found = synced.changes
    if found is None:
        return Deed(f"le plan ne peut être établi, {synced.refusal}.", 0, 0)
    session = f"plan des épreuves de la session {student.exam_session}"
    if not found:
        return Deed(f"{session} déjà à jour.", 0, 0)
    parts = [
        (len(found.added), "ajoutée"),
        (len(found.changed), "modifiée"),
        (len(found.removed), "retirée"),
    ]
    told = enumerated([_epreuves(count, word) for count, word in parts if count])
    return Deed(f"{session}, {told}.", len(found.added), len(found.changed) + len(found.removed))


def _epreuves(count: int, word: str) -> str:
    return f"{count} épreuve{'s' if count > 1 else ''} {word}{'s' if count > 1 else ''}"


def _said(run: AgentRun) -> dict[str, Any]:
    return {
        "agent": run.agent.name,
        "reason": run.reason,
        "created": run.created,
        "updated": run.updated,
    }


async def _advise(work: Work, pupils: Sequence[Student]) -> dict[UUID, Deed]:
    done = await coaching.advise_all(work, pupils)
    return {
        id: Deed(one.reason, one.created, one.updated + one.withdrawn) for id, one in done.items()
    }


Act = Callable[[Work, Sequence[Student]], Awaitable[dict[UUID, Deed]]]

ACTS: Mapping[Agent, Act] = {Agent.PLANNER: _plan, Agent.COACH: _advise}
