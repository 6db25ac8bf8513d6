"""Compiled statements show nobody more than PostgreSQL's own lock lets through."""

import asyncio

import asyncpg
import orjson
import pytest
from comparing import TIMEOUT_MS
from conftest import CLOCK, reading
from conftest import DOCUMENTS as PREPARED

from gateway.compiled import CompiledPlans, Lanes
from gateway.compiled.plans import begun, compiled
from gateway.documents import Operation
from models.vocabulary import Role
from services.access import Viewer

pytestmark = pytest.mark.anyio

STUDENT = "query Q($id: ID!) { student(id: $id) { id tasks(first: 2) { totalCount } } }"
EVERYONE = "{ viewer { students(first: 100) { totalCount nodes { id } } } }"
NODE = "query Q($id: ID!) { node(id: $id) { __typename id } }"


@pytest.mark.parametrize("role", Role)
async def test_a_stranger_sees_nothing_that_the_reference_path_hides(both, people, role):
    stranger = Viewer("nobody", role)
    for pupil in people.students[:5]:
        for document in (STUDENT, NODE):
            found = await both.compare(stranger, document, id=str(pupil.id))
            assert found.equal
            shows = str(pupil.id).encode() in (found.compiled or b"")
            assert shows is (role is Role.ADMIN)


async def test_viewers_who_follow_each_other_on_one_connection_see_their_own(school, people):
    lanes = Lanes(school, size=1, statement_timeout_ms=TIMEOUT_MS)
    await lanes.open()
    plans = CompiledPlans(lanes)
    prepared = PREPARED.prepared(Operation(EVERYONE, {}, None))
    plans.trust(prepared)
    viewers = [
        *(Viewer(one.user_id, Role.STUDENT) for one in people.students[:5]),
        *(Viewer(one.id, Role.PARENT) for one in people.parents[:3]),
        *(Viewer(one.id, Role.COACH) for one in people.coaches[:2]),
        *(Viewer("nobody", role) for role in (Role.STUDENT, Role.PARENT, Role.COACH)),
        Viewer(people.admins[0].id, Role.ADMIN),
    ]

    async def seen(viewer: Viewer) -> set[str]:
        found = await plans.answer(prepared, {}, reading(viewer, None, CLOCK))
        assert found is not None
        shown = orjson.loads(found.body)["data"]["viewer"]["students"]
        assert shown["totalCount"] == len(shown["nodes"])
        return {one["id"] for one in shown["nodes"]}

    connection = await asyncpg.connect(school)
    expected = {}
    for viewer in viewers:
        sees = {
            Role.STUDENT: "SELECT id FROM nexus_app.students WHERE user_id = $1",
            Role.PARENT: "SELECT student_id FROM nexus_app.guardianships WHERE person_id = $1",
            Role.COACH: "SELECT student_id FROM nexus_app.coachings WHERE person_id = $1",
            Role.ADMIN: "SELECT id FROM nexus_app.students WHERE $1 <> ''",
        }[viewer.role]
        expected[viewer] = {str(row[0]) for row in await connection.fetch(sees, viewer.id)}
    await connection.close()
    for viewer in [*viewers, *reversed(viewers)]:
        assert await seen(viewer) == expected[viewer]
    together = await asyncio.gather(*(seen(viewer) for viewer in viewers * 4))
    assert together == [expected[viewer] for viewer in viewers * 4]
    await lanes.close()


SEES = "nexus.viewer", "nexus.role", "nexus.sees"


async def test_who_was_looking_is_forgotten_with_the_statement(both, coach):
    assert (await both.compare(coach, EVERYONE)).equal
    *told, seen, who = await both.lanes.texts(
        [
            *((f"SELECT current_setting('{setting}', true)", []) for setting in SEES),
            ("SELECT count(*) FROM students", []),
            ("SELECT current_user::text", []),
        ]
    )
    assert set(told) <= {b"", None}
    assert (seen, who) == (0, b"nexus_api")


async def test_the_lock_holds_where_a_statement_forgets_its_gate(both, people, student):
    # what a plan would be without any predicate of ours
    prepared = PREPARED.prepared(Operation(EVERYONE, {}, None))
    both.plans.trust(prepared)
    context = reading(student, None, CLOCK)
    run = begun(prepared, {}, context)
    assert run is not None
    plan = compiled(run)
    assert plan is not None
    (statement,) = plan.statements
    assert statement.sql is not None
    head, _, _ = statement.sql.partition(" SELECT concat(")
    told = f"{head} SELECT (SELECT string_agg(id::text, ',') FROM students) FROM sees"  # noqa: S608
    found = await both.lanes.texts([(told, [student.id])])
    assert found == [str(people.students[0].id).encode()]


async def test_an_array_set_by_hand_does_not_outlive_its_statement(both, people, student):
    every = "{" + ",".join(str(one.id) for one in people.students) + "}"
    _, seen = await both.lanes.texts(
        [
            ("SELECT set_config('nexus.sees', $1, true)", [every]),
            ("SELECT count(*) FROM students", []),
        ]
    )
    assert seen == 0
    assert (await both.compare(student, EVERYONE)).equal


ONE = """query Q($id: ID!, $after: String, $before: String, $first: Int, $last: Int,
  $order: TaskOrder!) { student(id: $id) { id tasks(
    orderBy: $order, first: $first, last: $last, after: $after, before: $before
  ) { totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges { cursor node { id priority } } nodes { id } } } }"""


@pytest.mark.parametrize("order", ["PRIORITY", "DUE_AT", "CREATED_AT"])
@pytest.mark.parametrize("backward", [False, True])
async def test_cursors_of_either_path_lead_through_the_other(both, people, admin, order, backward):
    size, place, end, more = (
        ("last", "before", "startCursor", "hasPreviousPage")
        if backward
        else ("first", "after", "endCursor", "hasNextPage")
    )
    given = {"id": str(people.students[0].id), "order": order, size: 7}
    pages = 0
    while True:
        found = await both.compare(admin, ONE, **given)
        assert found.equal
        info = orjson.loads(found.reference)["data"]["student"]["tasks"]["pageInfo"]
        pages += 1
        if not info[more]:
            break
        given[place] = info[end]
    assert pages >= 4


async def test_a_cursor_of_another_pupil_is_refused_by_both(both, people, admin):
    given = {"order": "DUE_AT", "first": 2}
    first, second = (str(one.id) for one in people.students[:2])
    found = await both.compare(admin, ONE, id=first, **given)
    cursor = orjson.loads(found.reference)["data"]["student"]["tasks"]["pageInfo"]["endCursor"]
    assert (await both.compare(admin, ONE, id=first, after=cursor, **given)).equal
    other = await both.compare(admin, ONE, id=second, after=cursor, **given)
    assert other.compiled is None
    assert b"another list" in other.reference
    nobody = "00000000-0000-7000-8000-000000000000"
    assert (await both.compare(admin, ONE, id=nobody, after=cursor, **given)).equal
