"""A pupil's exam plan brought in step with the regulation and the profile."""

from collections.abc import Sequence
from datetime import date
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from models.base import uuid7
from models.epreuve import Epreuve
from models.student import Student
from models.vocabulary import EventKind
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


async def _bring(work: Work, student: Student, planned: Sequence[PlannedEpreuve]) -> None:
    columns = [getattr(Epreuve, name) for name in COLUMNS]
    rows = await work.db.execute(select(*columns).where(Epreuve.student_id == student.id))
    stored = {row.code: Stored(*row) for row in rows}
    found = changes(stored.values(), planned)
    if not found and student.epreuves_synced_at is not None:
        return
    await _write(work, student, stored, found)
    student.epreuves_synced_at = work.clock
    await journal.record(
        work,
        student.id,
        EventKind.EPREUVES_SYNCED,
        session=student.exam_session,
        count=len(planned),
        totalWeight=float(total_weight(planned)),
        added=[_told(one) for one in found.added],
        changed=[
            {"code": code, "before": _facts(before), "after": _facts(after)}
            for code, (before, after) in found.changed.items()
        ],
        removed=[_told(one) for one in found.removed],
    )


async def _write(work: Work, student: Student, stored: dict[str, Stored], found: Changes) -> None:
    """One statement for what is new or other, one for what is gone."""
    rows = [{name: getattr(one, name) for name in COLUMNS} for one in found.added]
    for code, (_, after) in found.changed.items():
        before = {name: getattr(stored[code], name) for name in COLUMNS}
        rows.append({**before, **after})
    if rows:
        own = {"student_id": student.id, "created_at": work.clock}
        await work.db.execute(UPSERT, [{"id": uuid7(), **own, **row} for row in rows])
    if found.removed:
        gone = [one.code for one in found.removed]
        await work.db.execute(
            delete(Epreuve)
            .where(Epreuve.student_id == student.id, Epreuve.code.in_(gone))
            .execution_options(synchronize_session=False)
        )


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
