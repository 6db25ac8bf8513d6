"""The figures that PostgreSQL keeps, and the same by the rules of Python, from the rows."""

from collections import defaultdict
from datetime import date
from functools import reduce
from operator import add
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from models.curriculum import EpreuveKind, Subject
from services.dashboard import civil_day, progress_overall, streak_days, subject_weights


class Figures(NamedTuple):
    """Of a student."""

    progress_overall: float
    total_weight: float
    open_task_count: int
    last_eval_score: float | None
    active_on: date | None
    active_days: int


class Nearness(NamedTuple):
    """What moves a task's priority, beside its own weight and due date."""

    chapter_mastery: float | None
    exam_on: date | None


Told = tuple[dict[UUID, Figures], dict[UUID, Nearness]]
Rows = dict[UUID, list[Any]]


async def kept(db: asyncpg.Connection) -> Told:
    """What the columns say."""
    students = await db.fetch("SELECT * FROM nexus_app.students")
    tasks = await db.fetch("SELECT * FROM nexus_app.tasks")
    return (
        {row["id"]: Figures(*(row[name] for name in Figures._fields)) for row in students},
        {row["id"]: Nearness(*(row[name] for name in Nearness._fields)) for row in tasks},
    )


async def reckoned(db: asyncpg.Connection) -> Told:
    """What the rules say of the rows."""
    found = [
        await _owned(db, table) for table in ("progress", "epreuves_plan", "evaluations", "events")
    ]
    progress, plan, papers, events = found
    tasks = await _owned(db, "tasks")
    students = await db.fetch("SELECT * FROM nexus_app.students")
    return (
        {
            one["id"]: Figures(
                _overall(one, progress[one["id"]], plan[one["id"]]),
                _exact(
                    (row["weight"] for row in plan[one["id"]] if row["kind"] != EpreuveKind.OPTION),
                    1e12,
                ),
                sum(row["status"] == "Todo" for row in tasks[one["id"]]),
                _last_score(papers[one["id"]]),
                *_last_run(one["time_zone"], events[one["id"]]),
            )
            for one in students
        },
        {
            row["id"]: Nearness(
                _mastery(progress[pupil], row["chapter_code"]), _exam(plan[pupil], row["subject"])
            )
            for pupil, rows in tasks.items()
            for row in rows
        },
    )


async def _owned(db: asyncpg.Connection, table: str) -> Rows:
    found: Rows = defaultdict(list)
    for row in await db.fetch(f"SELECT * FROM nexus_app.{table}"):  # noqa: S608
        found[row["student_id"]].append(row)
    return found


def _exact(values: Any, scale: float) -> float:
    return float(sum(round(value * scale) for value in values)) / scale


def _overall(student: Any, progress: list[Any], plan: list[Any]) -> float:
    scores, named = defaultdict(list), defaultdict(list)
    for row in progress:
        scores[Subject(row["subject"])].append(row["score"])
    for row in plan:
        if row["subject"]:
            named[Subject(row["subject"])].append(row["weight"])
    undecided = student["track"] == "Premiere" and student["voie"] == "GENERALE"
    weights = subject_weights(
        {subject: _exact(each, 1e12) for subject, each in named.items()},
        _exact(
            (row["weight"] for row in plan if not row["subject"] and row["kind"] != "OPTION"), 1e12
        ),
        [Subject(one) for one in student["specialities"]] if undecided else [],
    )
    return progress_overall(
        {
            subject: float(sum(round(score * 1e15) for score in each)) / len(each) / 1e15
            for subject, each in scores.items()
        },
        weights if plan else None,
    )


def _last_score(papers: list[Any]) -> float | None:
    graded = [row for row in papers if row["status"] == "Corrigé"]
    last = max(graded, key=lambda row: (row["graded_at"], row["id"]), default=None)
    return last and last["score_20"]


def _last_run(time_zone: str, events: list[Any]) -> tuple[date | None, int]:
    days = {civil_day(row["at"], time_zone) for row in events if row["actor_role"] == "STUDENT"}
    last = max(days, default=None)
    return last, streak_days(days, last) if last else 0


def _mastery(progress: list[Any], chapter: str | None) -> float | None:
    rows = [row for row in progress if row["chapter_code"] == chapter]
    scores = [row["score"] for row in sorted(rows, key=lambda row: str(row["competence_code"]))]
    return reduce(add, scores) / len(scores) if scores else None


def _exam(plan: list[Any], subject: str | None) -> date | None:
    days = [row["scheduled_at"] for row in plan if subject and row["subject"] == subject]
    return min((day for day in days if day), default=None)
