"""Answers that are kept: their tags, who may ask with them, and what ends them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx2
import pytest
from over_http import client_of
from starlette.applications import Starlette

from gateway.app import create_app
from gateway.settings import ROOT, Settings

pytestmark = pytest.mark.anyio

FILE = """query File($id: ID!) { student(id: $id) { id displayName
  dashboard { kpis { openTaskCount nextSessionAt } upcoming { id at } } } }"""
DASHBOARD = (ROOT / "schema" / "documents" / "Dashboard.graphql").read_text()
COMPLETE = 'mutation { completeTask(input: {id: "%s"}) { task { status } } }'
UNASSIGN = """mutation U($studentId: ID!, $personId: ID!) {
  unassignCoach(input: {studentId: $studentId, personId: $personId}) { errors { message } } }"""
COST = {"X-Nexus-Cost": "1"}


@pytest.fixture
async def own_app(
    gateway_settings: Settings, own_school: str, anyio_backend: str
) -> AsyncIterator[Starlette]:
    """A gateway over a school of the test's own."""
    async with gateway(gateway_settings, own_school) as made:
        yield made


@asynccontextmanager
async def gateway(settings: Settings, database: str) -> AsyncIterator[Starlette]:
    """A gateway that keeps what it can from the first question on."""
    told = {"database_url": database, "freshness": 60.0}
    made = create_app(settings.model_copy(update=told))
    async with made.router.lifespan_context(made):
        made.state.plans.compiled.at_once = True
        yield made


@pytest.fixture
async def pupil_id(own_app: Starlette, student) -> str:
    async with own_app.state.pool.acquire() as connection:
        await connection.see_as("nexus", "ADMIN")
        found = await connection.fetchval("SELECT id FROM students WHERE user_id = $1", student.id)
    return str(found)


def asked(id: str, document: str = FILE) -> dict[str, str]:
    return {"query": document, "variables": f'{{"id": "{id}", "studentId": "{id}"}}'}


@pytest.fixture
async def mine(own_app, student, token_of) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(own_app, Authorization=f"Bearer {token_of(student)}") as client:
        yield client


@pytest.fixture
async def other_process(
    gateway_settings, own_school, student, token_of, anyio_backend
) -> AsyncIterator[httpx2.AsyncClient]:
    """The same pupil at a gateway that shares the database and nothing else."""
    async with (
        gateway(gateway_settings, own_school) as made,
        client_of(made, Authorization=f"Bearer {token_of(student)}") as client,
    ):
        yield client


async def path_of(client: httpx2.AsyncClient, **params: str) -> tuple[str, int]:
    cost = (await client.get("/graphql", params=params, headers=COST)).json()["extensions"]["cost"]
    return cost["path"], cost["statements"]


async def test_an_answer_is_kept_and_its_tag_is_enough_to_know_it(mine, pupil_id) -> None:
    first = await mine.get("/graphql", params=asked(pupil_id))
    again = await mine.get("/graphql", params=asked(pupil_id))
    assert first.json()["data"]["student"]["id"] == pupil_id
    assert (again.headers["ETag"], again.content) == (first.headers["ETag"], first.content)
    assert again.headers["Cache-Control"] == "private, no-cache"
    known = await mine.get(
        "/graphql", params=asked(pupil_id), headers={"If-None-Match": first.headers["ETag"]}
    )
    assert (known.status_code, known.content) == (304, b"")
    assert known.headers["ETag"] == first.headers["ETag"]
    assert "Authorization" in known.headers["Vary"]
    assert await path_of(mine, **asked(pupil_id)) == ("versioned", 1)


async def test_the_dashboard_is_kept_too_for_as_long_as_it_counts_as_fresh(mine, pupil_id) -> None:
    first = await mine.get("/graphql", params=asked(pupil_id, DASHBOARD))
    again = await mine.get("/graphql", params=asked(pupil_id, DASHBOARD))
    assert first.json()["data"]["student"]["dashboard"]["tasks"]
    assert again.content == first.content


async def test_a_change_that_another_process_made_is_seen_by_the_next_question(
    mine, other_process, pupil_id
) -> None:
    before = await mine.get("/graphql", params=asked(pupil_id, DASHBOARD))
    task = before.json()["data"]["student"]["dashboard"]["tasks"][0]["id"]
    done = await other_process.post("/graphql", json={"query": COMPLETE % task})
    assert done.json()["data"]["completeTask"]["task"] == {"status": "DONE"}
    after = await mine.get(
        "/graphql",
        params=asked(pupil_id, DASHBOARD),
        headers={"If-None-Match": before.headers["ETag"]},
    )
    assert after.status_code == 200
    shown = after.json()["data"]["student"]["dashboard"]
    assert task not in [each["id"] for each in shown["tasks"]]


async def test_who_may_not_see_a_pupil_any_more_is_told_so_at_once(
    own_app, pupil_id, coach, admin, token_of
) -> None:
    async with (
        client_of(own_app, Authorization=f"Bearer {token_of(coach)}") as coaching,
        client_of(own_app, Authorization=f"Bearer {token_of(admin)}") as office,
    ):
        before = await coaching.get("/graphql", params=asked(pupil_id))
        assert before.json()["data"]["student"]["id"] == pupil_id
        told = {"studentId": pupil_id, "personId": coach.id}
        left = await office.post("/graphql", json={"query": UNASSIGN, "variables": told})
        assert left.json()["data"]["unassignCoach"] == {"errors": []}
        after = await coaching.get(
            "/graphql", params=asked(pupil_id), headers={"If-None-Match": before.headers["ETag"]}
        )
        assert (after.status_code, after.json()) == (200, {"data": {"student": None}})


async def test_the_same_bytes_have_another_tag_for_another_viewer(
    own_app, mine, pupil_id, coach, token_of
) -> None:
    own = await mine.get("/graphql", params=asked(pupil_id))
    async with client_of(own_app, Authorization=f"Bearer {token_of(coach)}") as coaching:
        theirs = await coaching.get("/graphql", params=asked(pupil_id))
        guessed = await coaching.get(
            "/graphql", params=asked(pupil_id), headers={"If-None-Match": own.headers["ETag"]}
        )
    assert theirs.content == own.content
    assert theirs.headers["ETag"] != own.headers["ETag"]
    assert guessed.status_code == 200


async def test_a_packed_answer_has_a_tag_of_its_own(mine, pupil_id) -> None:
    plain = await mine.get(
        "/graphql", params=asked(pupil_id, DASHBOARD), headers={"Accept-Encoding": "identity"}
    )
    packed = await mine.get(
        "/graphql", params=asked(pupil_id, DASHBOARD), headers={"Accept-Encoding": "gzip"}
    )
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert packed.content == plain.content


async def test_a_post_is_answered_from_what_is_kept_but_never_with_a_tag(mine, pupil_id) -> None:
    body = {"query": FILE, "variables": {"id": pupil_id}}
    await mine.post("/graphql", json=body)
    answer = await mine.post("/graphql", json=body, headers={**COST, "If-None-Match": "*"})
    assert answer.json()["extensions"]["cost"]["path"] == "versioned"
    assert answer.status_code == 200
    assert "ETag" not in answer.headers
    assert answer.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    "selection",
    [
        "favorites(first: 2) { nodes { id } }",
        "tasks(first: 2) { nodes { resource { id } } }",
        "reports(first: 1) { totalCount }",
        "progression { subject }",
    ],
)
async def test_what_no_journal_tells_of_is_not_kept(mine, pupil_id, selection: str) -> None:
    document = f"query Q($id: ID!) {{ student(id: $id) {{ id {selection} }} }}"
    for _ in range(2):
        answer = await mine.get("/graphql", params=asked(pupil_id, document))
        assert "errors" not in answer.json()
        assert "ETag" not in answer.headers
    path, _ = await path_of(mine, **asked(pupil_id, document))
    assert path in ("compiled", "reference")


async def test_an_admins_list_of_everyone_is_not_kept(own_app, admin, token_of) -> None:
    document = "{ viewer { students(first: 2) { nodes { id version } } } }"
    async with client_of(own_app, Authorization=f"Bearer {token_of(admin)}") as office:
        assert await path_of(office, query=document) == ("compiled", 1)


async def test_a_hundred_who_ask_the_same_at_once_are_answered_by_one_statement(
    mine, own_app, own_school, pupil_id
) -> None:
    await mine.get("/graphql", params=asked(pupil_id))  # so that all that is prepared is prepared
    writer = await asyncpg.connect(own_school)
    try:
        await writer.execute("UPDATE nexus_app.students SET version = version + 1")
        answers = await asyncio.gather(
            *(mine.get("/graphql", params=asked(pupil_id), headers=COST) for _ in range(100))
        )
    finally:
        await writer.close()
    assert len({each.json()["data"]["student"]["id"] for each in answers}) == 1
    statements = [each.json()["extensions"]["cost"]["statements"] for each in answers]
    assert (statements.count(1), statements.count(2)) == (99, 1)
