"""A coach's list is made of one card a pupil: a write costs the card of whom it was about."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import orjson
import pytest
from comparing import FRESHNESS, Comparison
from conftest import CLOCK, DOCUMENTS, reading

from gateway.documents import Operation
from gateway.settings import ROOT

pytestmark = pytest.mark.anyio

PUPILS = (ROOT / "schema" / "documents" / "CoachPupils.graphql").read_text()
NAMES = "{ viewer { students(first: 5) { edges { cursor node { id displayName } } } } }"
AS_OF = "{ viewer { students(first: 5) { nodes { id dashboard { asOf } } } } }"
PRIORITIES = (
    "{ viewer { students(first: 2) { nodes { id tasks(first: 2) { nodes { priority } } } } } }"
)


@pytest.fixture
async def db(own_school: str) -> AsyncIterator[asyncpg.Connection]:
    settings = {"search_path": "nexus_app, public"}
    connection = await asyncpg.connect(own_school, server_settings=settings)
    yield connection
    await connection.close()


async def kept(both: Comparison, coach: Any, text: str, clock=CLOCK, **variables: Any) -> Any:
    prepared = DOCUMENTS.prepared(Operation(text, variables, None))
    context = reading(coach, both.gate.pool, clock)
    found = await both.versioned.answer(prepared, variables, context)
    assert found is not None
    assert found.path == "versioned"
    return found


def names(found: Any) -> list[str]:
    edges = orjson.loads(found.body)["data"]["viewer"]["students"]["edges"]
    return [edge["node"]["displayName"] for edge in edges]


async def test_only_who_has_changed_is_read_again(both_own: Comparison, db, coach) -> None:
    before = names(await kept(both_own, coach, NAMES))
    # nobody may do this: of what no version tells, only what is read again is seen
    await db.execute("UPDATE students SET display_name = display_name || ' bis'")
    await db.execute(
        "UPDATE students SET version = version + 1 WHERE display_name = $1", f"{before[2]} bis"
    )
    after = names(await kept(both_own, coach, NAMES))
    assert after == [*before[:2], f"{before[2]} bis", *before[3:]]


async def test_who_joins_and_who_leaves_a_list_is_seen_at_once(
    both_own: Comparison, db, coach
) -> None:
    before = names(await kept(both_own, coach, NAMES))
    gone = await db.fetchval(
        "DELETE FROM coachings WHERE person_id = $1 AND student_id = (SELECT student_id FROM"
        " coachings c JOIN students s ON s.id = c.student_id WHERE person_id = $1"
        " ORDER BY s.display_name, s.id LIMIT 1) RETURNING student_id",
        coach.id,
    )
    after = names(await kept(both_own, coach, NAMES))
    assert after[:4] == before[1:]
    await db.execute(
        "INSERT INTO coachings (id, student_id, person_id, created_at)"
        " VALUES (gen_random_uuid(), $1, $2, now())",
        gone,
        coach.id,
    )
    assert names(await kept(both_own, coach, NAMES)) == before


async def test_the_coachs_list_stands_until_something_happens(both: Comparison, coach) -> None:
    asked = {"first": 50, "now": CLOCK.isoformat()}
    first = await kept(both, coach, PUPILS, **asked)
    later = await kept(both, coach, PUPILS, CLOCK + 1.5 * FRESHNESS, **asked)
    assert (later.since, later.tag) == (first.since, first.tag)


async def test_what_shows_the_clock_is_never_shown_again(both: Comparison, coach) -> None:
    prepared = DOCUMENTS.prepared(Operation(AS_OF, {}, None))
    for _ in range(2):
        found = await both.versioned.answer(prepared, {}, reading(coach, both.gate.pool, CLOCK))
        assert found is not None
        assert found.path == "compiled"


async def test_what_drifts_is_shown_again_for_a_while(both: Comparison, coach) -> None:
    await kept(both, coach, PRIORITIES)
    soon = await kept(both, coach, PRIORITIES, CLOCK + FRESHNESS - timedelta(seconds=1))
    late = await kept(both, coach, PRIORITIES, CLOCK + FRESHNESS)
    assert (soon.since, late.since) == (CLOCK, CLOCK + FRESHNESS)


async def test_tasks_that_are_alike_in_all_that_moves_them_let_their_list_stand(
    both_own: Comparison, db, coach
) -> None:
    """Of two chapters of which nothing is known, with the same weight, both overdue."""
    student = await db.fetchval("SELECT student_id FROM coachings WHERE person_id = $1", coach.id)
    await db.execute("DELETE FROM progress WHERE student_id = $1", student)
    await db.execute(
        "UPDATE tasks SET weight = 2, subject = 'MATHS', chapter_code = 'chapter-' || id,"
        " due_at = $2::timestamptz - make_interval(hours => 1 + length(label))"
        " WHERE student_id = $1",
        student,
        CLOCK,
    )
    asked = "query Q($id: ID!) { student(id: $id) { tasks(first: 3) { nodes { id } } } }"
    first = await kept(both_own, coach, asked, id=str(student))
    later = await kept(both_own, coach, asked, CLOCK + timedelta(hours=6), id=str(student))
    assert len(orjson.loads(first.body)["data"]["student"]["tasks"]["nodes"]) == 3
    assert later.since == CLOCK


TASKS = "query Q($id: ID!) { student(id: $id) { tasks(first: 3) { nodes { id weight } } } }"


async def only_tasks(db: asyncpg.Connection, coach: Any, *weights: float) -> str:
    """A pupil of the coach's who has these tasks open, of no subject and due never."""
    student = await db.fetchval("SELECT student_id FROM coachings WHERE person_id = $1", coach.id)
    await db.execute("DELETE FROM progress WHERE student_id = $1", student)
    await db.execute(
        "DELETE FROM tasks WHERE student_id = $1 AND id <> ALL (ARRAY(SELECT id FROM tasks"
        " WHERE student_id = $1 AND status = 'Todo' LIMIT $2))",
        student,
        len(weights),
    )
    await db.execute(
        "UPDATE tasks SET subject = NULL, due_at = NULL, chapter_code = NULL,"
        " weight = ($2::float8[])[(SELECT count(*) FROM tasks before"
        " WHERE before.student_id = $1 AND before.id <= tasks.id)] WHERE student_id = $1",
        student,
        weights,
    )
    return str(student)


async def test_tasks_that_tie_and_stand_still_let_their_list_stand(
    both_own: Comparison, db, coach
) -> None:
    """What is overdue is three times as urgent as what is never due, now and later."""
    student = await only_tasks(db, coach, 1, 5)
    overdue = CLOCK - timedelta(days=1)
    await db.execute(
        "UPDATE tasks SET due_at = $2 WHERE student_id::text = $1 AND weight = 1", student, overdue
    )
    first = await kept(both_own, coach, TASKS, id=student)
    later = await kept(both_own, coach, TASKS, CLOCK + timedelta(hours=6), id=student)
    assert len(orjson.loads(first.body)["data"]["student"]["tasks"]["nodes"]) == 2
    assert later.since == CLOCK


async def test_a_card_that_ends_at_once_takes_no_other_along(
    both_own: Comparison, db, coach
) -> None:
    """Two tasks tie by chance, of which one moves on: who comes first is asked each time."""
    student = await only_tasks(db, coach, 2, 5)
    soon = CLOCK + timedelta(days=3)  # then twice as urgent as what is never due
    await db.execute(
        "UPDATE tasks SET due_at = $2 WHERE student_id::text = $1 AND weight = 2", student, soon
    )
    asked = """{ viewer { students(first: 50) {
      nodes { id displayName tasks(first: 2) { nodes { id } } } } } }"""
    before = await kept(both_own, coach, asked)
    await db.execute("UPDATE students SET display_name = display_name || ' bis'")
    after = await kept(both_own, coach, asked)
    told = [
        orjson.loads(each.body)["data"]["viewer"]["students"]["nodes"] for each in (before, after)
    ]
    changed = [new["id"] for old, new in zip(*told, strict=True) if old != new]
    assert changed == [student]
