"""Answers that are kept: their tags, who may ask with them, and what ends them."""

from collections.abc import AsyncIterator

import asyncpg
import httpx2
import pytest
from keeping import COST, FILE, keeping
from over_http import client_of
from starlette.applications import Starlette

from gateway.settings import ROOT, Settings
from loaders.rows import as_seen

pytestmark = pytest.mark.anyio

DASHBOARD = (ROOT / "schema" / "documents" / "Dashboard.graphql").read_text()
COMPLETE = 'mutation { completeTask(input: {id: "%s"}) { task { status } } }'
MARK = 'mutation { recordMark(input: {id: "%s", mark20: 13}) { errors { message } } }'
REVOKE = """mutation R($studentId: ID!, $personId: ID!) {
  done: %s(input: {studentId: $studentId, personId: $personId}) { errors { message } } }"""


@pytest.fixture
async def own_app(
    gateway_settings: Settings, own_school: str, anyio_backend: str
) -> AsyncIterator[Starlette]:
    """A gateway over a school of the test's own."""
    async with keeping(gateway_settings, database_url=own_school) as made:
        yield made


@pytest.fixture
async def pupil_id(own_app: Starlette, student) -> str:
    async with own_app.state.pool.acquire() as connection:
        mine = as_seen("SELECT id FROM students WHERE user_id = $1", 1)
        found = await connection.fetchval(mine, student.id, "nexus", "ADMIN")
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
        keeping(gateway_settings, database_url=own_school) as made,
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


@pytest.mark.parametrize(
    ("link", "mutation"), [("coach", "unassignCoach"), ("parent", "unlinkGuardian")]
)
async def test_who_may_not_see_a_pupil_any_more_is_told_so_at_once(
    own_app, pupil_id, admin, token_of, request, link: str, mutation: str
) -> None:
    person = request.getfixturevalue(link)
    async with (
        client_of(own_app, Authorization=f"Bearer {token_of(person)}") as theirs,
        client_of(own_app, Authorization=f"Bearer {token_of(admin)}") as office,
    ):
        before = await theirs.get("/graphql", params=asked(pupil_id))
        assert before.json()["data"]["student"]["id"] == pupil_id
        told = {"studentId": pupil_id, "personId": person.id}
        left = await office.post("/graphql", json={"query": REVOKE % mutation, "variables": told})
        assert left.json()["data"]["done"] == {"errors": []}
        after = await theirs.get(
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


async def test_the_same_answer_of_another_media_type_has_a_tag_of_its_own(mine, pupil_id) -> None:
    tags = set()
    for accept in ("application/json", "application/graphql-response+json"):
        answer = await mine.get("/graphql", params=asked(pupil_id), headers={"Accept": accept})
        tags.add(answer.headers["ETag"])
    assert len(tags) == 2


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
        "knowledgeGraph(subject: MATHS) { nodes { code score } }",
        "epreuvePlan { projection { mean20 } }",
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


async def test_a_mark_that_is_recorded_is_in_the_plan_that_was_kept(
    own_app, mine, pupil_id, admin, token_of
) -> None:
    plan = """query Q($id: ID!) { student(id: $id) { epreuvePlan { syncedAt totalWeight
      items { id code mark20 } } } }"""
    before = await mine.get("/graphql", params=asked(pupil_id, plan))
    assert "ETag" in before.headers
    item = before.json()["data"]["student"]["epreuvePlan"]["items"][0]["id"]
    marked = MARK % item
    async with client_of(own_app, Authorization=f"Bearer {token_of(admin)}") as office:
        told = await office.post("/graphql", json={"query": marked})
    assert told.json()["data"]["recordMark"] == {"errors": []}
    after = await mine.get("/graphql", params=asked(pupil_id, plan))
    shown = after.json()["data"]["student"]["epreuvePlan"]["items"]
    assert [each["mark20"] for each in shown if each["id"] == item] == [13.0]


async def test_head_tells_the_tag_of_what_get_would_send(mine, pupil_id) -> None:
    got = await mine.get("/graphql", params=asked(pupil_id))
    headed = await mine.head("/graphql", params=asked(pupil_id))
    assert headed.status_code == 200
    assert headed.headers["ETag"] == got.headers["ETag"]
    known = await mine.head(
        "/graphql", params=asked(pupil_id), headers={"If-None-Match": got.headers["ETag"]}
    )
    assert known.status_code == 304


async def test_an_answer_with_errors_is_made_anew_each_time(mine, pupil_id) -> None:
    wrong = """query Q($id: ID!) { student(id: $id) { id
      tasks(first: 2, after: "?") { nodes { id } } } }"""
    for _ in range(3):
        answer = await mine.get("/graphql", params=asked(pupil_id, wrong))
        assert answer.json()["errors"]
        assert "ETag" not in answer.headers


async def test_a_number_that_is_given_again_is_no_version_that_was_kept(
    mine, pupil_id, own_school: str
) -> None:
    await mine.get("/graphql", params=asked(pupil_id))
    # as after a restore: other rows under the number that they had before
    owner = await asyncpg.connect(own_school)
    await owner.execute(
        "UPDATE nexus_app.students SET display_name = 'Revenue', updated_at = now()"
        " WHERE id = $1::text::uuid",
        pupil_id,
    )
    await owner.close()
    after = await mine.get("/graphql", params=asked(pupil_id))
    assert after.json()["data"]["student"]["displayName"] == "Revenue"
