"""What graphql-cop probes for, against a gateway as it stands in production, by a pupil."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from graphql import get_introspection_query
from over_http import client_of

from gateway.app import create_app
from gateway.settings import Settings

pytestmark = pytest.mark.anyio

CIRCLE = "fields { type { " * 5 + "name" + " } }" * 5


@pytest.fixture
async def pupil(gateway_settings: Settings, student, token_of) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(gateway_settings.model_copy(update={"env": "production"}))
    token = f"Bearer {token_of(student)}"
    async with app.router.lifespan_context(app), client_of(app, Authorization=token) as client:
        yield client


REFUSED = {
    "alias overloading": "{" + " ".join(f"alias{i}: __typename" for i in range(101)) + "}",
    "field duplication": "{" + " __typename" * 500 + "}",
    "directive overloading": "{ __typename @aa@aa@aa@aa@aa@aa@aa@aa@aa@aa }",
    "circular introspection": f"{{ __schema {{ types {{ {CIRCLE} }} }} }}",
    "introspection": get_introspection_query(),
    "a type by its name": '{ __type(name: "Student") { fields { name } } }',
    "circular fragments": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
}


@pytest.mark.parametrize("attack", REFUSED)
async def test_an_attack_is_refused_with_one_error(pupil: httpx2.AsyncClient, attack: str) -> None:
    answer = (await pupil.post("/graphql", json={"query": REFUSED[attack]})).json()
    assert list(answer) == ["errors"]
    assert [error["extensions"]["code"] for error in answer["errors"]] == [
        "GRAPHQL_VALIDATION_FAILED"
    ]


async def test_a_batch_is_refused(pupil: httpx2.AsyncClient) -> None:
    answer = await pupil.post("/graphql", json=[{"query": "{ __typename }"}] * 10)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "query", ["{ viewe }", "{ viewer { studen } }", "{ viewer }", "{ viewer(a: 1) { id } }"]
)
async def test_no_field_is_suggested_or_confirmed(pupil: httpx2.AsyncClient, query: str) -> None:
    answer = (await pupil.post("/graphql", json={"query": query})).json()
    assert answer == {
        "errors": [
            {
                "message": "the document does not fit the schema",
                "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"},
            }
        ]
    }


async def test_no_value_is_suggested(pupil: httpx2.AsyncClient) -> None:
    query = "query ($s: Subject!) { programme(subject: $s, track: PREMIERE) { code } }"
    body = {"query": query, "variables": {"s": "MATH"}}
    answer = await pupil.post("/graphql", json=body)
    assert list(answer.json()) == ["errors"]
    assert "MATHS" not in answer.text
    assert "Did you mean" not in answer.text


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_nothing_is_changed_by_a_get(pupil: httpx2.AsyncClient, method: str) -> None:
    params = {"query": "mutation { __typename }"}
    answer = await pupil.request(method, "/graphql", params=params)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"],
)
async def test_no_form_is_read(pupil: httpx2.AsyncClient, content_type: str) -> None:
    """Nothing that a page could make a visitor's browser send without asking first."""
    headers = {"Content-Type": content_type}
    answer = await pupil.post("/graphql", content="query=%7B__typename%7D", headers=headers)
    assert answer.status_code == 415


async def test_no_page_is_shown(pupil: httpx2.AsyncClient) -> None:
    answer = await pupil.get("/graphql", headers={"Accept": "text/html"})
    assert "text/html" not in answer.headers["content-type"]
    assert answer.status_code == 400


@pytest.mark.parametrize("header", ["X-Apollo-Tracing", "Apollo-Tracing", "X-Debug"])
async def test_no_trace_is_told(pupil: httpx2.AsyncClient, header: str) -> None:
    body = {"query": "{ viewer { nothing } }"}
    answer = await pupil.post("/graphql", json=body, headers={header: "1"})
    for word in ("tracing", "exception", "Traceback", ".py", "debug"):
        assert word not in answer.text
