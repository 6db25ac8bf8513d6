"""Several requests in one body: only where it is switched on, bounded, in order, on one budget."""

from collections.abc import AsyncIterator

import asyncpg
import httpx2
import pytest
from over_http import client_of

from gateway.app import create_app
from gateway.settings import Settings

pytestmark = pytest.mark.anyio

ME = {"query": "{ viewer { role } }"}
CREATE = (
    "mutation ($id: ID!, $label: String!)"
    " { createTask(input: {studentId: $id, label: $label}) { task { label } } }"
)


@pytest.fixture
async def batching(
    gateway_settings: Settings, own_school: str, student, token_of
) -> AsyncIterator[httpx2.AsyncClient]:
    settings = gateway_settings.model_copy(update={"batch": 3, "database_url": own_school})
    app = create_app(settings)
    token = f"Bearer {token_of(student)}"
    async with app.router.lifespan_context(app), client_of(app, Authorization=token) as client:
        yield client


async def test_a_batch_is_refused_where_it_is_not_switched_on(http: httpx2.AsyncClient) -> None:
    assert (await http.post("/graphql", json=[ME])).status_code == 400


async def test_each_has_its_answer_in_order(batching: httpx2.AsyncClient) -> None:
    answer = await batching.post("/graphql", json=[ME, {"query": "{ nothing }"}, ME])
    first, second, third = answer.json()
    assert answer.status_code == 200
    assert first == third == {"data": {"viewer": {"role": "STUDENT"}}}
    assert second["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize("batch", [[], [ME] * 4, [ME, 1], [[ME]]])
async def test_what_is_no_batch_is_refused_whole(batching: httpx2.AsyncClient, batch) -> None:
    assert (await batching.post("/graphql", json=batch)).status_code == 400


async def test_one_budget_serves_all(batching: httpx2.AsyncClient) -> None:
    tasks = "tasks(first: 100) { nodes { student { tasks(first: 70) { nodes { id } } } } }"
    dear = {"query": f"{{ viewer {{ student {{ {tasks} }} }} }}"}
    answer = await batching.post("/graphql", json=[dear, dear, dear])
    refused = [
        [error["extensions"]["code"] for error in each.get("errors", [])] for each in answer.json()
    ]
    assert refused == [[], [], ["QUERY_TOO_COSTLY"]]


async def test_equal_changes_under_one_key_are_different_requests(
    batching: httpx2.AsyncClient, own_school: str, people
) -> None:
    """And the same ones when the batch is sent again."""
    pupil = str(people.students[0].id)
    changes = [
        {"query": CREATE, "variables": {"id": pupil, "label": label}} for label in ("un", "deux")
    ]
    for _ in range(2):
        answer = await batching.post("/graphql", json=changes, headers={"Idempotency-Key": "k"})
        assert [each["data"]["createTask"]["task"]["label"] for each in answer.json()] == [
            "un",
            "deux",
        ]
    owner = await asyncpg.connect(own_school)
    made = await owner.fetchval(
        "SELECT count(*) FROM nexus_app.tasks WHERE label IN ('un', 'deux')"
    )
    await owner.close()
    assert made == 2


@pytest.mark.parametrize("accept", ["text/event-stream", "text/html"])
async def test_a_batch_in_a_form_that_there_is_none_of_is_refused_whole(
    batching: httpx2.AsyncClient, accept: str
) -> None:
    answer = await batching.post("/graphql", json=[ME], headers={"Accept": accept})
    assert answer.status_code == 406
