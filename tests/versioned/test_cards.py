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
