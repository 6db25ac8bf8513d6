"""The tasks of a demo pupil: done, skipped, taken up again, and still to do."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from uuid import UUID

from models.task import Task, TaskAction
from models.vocabulary import Agent, EventKind, TaskCategory, TaskSource, TaskStatus
from services.catalogue.milestones import Milestone, MilestoneKind, milestones
from services.catalogue.programme import Chapter
from services.coach.state import KnownTask
from services.demo_school.journal import Actor, agent
from services.demo_school.library import Shelf
from services.demo_school.pupil import Pupil, TaskFact
from services.demo_school.texts import phrases

C = TaskCategory

EVERYDAY = (C.REVISION, C.EXERCICE, C.METHODO, C.DEVOIR, C.EXERCICE, C.RENDEZ_VOUS, C.AUTRE)
OF_TERMINALE = (C.GRAND_ORAL, C.PARCOURSUP)
ON_A_CHAPTER = frozenset({C.REVISION, C.EXERCICE, C.DEVOIR})
WITH_A_RESOURCE = frozenset({C.REVISION, C.EXERCICE, C.METHODO})
CATEGORY_OF = {
    MilestoneKind.INSCRIPTION: C.AUTRE,
    MilestoneKind.GRAND_ORAL: C.GRAND_ORAL,
    MilestoneKind.PARCOURSUP: C.PARCOURSUP,
}
NOT_FOR_ALL = frozenset({"INS-AMENAGEMENT"})
"""Milestones that say something of a pupil's health."""

SOON = timedelta(days=45)
TODO, DONE = TaskStatus.TODO, TaskStatus.DONE
LABEL_LENGTH = 300
BY_HAND = 4


@dataclass(frozen=True, slots=True)
class Draft:
    """A task before anything happened to it."""

    label: str
    category: TaskCategory
    source: TaskSource
    created: datetime
    due: datetime | None
    weight: float
    chapter: Chapter | None = None
    resource: str | None = None


def write_tasks(pupil: Pupil, shelf: Shelf) -> None:
    """Every day of the streak has a task done on it, so that the streak holds."""
    calendar, dice = pupil.calendar, pupil.dice
    done = 28 if pupil.rich else max(pupil.streak, dice.between(3, 6))
    first = calendar.start + timedelta(days=8)
    span = (calendar.eve - first).days
    for turn in range(done + (4 if pupil.rich else dice.below(2))):
        day = (
            calendar.eve - timedelta(days=turn)
            if turn < pupil.streak
            else first + timedelta(days=dice.below(span + 1))
        )
        action = TaskAction.COMPLETE if turn < done else TaskAction.SKIP
        _write_closed(pupil, _draft(pupil, shelf, _category(pupil, turn), day), day, action)
    for turn in range(14 if pupil.rich else dice.between(3, 5)):
        reopened = pupil.rich and turn == 0
        day = calendar.today + (timedelta(days=-4) if reopened else dice.days(-4, 20))
        draft = _draft(pupil, shelf, _category(pupil, turn), day, open=True)
        if not pupil.rich or reopened or _is_asked_by_hand(pupil, draft):
            _write_open(pupil, draft, reopened=reopened)
        else:
            pupil.dice.key(draft.created)  # what comes after is drawn as if it had been written
    for draft, over in _milestone_tasks(pupil):
        if over:
            _write_closed(pupil, draft, over, TaskAction.COMPLETE)
        else:
            _write_open(pupil, draft)


def _is_asked_by_hand(pupil: Pupil, draft: Draft) -> bool:
    """A few tasks of a rich pupil; the others are the agents' coach's to set: see `advice`."""
    standing = [task for task in pupil.known_tasks if task.open]
    return draft.source is TaskSource.COACH and len(standing) < BY_HAND


def _category(pupil: Pupil, turn: int) -> TaskCategory:
    if pupil.rich:
        fitting = (*EVERYDAY, *OF_TERMINALE) if pupil.terminale else EVERYDAY
        return fitting[turn % len(fitting)]
    if pupil.terminale and pupil.dice.chance(0.15):
        return pupil.dice.pick(OF_TERMINALE)
    return pupil.dice.pick(EVERYDAY)


def _draft(
    pupil: Pupil, shelf: Shelf, category: TaskCategory, day: date, *, open: bool = False
) -> Draft:
    """A task due around that day, and set a few days before it."""
    dice, calendar = pupil.dice, pupil.calendar
    latest = min(day, calendar.eve) if open else day
    created = max(latest - dice.days(2, 12), calendar.start + timedelta(days=4))
    chapter = pupil.chapter()
    due = day if open else max(created, day + dice.days(-1, 3))
    undated = category in {C.RENDEZ_VOUS, C.AUTRE} and dice.chance(0.4)
    key = "libre" if pupil.libre and category is C.AUTRE and dice.chance(0.6) else category.value
    label = pupil.words(phrases()["tasks"][key], chapter)
    resources = shelf.for_pupil(pupil, chapter.subject) if category in WITH_A_RESOURCE else []
    return Draft(
        label=label[:LABEL_LENGTH],
        category=category,
        source=TaskSource.COACH if dice.chance(0.4) else TaskSource.AGENT,
        created=pupil.moment(created, 8, 15),
        due=None if undated else calendar.at(due, 18),
        weight=dice.between(1, 10) / 2,
        chapter=chapter if category in ON_A_CHAPTER else None,
        resource=dice.pick(resources) if resources and dice.chance(0.5) else None,
    )


def _milestone_tasks(pupil: Pupil) -> Iterator[tuple[Draft, date | None]]:
    """What the calendar of the session asks for now, and what it asked for this term."""
    calendar = pupil.calendar
    kinds = tuple(MilestoneKind) if pupil.terminale else (MilestoneKind.INSCRIPTION,)
    for kind in kinds:
        for one in _milestones(kind, pupil.session):
            if pupil.choices.exam_path not in one.exam_paths or one.code in NOT_FOR_ALL:
                continue
            if calendar.today <= one.end and one.start <= calendar.today + SOON:
                yield _milestone_task(pupil, one, CATEGORY_OF[kind]), None
            elif calendar.start + timedelta(days=12) <= one.end < calendar.eve:
                done = one.end - timedelta(days=1)
                yield _milestone_task(pupil, one, CATEGORY_OF[kind]), done


@cache
def _milestones(kind: MilestoneKind, session: int) -> tuple[Milestone, ...]:
    return milestones(kind, session)


def _milestone_task(pupil: Pupil, one: Milestone, category: TaskCategory) -> Draft:
    calendar = pupil.calendar
    unsure = " (dates à confirmer)" if one.provisional and not one.recommended else ""
    latest = min(calendar.eve, one.end) - timedelta(days=4)
    created = min(max(one.start, calendar.start + timedelta(days=5)), latest)
    return Draft(
        label=one.label[: LABEL_LENGTH - len(unsure)] + unsure,
        category=category,
        source=TaskSource.SYSTEM,
        created=pupil.moment(created, 7, 8),
        due=calendar.at(one.end, 18),
        weight=2.0 if one.recommended else 4.0,
    )


def _author(pupil: Pupil, source: TaskSource) -> Actor:
    if source is TaskSource.COACH:
        return pupil.coach_actor
    return agent(Agent.COACH if source is TaskSource.AGENT else Agent.PLANNER)


def _write_closed(pupil: Pupil, draft: Draft, day: date, action: TaskAction) -> None:
    key = _created(pupil, draft)
    at = pupil.own(day)
    pupil.journal.move(at, action, pupil.actor, Task, key, before=TODO)
    status = TaskStatus.DONE if action is TaskAction.COMPLETE else TaskStatus.SKIPPED
    _write(pupil, draft, key, status, at)


def _write_open(pupil: Pupil, draft: Draft, *, reopened: bool = False) -> None:
    key = _created(pupil, draft)
    if reopened:
        day, again = (draft.created.date() + timedelta(days=days) for days in (2, 4))
        move = pupil.journal.move
        move(pupil.own(day), TaskAction.COMPLETE, pupil.actor, Task, key, before=TODO)
        move(pupil.own(again), TaskAction.REOPEN, pupil.actor, Task, key, before=DONE)
    _write(pupil, draft, key, TODO, None)


def _created(pupil: Pupil, draft: Draft) -> str:
    key = pupil.dice.key(draft.created)
    pupil.journal.note(
        draft.created,
        EventKind.TASK_CREATED,
        _author(pupil, draft.source),
        Task,
        key,
        after={
            "status": TODO.name,
            "category": draft.category.name,
            "dueAt": draft.due.isoformat() if draft.due else None,
            "weight": draft.weight,
            "chapterCode": draft.chapter.code if draft.chapter else None,
            "resourceId": draft.resource,
        },
    )
    return key


def _write(
    pupil: Pupil, draft: Draft, key: str, status: TaskStatus, closed: datetime | None
) -> None:
    day = closed.date() if closed else None
    pupil.tasks.append(TaskFact(status, draft.due, day))
    if pupil.rich:
        pupil.known_tasks.append(_known(key, draft, status, day))
    pupil.rows.add(
        Task,
        id=key,
        student_id=pupil.id,
        label=draft.label,
        category=draft.category,
        due_at=draft.due,
        weight=draft.weight,
        status=status,
        source=draft.source,
        subject=draft.chapter.subject if draft.chapter else None,
        chapter_code=draft.chapter.code if draft.chapter else None,
        resource_id=draft.resource,
        taken_over=False,
        created_at=draft.created,
        closed_at=closed,
    )


def _known(key: str, draft: Draft, status: TaskStatus, closed: date | None) -> KnownTask:
    """The task as the coach is told of it."""
    return KnownTask(
        id=UUID(key),
        label=draft.label,
        category=draft.category,
        status=status,
        source=draft.source,
        weight=draft.weight,
        due_on=draft.due.date() if draft.due else None,
        subject=draft.chapter.subject if draft.chapter else None,
        chapter_code=draft.chapter.code if draft.chapter else None,
        closed_on=closed,
    )
