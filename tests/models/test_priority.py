"""The coach's rule is monotonic, bounded, and the same number in Python and in PostgreSQL."""

from datetime import UTC, datetime, time, timedelta
from functools import reduce
from math import inf
from operator import add

import asyncpg
import pytest
from conftest import CLOCK
from factories import insert, pupil
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import ARRAY, Double, bindparam, column, func, select

from loaders.columns import columns_of
from loaders.rows import Reader, Statement, compiled, open_pool
from models.priority import UNKNOWN_MASTERY, priority
from models.task import Task
from models.vocabulary import Role

pytestmark = pytest.mark.anyio

weights = st.floats(0, 5)
shares = st.floats(0, 1)
spans = st.timedeltas(timedelta(), timedelta(10_000)).map(lambda t: t / timedelta(1)) | st.just(inf)
arguments = st.fixed_dictionaries(
    {"weight": weights, "days_to_due": spans, "mastery": shares, "days_to_exam": spans}
)


@given(arguments)
def test_a_priority_lies_between_1_and_72(given_all):
    assert 1.0 <= priority(**given_all) <= 72.0


@given(arguments, weights)
def test_a_priority_grows_with_the_weight(given_all, weight):
    low, high = sorted((weight, given_all["weight"]))
    assert priority(**given_all | {"weight": low}) <= priority(**given_all | {"weight": high})


@pytest.mark.parametrize("argument", ["days_to_due", "days_to_exam"])
@given(arguments, spans)
def test_a_priority_falls_with_the_days_left(argument, given_all, days):
    near, far = sorted((days, given_all[argument]))
    assert priority(**given_all | {argument: far}) <= priority(**given_all | {argument: near})


@given(arguments, shares)
def test_a_priority_falls_with_the_mastery_of_the_chapter(given_all, mastery):
    low, high = sorted((mastery, given_all["mastery"]))
    assert priority(**given_all | {"mastery": high}) <= priority(**given_all | {"mastery": low})


@pytest.mark.parametrize(
    ("argument", "less", "more"),
    [("weight", 0, 5), ("days_to_due", 40, 2), ("mastery", 0.9, 0.2), ("days_to_exam", 300, 20)],
)
def test_every_argument_matters(argument, less, more):
    usual = {"weight": 2.5, "days_to_due": 7.0, "mastery": 0.5, "days_to_exam": 90.0}
    assert priority(**usual | {argument: less}) < priority(**usual | {argument: more})


@pytest.mark.parametrize(
    ("given_all", "expected"),
    [
        ((0.0, inf, 1.0, inf), 1.0),
        ((5.0, 0.0, 0.0, 0.0), 72.0),
        ((0.0, 0.0, 1.0, inf), 3.0),  # due today: three times one without a date
        ((0.0, inf, 0.0, inf), 2.0),  # unknown: twice one mastered
        ((0.0, inf, 1.0, 0.0), 2.0),  # an exam today: twice one never
        ((1.0, 3.0, 0.5, 30.0), 9.0),
    ],
)
def test_known_tasks_have_known_priorities(given_all, expected):
    weight, due, mastery, exam = given_all
    found = priority(weight=weight, days_to_due=due, mastery=mastery, days_to_exam=exam)
    assert found == expected


# --- the same rule in SQL

NAMES = ("weight", "days_to_due", "mastery", "days_to_exam")
GIVEN = (
    func.unnest(*(bindparam(name, type_=ARRAY(Double)) for name in NAMES))
    .table_valued(*(column(name, Double) for name in NAMES), name="given")
    .render_derived()
)
RULE = compiled(select(priority(**{name: GIVEN.c[name] for name in NAMES}).label("priority")))
TASKS = compiled(select(*columns_of(Task)), Task)
SCORES = Statement(
    """
    SELECT student_id, chapter_code, array_agg(score ORDER BY competence_code) AS scores
    FROM nexus_app.progress GROUP BY 1, 2
    """,
    (),
)
EXAMS = Statement(
    """
    SELECT student_id, subject, min(scheduled_at) AS day FROM nexus_app.epreuves_plan
    WHERE scheduled_at >= $1 AND subject IS NOT NULL GROUP BY 1, 2
    """,
    ("day",),
)


@given(st.lists(arguments, min_size=1, max_size=100))
async def test_python_and_postgresql_compute_the_same_number(pool: asyncpg.Pool, rows):
    reader = Reader(pool, viewer="", role=Role.ADMIN, clock=CLOCK)
    found = await reader.rows(RULE, **{name: [row[name] for row in rows] for name in NAMES})
    assert [row.priority for row in found] == [priority(**row) for row in rows]


@pytest.mark.parametrize(
    "clock",
    [
        CLOCK,
        CLOCK + timedelta(days=9, microseconds=1),
        datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2027, 6, 30, 0, 0, 0, 7, tzinfo=UTC),
    ],
)
async def test_every_task_of_the_school_has_the_priority_of_the_rule(pool: asyncpg.Pool, clock):
    reader = Reader(pool, viewer="", role=Role.ADMIN, clock=clock)
    tasks = await reader.rows(TASKS, sorted_at=clock)
    means = {
        (row["student_id"], row["chapter_code"]): reduce(add, row["scores"]) / len(row["scores"])
        for row in await reader.rows(SCORES)
    }
    exams = {
        (row["student_id"], row["subject"]): datetime.combine(row["day"], time(), UTC)
        for row in await reader.rows(EXAMS, day=clock.date())
    }
    expected = {
        task.id: priority(
            weight=task.weight,
            days_to_due=days_until(task.due_at, clock),
            mastery=means.get((task.student_id, task.chapter_code), UNKNOWN_MASTERY),
            days_to_exam=days_until(exams.get((task.student_id, task.subject)), clock),
        )
        for task in tasks
    }
    assert {task.id: task.priority for task in tasks} == expected


def days_until(moment: datetime | None, clock: datetime) -> float:
    return inf if moment is None else max(0.0, (moment - clock).total_seconds() / 86_400)


async def test_the_school_has_tasks_that_differ_in_every_argument(pool: asyncpg.Pool):
    reader = Reader(pool, viewer="", role=Role.ADMIN, clock=CLOCK)
    tasks = await reader.rows(TASKS, sorted_at=CLOCK)
    for differs in ("weight", "due_at", "chapter_code", "subject"):
        assert len({task[differs] for task in tasks}) > 1, differs


async def test_a_mean_mastery_is_summed_in_one_order_however_the_rows_lie(empty_database: str):
    connection = await asyncpg.connect(empty_database)
    student = await pupil(connection)
    for code, score in (("C", 0.9), ("B", 0.8), ("A", 0.7)):
        await insert(connection, "progress", student_id=student, competence_code=code, score=score)
    await insert(connection, "tasks", student_id=student, chapter_code="MATHS-T-SUITES")
    await connection.execute("ANALYZE nexus_app.progress")  # so few that it reads them as they lie
    await connection.close()
    opened = await open_pool(empty_database, size=1, statement_timeout_ms=10_000)
    reader = Reader(opened, viewer="", role=Role.ADMIN, clock=CLOCK)
    (task,) = await reader.rows(TASKS, sorted_at=CLOCK)
    await opened.close()
    usual = {"weight": 1.0, "days_to_due": inf, "days_to_exam": inf}
    expected = priority(mastery=(0.7 + 0.8 + 0.9) / 3, **usual)
    assert expected != priority(mastery=(0.9 + 0.8 + 0.7) / 3, **usual)
    assert task.priority == expected
