"""Whatever is written, by whomever, the kept figures are those of the rules when it ends."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from conftest import CLOCK, database
from factories import insert, pupil
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reckoned_figures import kept, reckoned

from gateway.embedded import Servers
from models.base import uuid7

pytestmark = pytest.mark.anyio

SUBJECTS = ("MATHS", "NSI", "SES", "PHILOSOPHIE", "EPS")
ZONES = ("Europe/Paris", "Pacific/Noumea", "America/Havana", "UTC")
NUMBERS = count(1)

some = st.integers(0, 4).map(lambda n: f"abs(hashtext(id::text)) % 5 >= {n}")
who = st.integers(0, 3)
subjects = st.sampled_from(SUBJECTS)
unnamed = st.none() | subjects
shares = st.floats(0, 1) | st.sampled_from([0.0, 1.0, 0.1, 1 / 3])
moments = st.integers(-400, 30).map(lambda hours: CLOCK + timedelta(hours=hours))
days = st.none() | st.integers(-30, 300).map(lambda n: (CLOCK + timedelta(days=n)).date())

measured = st.tuples(who, subjects, st.sampled_from("AB"), st.sampled_from("XYZ"), shares)
planned = st.tuples(
    who, unnamed, st.sampled_from(["TERMINALE", "OPTION"]), shares.map(lambda x: x * 100), days
)
asked = st.tuples(who, unnamed, st.none() | st.sampled_from("AB"), st.booleans())
graded = st.tuples(who, st.booleans(), shares.map(lambda x: x * 20), moments)
acted = st.tuples(who, st.sampled_from(["STUDENT", "COACH"]), moments)


def chapter(subject: str | None, letter: str | None) -> str | None:
    return f"{subject or 'NSI'}-{letter}" if letter else None


def bulk(table: str, columns: str, types: str) -> str:
    """One statement for any number of rows."""
    names = columns.split()
    places = ", ".join(f"${i}::{kind}[]" for i, kind in enumerate(types.split(), 1))
    return f"INSERT INTO nexus_app.{table} ({', '.join(names)}) SELECT * FROM unnest({places})"  # noqa: S608


def tables(rows: Any) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


MEASURE = (
    bulk(
        "progress",
        "id student_id subject chapter_code competence_code score evidence_count updated_at",
        "uuid uuid nexus_app.subject text text float8 int timestamptz",
    )
    + " ON CONFLICT (student_id, chapter_code, competence_code) DO UPDATE"
    " SET score = excluded.score, subject = excluded.subject"
)
PLAN = bulk(
    "epreuves_plan",
    "id student_id code label subject kind weight scheduled_at provisional format source"
    " created_at",
    "uuid uuid text text nexus_app.subject nexus_app.epreuve_kind float8 date bool text"
    " nexus_app.epreuve_source timestamptz",
)
ASK = bulk(
    "tasks",
    "id student_id label category weight status source subject chapter_code created_at closed_at"
    " chapter_mastery exam_on",
    "uuid uuid text nexus_app.task_category float8 nexus_app.task_status nexus_app.task_source"
    " nexus_app.subject text timestamptz timestamptz float8 date",
)
GRADE = bulk(
    "evaluations",
    "id student_id subject track title generator duration_min status score_20 statement_md"
    " created_at submitted_at graded_at",
    "uuid uuid nexus_app.subject nexus_app.track text text int nexus_app.evaluation_status float8"
    " text timestamptz timestamptz timestamptz",
)
ACT = bulk(
    "events",
    "id student_id seq kind at actor_id actor_role payload_json",
    "uuid uuid int nexus_app.event_kind timestamptz text nexus_app.role jsonb",
)
CHANGES = (
    "UPDATE progress SET score = least(1, score * 1.01) WHERE {}",
    "UPDATE progress SET chapter_code = 'NSI-B', competence_code = id::text WHERE {}",
    "UPDATE progress SET subject = 'EPS' WHERE {}",
    "UPDATE epreuves_plan SET weight = weight / 3 WHERE {}",
    "UPDATE epreuves_plan SET scheduled_at = scheduled_at + 40, kind = 'TERMINALE' WHERE {}",
    "UPDATE epreuves_plan SET subject = NULL WHERE {}",
    "UPDATE epreuves_plan SET scheduled_at = NULL WHERE {}",
    "UPDATE tasks SET status = 'Done', closed_at = created_at WHERE {}",
    "UPDATE tasks SET subject = 'NSI', chapter_code = 'NSI-A' WHERE {}",
    "UPDATE tasks SET student_id = (SELECT id FROM students ORDER BY id LIMIT 1) WHERE {}",
    "UPDATE tasks SET label = 'Autre chose' WHERE {}",
    "UPDATE evaluations SET score_20 = score_20 / 3 WHERE {}",
    "UPDATE evaluations SET status = 'Soumis', graded_at = NULL WHERE {}",
    "UPDATE events SET at = at - interval '1 day' WHERE {}",
    "UPDATE events SET actor_role = 'STUDENT' WHERE {}",
    "UPDATE students SET track = 'Premiere', specialities = '{{MATHS,NSI,SES}}' WHERE {}",
    "UPDATE students SET voie = 'STMG', track = 'Terminale', specialities = '{{}}' WHERE {}",
    "UPDATE students SET time_zone = 'Pacific/Noumea' WHERE {}",
    "UPDATE students SET progress_overall = 2, active_days = -1, active_on = NULL WHERE {}",
    "UPDATE students SET total_weight = 7, open_task_count = 9, last_eval_score = 4 WHERE {}",
    "UPDATE tasks SET chapter_mastery = 2, exam_on = '2001-01-01' WHERE {}",
    *(f"DELETE FROM {table} WHERE {{}}"  # noqa: S608
      for table in ("progress", "epreuves_plan", "tasks", "evaluations", "events", "students")),
)  # fmt: skip
writes = st.one_of(
    st.tuples(st.just(MEASURE), st.lists(measured, min_size=1, max_size=9)),
    st.tuples(st.just(PLAN), st.lists(planned, min_size=1, max_size=9)),
    st.tuples(st.just(ASK), st.lists(asked, min_size=1, max_size=9)),
    st.tuples(st.just(GRADE), st.lists(graded, min_size=1, max_size=5)),
    st.tuples(st.just(ACT), st.lists(acted, min_size=1, max_size=3)),
    st.builds(lambda text, where: (text.format(where), None), st.sampled_from(CHANGES), some),
)


def row(statement: str, pupils: list[UUID], drawn: Any) -> tuple[Any, ...]:
    """A drawn row, with the columns that do not matter."""
    id, (number, *values) = uuid7(), drawn
    owner = pupils[number]
    if statement == MEASURE:
        subject, letter, competence, score = values
        return id, owner, subject, chapter(subject, letter), competence, score, 1, CLOCK
    if statement == PLAN:
        subject, kind, weight, day = values
        return (id, owner, str(id), "É", subject, kind, weight, day, True, "Écrit", "Agent", CLOCK)
    if statement == ASK:
        subject, letter, todo = values
        state, closed = ("Todo", None) if todo else ("Skipped", CLOCK)
        return (id, owner, "Revoir", "REVISION", 1.0, state, "Agent", subject,
                chapter(subject, letter), CLOCK, closed, 0.123, CLOCK.date())  # fmt: skip
    if statement == GRADE:
        done, score, at = values
        state = "Corrigé" if done else "Soumis"
        return (id, owner, "MATHS", "Terminale", "Suites", "EVALUATOR", 60, state, score, "…",
                CLOCK, CLOCK, at if done else None)  # fmt: skip
    role, at = values
    return id, owner, next(NUMBERS), "TASK_COMPLETED", at, "x", role, "{}"


async def write(db: asyncpg.Connection, pupils: list[UUID], step: Any) -> None:
    statement, drawn = step
    if drawn is None:
        await db.execute(statement)
        return
    there = set(await db.fetchval("SELECT array_agg(id) FROM students") or ())
    rows = [row(statement, pupils, one) for one in drawn]
    if statement == MEASURE:  # one statement meets a competence once
        rows = [*{(made[1], *made[3:5]): made for made in rows}.values()]
    rows = [made for made in rows if made[1] in there]
    if rows:
        await db.execute(statement, *tables(rows))


@pytest.fixture(scope="module")
def dsn(servers: Servers, migrated: str) -> Iterator[str]:
    with database(servers, migrated) as found:
        yield found


@pytest.fixture(scope="module")
async def db(dsn: str, anyio_backend: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(dsn, server_settings={"search_path": "nexus_app, public"})
    yield opened
    await opened.close()


@asynccontextmanager
async def undone(db: asyncpg.Connection) -> AsyncIterator[None]:
    transaction = db.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(writes, st.booleans()), min_size=1, max_size=9))
async def test_after_every_statement_the_figures_are_those_of_the_rules(db, steps) -> None:
    async with undone(db):
        pupils = [
            await pupil(db, time_zone=zone, track=track, specialities=["MATHS", "NSI"])
            for zone, track in zip(ZONES, ("Terminale", "Premiere") * 2, strict=True)
        ]
        for step, taken_back in steps:
            if taken_back:
                async with undone(db):
                    await write(db, pupils, step)
            else:
                await write(db, pupils, step)
            assert await kept(db) == await reckoned(db)


async def test_a_new_pupil_has_no_figures_whatever_the_writer_says(db) -> None:
    async with undone(db):
        id = await pupil(db, progress_overall=0.9, open_task_count=7, active_days=9)
        students, _ = await kept(db)
        assert students[id] == (0.0, 0.0, 0, None, None, 0)


async def test_neither_version_nor_updated_at_moves_with_a_figure(db) -> None:
    async with undone(db):
        id = await pupil(db, version=7)
        before = await db.fetchrow("SELECT version, updated_at FROM students WHERE id = $1", id)
        await insert(db, "tasks", student_id=id)
        await insert(db, "progress", student_id=id)
        after = await db.fetchrow("SELECT version, updated_at FROM students WHERE id = $1", id)
        assert after == before


async def test_a_write_that_moves_no_figure_rewrites_no_student(db) -> None:
    async with undone(db):
        id = await pupil(db)
        task = await insert(db, "tasks", student_id=id)
        before = await db.fetchval("SELECT ctid FROM students WHERE id = $1", id)
        await db.execute("UPDATE tasks SET label = 'Autre chose', weight = 4 WHERE id = $1", task)
        assert await db.fetchval("SELECT ctid FROM students WHERE id = $1", id) == before
