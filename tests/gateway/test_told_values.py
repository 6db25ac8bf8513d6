"""What is told of values that do not fit: where they stand, little of what they are."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from over_http import client_of

from gateway.app import create_app
from gateway.settings import Settings

pytestmark = pytest.mark.anyio

NEW = "mutation ($i: CreateTaskInput!) { createTask(input: $i) { __typename } }"


@pytest.fixture(scope="module")
async def closed(
    gateway_settings: Settings, student, token_of, anyio_backend: str
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a gateway that keeps its schema to itself."""
    app = create_app(gateway_settings.model_copy(update={"introspection": False}))
    token = f"Bearer {token_of(student)}"
    async with app.router.lifespan_context(app), client_of(app, Authorization=token) as client:
        yield client


@pytest.mark.parametrize(
    ("input", "said"),
    [
        ({"zz": 1}, "Variable '$i' has invalid value: it does not fit its type"),
        ({"category": "X"}, "Variable '$i' has invalid value: it does not fit its type"),
        (
            {"studentId": "x", "label": 7},
            "Variable '$i' has invalid value at .label: it does not fit its type",
        ),
        (None, "Variable '$i' has invalid value: it does not fit its type"),
    ],
)
async def test_where_the_schema_is_closed_a_variable_does_not_teach_it(
    closed: httpx2.AsyncClient, input: Any, said: str
) -> None:
    body = {"query": NEW, "variables": {"i": input}}
    errors = (await closed.post("/graphql", json=body)).json()["errors"]
    assert errors[0]["message"] == said


async def test_an_error_repeats_no_more_than_the_beginning_of_a_value(
    http: httpx2.AsyncClient,
) -> None:
    query = "query ($d: DateTime) { viewer { student { agenda(from: $d) { totalCount } } } }"
    body = {"query": query, "variables": {"d": "a" * 900_000}}
    answer = await http.post("/graphql", json=body)
    assert answer.json()["errors"][0]["message"].endswith("…")
    assert len(answer.content) < 1_000
