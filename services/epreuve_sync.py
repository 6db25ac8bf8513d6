"""A pupil's exam plan brought in step with the regulation and the profile."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from models.base import uuid7
from models.epreuve import Epreuve
from models.student import Student
from models.vocabulary import Agent, EventKind
from services import journal, students
from services.catalogue.choices import IncompatibleChoice
from services.dashboard import civil_day
from services.planner.changes import COLUMNS, Changes, Facts, Stored, changes
from services.planner.plan import PlannedEpreuve, plan, total_weight
from services.planner.rules import official_rules
from services.problems import ValidationError, refuse_if
from services.student_profile import StudentProfile
from services.unit_of_work import Work

_TABLE: Any = Epreuve.__table__  # not the entity, so that rows with and without nulls go together
_NEW = insert(_TABLE)
UPSERT = _NEW.on_conflict_do_update(
    index_elements=["student_id", "code"],
    set_={name: _NEW.excluded[name] for name in COLUMNS if name != "code"},
)
TOLD = ("weight", "scheduled_at", "mark_20")  # of an épreuve that is new, or gone


async def sync(work: Work, *, student_id: UUID) -> Student:
    """Plan a pupil's épreuves as the regulation sets them for the profile.

    Run again it changes nothing and journals nothing. A day or a mark that a person gave stays; so
    does an épreuve that no text sets.
    """
    student = await students.hold(work, student_id)
    try:
        planned = _planned(work, student)
    except IncompatibleChoice as refused:
        refuse_if(ValidationError(one.message, ("studentId",)) for one in refused.violations)
        raise
    await _bring(work, student, planned)
    return student


async def replan(work: Work, student: Student) -> None:
    """Plan again after a change of profile, where there was a plan and the profile allows one."""
    if student.epreuves_synced_at is None:
        return
    try:
        planned = _planned(work, student)
    except IncompatibleChoice:
        return  # what was wrong before stops no other change
    await _bring(work, student, planned)


def _planned(work: Work, student: Student) -> tuple[PlannedEpreuve, ...]:
    today = civil_day(work.clock, student.time_zone)
    return plan(StudentProfile.of(student), official_rules(), today)


@dataclass(frozen=True, slots=True)
class Synced:
    """What the planner did to a pupil's plan; `refusal` says in French why it could not."""

    changes: Changes | None = None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A pupil's plan as it is stored, by code, and what has to be done to it."""

    student: Student
    stored: Mapping[str, Stored]
    found: Changes


async def bring_in_step(work: Work, pupils: Sequence[Student]) -> dict[UUID, Synced]:
    """Plan held pupils, whether they were planned before or not, as the planning agent.

    For any number of them there is one statement to read, and six where something is written.
    """
    done: dict[UUID, Synced] = {}
    plans: dict[UUID, tuple[PlannedEpreuve, ...]] = {}
    for student in pupils:
        try:
            plans[student.id] = _planned(work, student)
        except IncompatibleChoice as refused:
            done[student.id] = Synced(refusal=refused.violations[0].message)
    stored = await _stored(work, plans)
    differing = []
    for student in pupils:
        if student.id in plans:
            found = changes(stored[student.id].values(), plans[student.id])
            done[student.id] = Synced(found)
            if found or student.epreuves_synced_at is None:
                differing.append(Difference(student, stored[student.id], found))
    await _write(work, differing)
    told = [_entry(one, plans[one.student.id]) for one in differing]
    await journal.record_by(work, Agent.PLANNER, told)
    return done


def _entry(one: Difference, planned: Sequence[PlannedEpreuve]) -> journal.Entry:
    payload = _payload(one.student, planned, one.found)
    return journal.Entry(one.student.id, EventKind.EPREUVES_SYNCED, None, None, payload)


async def _bring(work: Work, student: Student, planned: Sequence[PlannedEpreuve]) -> None:
    stored = (await _stored(work, [student.id]))[student.id]
    found = changes(stored.values(), planned)
    if not found and student.epreuves_synced_at is not None:
        return
    await _write(work, [Difference(student, stored, found)])
    await journal.record(
        work, student.id, EventKind.EPREUVES_SYNCED, **_payload(student, planned, found)
    )


async def _stored(work: Work, ids: Iterable[UUID]) -> defaultdict[UUID, dict[str, Stored]]:
    columns = [getattr(Epreuve, name) for name in COLUMNS]
    rows = await work.db.execute(
        select(Epreuve.student_id, *columns).where(Epreuve.student_id.in_([*ids]))
    )
    stored: defaultdict[UUID, dict[str, Stored]] = defaultdict(dict)
    for student_id, *values in rows:
        one = Stored(*values)
        stored[student_id][one.code] = one
    return stored


async def _write(work: Work, differences: Sequence[Difference]) -> None:
    """One statement for what is new or other, one for what is gone; and when it was planned."""
    rows = [row for one in differences for row in _rows(work, one)]
    gone = [(one.student.id, old.code) for one in differences for old in one.found.removed]
    if rows:
        await work.db.execute(UPSERT, rows)
    if gone:
        await work.db.execute(
            delete(Epreuve)
            .where(tuple_(Epreuve.student_id, Epreuve.code).in_(gone))
            .execution_options(synchronize_session=False)
        )
    for one in differences:
        one.student.epreuves_synced_at = work.clock


def _rows(work: Work, one: Difference) -> Iterator[dict[str, Any]]:
    own = {"student_id": one.student.id, "created_at": work.clock}
    for new in one.found.added:
        yield {"id": uuid7(), **own, **{name: getattr(new, name) for name in COLUMNS}}
    for code, (_, after) in one.found.changed.items():
        before = {name: getattr(one.stored[code], name) for name in COLUMNS}
        yield {"id": uuid7(), **own, **before, **after}


def _payload(student: Student, planned: Sequence[PlannedEpreuve], found: Changes) -> dict[str, Any]:
    return {
        "session": student.exam_session,
        "count": len(planned),
        "totalWeight": float(total_weight(planned)),
        "added": [_told(one) for one in found.added],
        "changed": [
            {"code": code, "before": _facts(before), "after": _facts(after)}
            for code, (before, after) in found.changed.items()
        ],
        "removed": [_told(one) for one in found.removed],
    }


def _told(one: Stored) -> dict[str, Any]:
    return {"code": one.code, **_facts({name: getattr(one, name) for name in TOLD})}


def _facts(facts: Facts) -> dict[str, Any]:
    """As the journal says them: the client's names, and values that JSON has."""
    return {_camel(name): _said(value) for name, value in facts.items()}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _said(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.name
    return value.isoformat() if isinstance(value, date) else value
