"""The words of the agents' tasks: which a language model may word, and putting its words in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select

from models.task import Task
from models.vocabulary import Agent, EventKind, TaskSource, TaskStatus
from services import journal, students
from services.journal import Entry
from services.tasks import MAX_LABEL
from services.unit_of_work import Work
from services.wording import Fault, Text, taken

NAMES = ("label", "reason")
LONGEST = Text(label="x" * MAX_LABEL, reason="x" * 1000)


@dataclass(frozen=True, slots=True)
class Unworded:
    """A task of which no model was asked yet, in the coach's own words."""

    id: UUID
    student_id: UUID
    text: Text

    def checked(self, worded: Text | None) -> Text | Fault:
        """The model's words where they may stand, else what is wrong with them."""
        return taken(self.text, worded, longest=LONGEST)


async def unworded(work: Work, *, limit: int) -> list[Unworded]:
    """Open tasks that the coach keeps and that were not worded as they now are: the first due."""
    rows = await work.db.execute(
        select(Task.id, Task.student_id, Task.label, Task.reason, Task.wording)
        .where(
            Task.status == TaskStatus.TODO,
            Task.source == TaskSource.AGENT,
            Task.motive.is_not(None),
            Task.reason.is_not(None),
            Task.taken_over.is_(False),
            or_(Task.wording.is_(None), ~Task.wording.has_key("reason")),
        )
        .order_by(Task.due_at, Task.id)
        .limit(limit)
    )
    return [
        Unworded(row.id, row.student_id, _plain(row.label, row.reason, row.wording)) for row in rows
    ]


async def put(
    work: Work, student_id: UUID, asked: Sequence[Unworded], words: Mapping[UUID, Text | None]
) -> None:
    """Put the words in of tasks that are still as they were asked about; none leaves a task's as
    they are. Either way it is not asked about again until its reason changes.
    """
    await students.hold(work, student_id)
    plain = {one.id: one.text for one in asked}
    rows = await work.db.scalars(
        select(Task).where(Task.id.in_(plain), Task.status == TaskStatus.TODO)
    )
    entries = []
    for task in rows:
        own = plain[task.id]
        if task.taken_over or _plain(task.label, task.reason or "", task.wording) != own:
            continue
        before = Text(task.label, task.reason or "")
        found = words.get(task.id) or own
        if task.wording is not None:  # the pupil knows it by this name
            found = Text(task.label, found.reason)
        task.wording = {"label": own.label, "reason": own.reason}
        task.label, task.reason = found.label, found.reason
        fields = [name for name in NAMES if getattr(found, name) != getattr(before, name)]
        if fields:
            entries.append(_told(student_id, task.id, fields))
    await work.db.flush()
    await journal.record_by(work, Agent.COACH, entries)


def _plain(label: str, reason: str, wording: Mapping[str, str] | None) -> Text:
    own = wording or {}
    return Text(own.get("label", label), own.get("reason", reason))


def _told(student_id: UUID, id: UUID, fields: list[str]) -> Entry:
    payload = {"before": {}, "after": {}, "fields": fields}
    return Entry(student_id, EventKind.TASK_UPDATED, Task.__tablename__, id, payload)
