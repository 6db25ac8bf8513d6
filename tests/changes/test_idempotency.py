"""A retry with its key: the first answer again and nothing written, however it is sent."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from changing import change, refusals
from changing_families import Crossing
from concurrent_writers import MEASURED
from conftest import CLOCK
from every_mutation import CASES, owner_of
from factories import insert
from over_http import SECRET, client_of
from own_tutoring import ADMIN, Desk
from reading import pick
from tutoring import coach
from untouched import contents, untouched

from gateway.app import create_app
from gateway.embedded import Servers
from gateway.settings import Settings
from models.vocabulary import Role
from services.access import Viewer
from services.idempotency import KEPT

pytestmark = pytest.mark.anyio

TASK = "task { id label status weight }"
USED = [("ConflictError", "idempotencyKey")]


async def create(desk: Desk, viewer: Viewer, key: str, **given: Any) -> dict[str, Any]:
    input = {"studentId": str(desk.pupil.id), "label": "Lire", **given}
    return await change(desk.school.gate, viewer, "createTask", TASK, idempotencyKey=key, **input)


async def complete(desk: Desk, id: str, **given: Any) -> dict[str, Any]:
    return await change(desk.school.gate, ADMIN, "completeTask", TASK, id=id, **given)


@pytest.mark.parametrize("place", CASES)
async def test_every_mutation_answers_a_retry_as_it_did_at_first(
    crossing: Crossing, place: str
) -> None:
    family = crossing.families.ours
    id = await crossing.rows.new(family, CASES[place][0])
    given = {**CASES[place][1](family, id), "idempotencyKey": f"key of {place}"}
    first = await crossing.send(owner_of(place, family), place, given)
    assert (first.refusals(), first.errors) == (set(), [])
    async with untouched(crossing.db):
        again = await crossing.send(owner_of(place, family), place, given)
    assert again == first


async def test_a_retry_answers_what_was_true_then(desk: Desk) -> None:
    id, version = await desk.task(), await desk.version()
    first = await complete(desk, id, idempotencyKey="then")
    await change(desk.school.gate, ADMIN, "reopenTask", id=id)
    await change(desk.school.gate, ADMIN, "updateTask", id=id, label="Autre chose", weight=5)
    async with untouched(desk.school.db):
        assert await complete(desk, id, idempotencyKey="then") == first
    await change(desk.school.gate, ADMIN, "deleteTask", id=id)
    gone = await complete(desk, id, idempotencyKey="then")
    assert (gone["task"], gone["errors"]) == (first["task"], [])
    assert pick(gone["events"], "seq") == pick(first["events"], "seq")
    assert (await desk.kinds(version))[0] == "TASK_COMPLETED"
    assert first["task"]["status"] == "DONE"


@pytest.mark.parametrize(
    "other", [{"label": "Relire"}, {"weight": 2.0}, {"dueAt": "2026-12-01T08:00:00Z"}]
)
async def test_a_key_serves_one_request(desk: Desk, other: dict[str, Any]) -> None:
    await create(desk, ADMIN, f"one request {other}")
    async with untouched(desk.school.db):
        refused = await create(desk, ADMIN, f"one request {other}", **other)
    assert (refused["task"], refusals(refused)) == (None, USED)


async def test_a_key_serves_one_mutation(desk: Desk) -> None:
    id = await desk.task()
    await complete(desk, id, idempotencyKey="one mutation")
    async with untouched(desk.school.db):
        refused = await change(
            desk.school.gate, ADMIN, "reopenTask", id=id, idempotencyKey="one mutation"
        )
    assert refusals(refused) == USED


async def test_of_twenty_first_uses_at_once_one_writes(desk: Desk) -> None:
    version = await desk.version()
    answers = await asyncio.gather(*(create(desk, ADMIN, "twenty") for _ in range(20)))
    assert answers == [answers[0]] * 20
    assert answers[0]["errors"] == []
    assert await desk.kinds(version) == ["TASK_CREATED"]


async def test_of_twenty_different_requests_with_one_key_one_is_carried_out(desk: Desk) -> None:
    version = await desk.version()
    answers = await asyncio.gather(
        *(create(desk, ADMIN, "all different", label=f"Lire {n}") for n in range(20))
    )
    assert sorted(map(refusals, answers)) == [[], *[USED] * 19]
    assert await desk.kinds(version) == ["TASK_CREATED"]


async def test_each_has_its_own_keys(desk: Desk) -> None:
    viewers = [desk.viewer(role) for role in (Role.STUDENT, Role.COACH, Role.ADMIN)]
    answers = [await create(desk, viewer, "shared") for viewer in viewers]
    assert [answer["errors"] for answer in answers] == [[]] * 3
    assert len({answer["task"]["id"] for answer in answers}) == 3


async def test_a_refused_use_leaves_the_key_free(desk: Desk) -> None:
    id = await desk.task("Done")
    async with untouched(desk.school.db):
        refused = await complete(desk, id, idempotencyKey="refused")
    assert refusals(refused) == [("InvalidTransitionError", "id")]
    await change(desk.school.gate, ADMIN, "reopenTask", id=id)
    done = await complete(desk, id, idempotencyKey="refused")
    assert (done["errors"], done["task"]["status"]) == ([], "DONE")


async def test_when_the_first_of_many_is_refused_the_others_are_not_its_echo(desk: Desk) -> None:
    """Each waits for the key, finds it free, and is refused for a reason of its own."""
    id = await desk.task("Done")
    async with untouched(desk.school.db):
        answers = await asyncio.gather(
            *(complete(desk, id, idempotencyKey="all refused") for _ in range(10))
        )
    assert list(map(refusals, answers)) == [[("InvalidTransitionError", "id")]] * 10


async def test_a_key_is_kept_for_a_day(desk: Desk) -> None:
    async def at(clock: Any) -> str:
        input = {"studentId": str(desk.pupil.id), "label": "Lire", "idempotencyKey": "a day"}
        document = "mutation ($i: CreateTaskInput!) { createTask(input: $i) { task { id } } }"
        answer = await desk.ask(ADMIN, document, clock=clock, i=input)
        assert answer.data is not None
        id: str = answer.data["createTask"]["task"]["id"]
        return id

    assert timedelta(hours=24) == KEPT
    first = await at(CLOCK)
    assert await at(CLOCK + KEPT) == first
    second = await at(CLOCK + KEPT + timedelta(microseconds=1))
    assert second != first
    assert await at(CLOCK + 2 * KEPT) == second


async def test_a_key_that_has_run_out_is_taken_once_by_many(desk: Desk) -> None:
    await create(desk, ADMIN, "run out")
    version, later = await desk.version(), CLOCK + KEPT + timedelta(seconds=1)
    document = (
        "mutation ($input: CreateTaskInput!) { done: createTask(input: $input)"
        " { task { id } errors { __typename } } }"
    )
    given = {"studentId": str(desk.pupil.id), "label": "Lire", "idempotencyKey": "run out"}
    answers = await asyncio.gather(
        *(desk.ask(ADMIN, document, clock=later, input=given) for _ in range(10))
    )
    assert [answer.data for answer in answers] == [answers[0].data] * 10
    assert await desk.kinds(version) == ["TASK_CREATED"]


@pytest.mark.parametrize("key", ["", "k" * 201])
async def test_a_key_has_a_length_one_can_keep(desk: Desk, key: str) -> None:
    async with untouched(desk.school.db):
        refused = await create(desk, ADMIN, key)
    assert refusals(refused) == [("ValidationError", "idempotencyKey")]


# --- as a header


@pytest.fixture
async def client(
    desk: Desk, servers: Servers, tmp_path, token_of
) -> AsyncIterator[httpx2.AsyncClient]:
    """The pupil over HTTP."""
    app = create_app(
        Settings(
            home=tmp_path,
            database_url=desk.at,
            redis_url=servers.redis_url,
            jwt_secret=SECRET,
        )
    )
    token = f"Bearer {token_of(desk.pupil.viewer)}"
    async with app.router.lifespan_context(app), client_of(app, Authorization=token) as opened:
        yield opened


TWO = """
mutation ($a: ID!, $b: ID!) {
  a: completeTask(input: {id: $a}) { task { id status } events { id } errors { __typename path } }
  b: completeTask(input: {id: $b}) { task { id status } events { id } errors { __typename path } }
}
"""


async def test_a_header_is_a_key_for_each_root_of_the_document(
    desk: Desk, client: httpx2.AsyncClient
) -> None:
    ids = {"a": await desk.task(), "b": await desk.task()}
    sent = {"query": TWO, "variables": ids}
    first = await client.post("/graphql", json=sent, headers={"Idempotency-Key": "header"})
    done = first.json()["data"]
    assert [done[root]["errors"] for root in "ab"] == [[], []]
    before = await contents(desk.school.db)
    again = await client.post("/graphql", json=sent, headers={"Idempotency-Key": "header"})
    assert again.content == first.content
    swapped = {"query": TWO, "variables": {"a": ids["b"], "b": ids["a"]}}
    other = await client.post("/graphql", json=swapped, headers={"Idempotency-Key": "header"})
    used = {"__typename": "ConflictError", "path": ["idempotencyKey"]}
    assert [other.json()["data"][root]["errors"] for root in "ab"] == [[used], [used]]
    assert await contents(desk.school.db) == before


async def test_a_key_of_the_input_stands_before_the_header(
    desk: Desk, client: httpx2.AsyncClient
) -> None:
    query = (
        "mutation ($input: CreateTaskInput!) { done: createTask(input: $input)"
        " { task { id } errors { __typename } } }"
    )
    given = {"studentId": str(desk.pupil.id), "label": "Lire", "idempotencyKey": "of the input"}
    sent = {"query": query, "variables": {"input": given}}
    answers = [
        await client.post("/graphql", json=sent, headers={"Idempotency-Key": header})
        for header in ("one", "two")
    ]
    assert answers[0].json()["data"]["done"]["errors"] == []
    assert answers[1].content == answers[0].content


@pytest.mark.parametrize("name", ["completeTask", "bulkTasks", "recordProgress"])
async def test_who_sees_the_pupil_no_more_is_shown_nothing_again(desk: Desk, name: str) -> None:
    former = coach(f"former {name}")
    link = {"student_id": desk.pupil.id, "person_id": former.id}
    await insert(desk.school.db, "coachings", **link)
    pupil, measure = {"studentId": str(desk.pupil.id)}, {**MEASURED, "score": 0.5}
    shown, given = {
        "completeTask": (TASK, {"id": await desk.task()}),
        "bulkTasks": (
            "results { task { label } }",
            {"operations": [{"create": {**pupil, "label": "Lire"}}]},
        ),
        "recordProgress": (
            "progress { score }",
            {**pupil, "subject": "MATHS", "evidence": [measure]},
        ),
    }[name]
    given = {**given, "idempotencyKey": "former"}
    first = await change(desk.school.gate, former, name, shown, **given)
    assert (first["errors"], len(first["events"])) == ([], 1)
    unlinked = {**pupil, "personId": former.id}
    await change(desk.school.gate, ADMIN, "unassignCoach", **unlinked)
    async with untouched(desk.school.db):
        again = await change(desk.school.gate, former, name, shown, **given)
    nothing = {"task": None, "results": [{"task": None}], "progress": []}
    field = shown.split()[0]
    assert again == {field: nothing[field], "events": [], "errors": []}
