"""What stands beside the API: health, readiness, GraphiQL's page, the demo people."""

from collections.abc import AsyncIterator

import asyncpg
import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from over_http import client_of
from starlette.applications import Starlette

from gateway.app import create_app
from gateway.health import head
from gateway.ide import POLICY
from gateway.settings import Settings

pytestmark = pytest.mark.anyio

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
ME = "{ viewer { id } }"


async def test_the_process_says_that_it_lives(anonymous: httpx2.AsyncClient) -> None:
    answer = await anonymous.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_gateway_with_its_servers_is_ready(anonymous: httpx2.AsyncClient) -> None:
    answer = await anonymous.get("/ready")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ok", "database": "ok", "redis": "ok"},
    )


async def test_a_gateway_without_redis_is_not_ready_and_says_why(
    gateway_settings: Settings,
) -> None:
    alone = gateway_settings.model_copy(update={"redis_url": "redis://127.0.0.1:1"})
    app = create_app(alone)
    async with app.router.lifespan_context(app), client_of(app) as client:
        answer = await client.get("/ready")
    assert (answer.status_code, answer.json()) == (
        503,
        {"status": "unavailable", "database": "ok", "redis": "cannot be reached"},
    )


async def test_a_gateway_without_redis_still_answers_questions(
    gateway_settings: Settings, student, token_of
) -> None:
    app = create_app(gateway_settings.model_copy(update={"redis_url": "redis://127.0.0.1:1"}))
    token = f"Bearer {token_of(student)}"
    async with app.router.lifespan_context(app), client_of(app, Authorization=token) as client:
        answer = await client.post("/graphql", json={"query": ME})
    assert answer.json() == {"data": {"viewer": {"id": student.id}}}


async def test_a_database_at_another_migration_is_not_ready(
    gateway_settings: Settings, empty_database: str
) -> None:
    app = create_app(gateway_settings.model_copy(update={"database_url": empty_database}))
    owner = await asyncpg.connect(empty_database)
    await owner.execute("UPDATE nexus_app.alembic_version SET version_num = 'older'")
    await owner.close()
    async with app.router.lifespan_context(app), client_of(app) as client:
        answer = await client.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["database"] == f"is at migration older, not {head()}"


@pytest.mark.parametrize("path", ["/", "/graphqll", "/graphiql", "/.env", "/healthz"])
async def test_an_unknown_path_is_not_found(anonymous: httpx2.AsyncClient, path: str) -> None:
    assert (await anonymous.get(path)).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/graphiql/assets/../index.html",
        "/graphiql/assets/%2e%2e/%2e%2e/ide.py",
        "/graphiql/assets/..%2f..%2f..%2fide.py",
        "/graphiql/assets//etc/passwd",
        "/graphiql/assets/%00",
    ],
)
async def test_the_assets_are_no_way_to_other_files(
    anonymous: httpx2.AsyncClient, path: str
) -> None:
    assert (await anonymous.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/graphql", "/health", "/ready", "/nowhere"])
async def test_every_answer_has_a_request_id_of_its_own(
    anonymous: httpx2.AsyncClient, path: str
) -> None:
    ids = {(await anonymous.get(path)).headers["x-request-id"] for _ in range(2)}
    assert len(ids) == 2


async def test_a_request_id_that_the_client_gave_comes_back(anonymous: httpx2.AsyncClient) -> None:
    answer = await anonymous.get("/health", headers={"X-Request-Id": "front-end.42_a"})
    assert answer.headers["x-request-id"] == "front-end.42_a"


@pytest.mark.parametrize("given", ["", "a b", "a" * 101, "é", "a;b", '"', "<b>"])
async def test_a_request_id_that_could_do_harm_is_replaced(
    anonymous: httpx2.AsyncClient, given: str
) -> None:
    headers = {"X-Request-Id": given.encode("latin-1")}
    answer = await anonymous.get("/health", headers=headers)
    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 36


async def test_a_browser_is_shown_graphiql(anonymous: httpx2.AsyncClient) -> None:
    answer = await anonymous.get("/graphql", headers=BROWSER)
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["vary"] == "Accept"


async def test_the_page_may_load_nothing_from_elsewhere(anonymous: httpx2.AsyncClient) -> None:
    answer = await anonymous.get("/graphql", headers=BROWSER)
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "http" not in POLICY
    assert POLICY.startswith("default-src 'none';")


@pytest.mark.parametrize(
    "accept",
    ["*/*", "application/json", "application/json, text/html;q=0.9", "text/plain"],
)
async def test_a_program_is_not_shown_the_page(anonymous: httpx2.AsyncClient, accept: str) -> None:
    answer = await anonymous.get("/graphql", headers={"Accept": accept})
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (
        400,
        "BAD_REQUEST",
    )


async def test_a_link_with_a_query_is_answered_even_to_a_browser(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/graphql", params={"query": "{ __typename }"}, headers=BROWSER)
    assert answer.json() == {"data": {"__typename": "Query"}}


@pytest.fixture
async def at_home(gateway_settings: Settings) -> AsyncIterator[Starlette]:
    """A gateway whose secret is its own: one that a developer started."""
    app = create_app(gateway_settings.model_copy(update={"jwt_secret": None}))
    async with app.router.lifespan_context(app):
        yield app


HOME = "http://127.0.0.1:8000/graphiql/people"


async def test_in_development_the_demo_people_have_tokens_that_work(at_home, people) -> None:
    async with client_of(at_home) as client:
        found = (await client.get(HOME)).json()["people"]
        everyone = (people.students, people.parents, people.coaches, people.admins)
        assert len(found) == sum(map(len, everyone))
        for person in (found[0], found[-1]):
            headers = {"Authorization": f"Bearer {person['token']}"}
            answer = await client.post("/graphql", json={"query": ME}, headers=headers)
            assert answer.json() == {"data": {"viewer": {"id": person["id"]}}}


async def test_their_tokens_live_for_minutes(at_home, gateway_settings: Settings) -> None:
    async with client_of(at_home) as client:
        person = (await client.get(HOME)).json()["people"][0]
    secret = gateway_settings.model_copy(update={"jwt_secret": None}).signing_secret()
    claims = jwt.decode(person["token"], OctKey.import_key(secret), algorithms=["HS256"]).claims
    assert claims["exp"] - claims["iat"] == 15 * 60


async def test_a_page_that_borrows_our_address_is_given_no_token(at_home) -> None:
    async with client_of(at_home) as client:
        answer = await client.get(HOME, headers={"Host": "evil.example"})
    assert answer.status_code == 404


async def test_under_a_secret_of_others_nobody_is_given_a_token(
    anonymous: httpx2.AsyncClient,
) -> None:
    assert (await anonymous.get(HOME)).status_code == 404


async def test_pages_inside_pages_are_refused_before_they_are_read(
    http: httpx2.AsyncClient,
) -> None:
    tasks = "tasks(first: 100) { nodes { student { %s } } }"
    query = "{ viewer { student { %s } } }" % (tasks % (tasks % (tasks % "id")))
    answer = (await http.post("/graphql", json={"query": query})).json()
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["QUERY_TOO_COSTLY"]


@pytest.fixture
def production(gateway_settings: Settings) -> Settings:
    return gateway_settings.model_copy(update={"env": "production"})


async def test_in_production_nobody_is_given_a_token(production: Settings) -> None:
    app = create_app(production)
    async with app.router.lifespan_context(app), client_of(app) as client:
        answer = await client.get("/graphiql/people")
    assert (answer.status_code, answer.json()) == (404, {"error": "not found"})


async def test_in_production_the_schema_is_not_told(
    production: Settings, student, token_of
) -> None:
    app = create_app(production)
    token = f"Bearer {token_of(student)}"
    async with app.router.lifespan_context(app), client_of(app, Authorization=token) as client:
        answers = [
            (await client.post("/graphql", json={"query": query})).json()
            for query in ("{ __schema { types { name } } }", '{ __type(name: "Task") { name } }')
        ]
    assert [{error["extensions"]["code"] for error in answer["errors"]} for answer in answers] == [
        {"GRAPHQL_VALIDATION_FAILED"}
    ] * 2


async def test_a_database_that_is_gone_is_a_typed_error(
    gateway_settings: Settings, student, token_of
) -> None:
    """Its client learns that it may try again, and nothing of where the database lives."""
    app = create_app(gateway_settings)
    token = f"Bearer {token_of(student)}"
    async with app.router.lifespan_context(app), client_of(app, Authorization=token) as client:
        await app.state.pool.close()
        answer = await client.post(
            "/graphql", json={"query": "{ viewer { students { totalCount } } }"}
        )
    (error,) = answer.json()["errors"]
    assert error["message"] == "the database cannot be reached"
    assert error["extensions"] == {
        "code": "UNAVAILABLE",
        "requestId": answer.headers["x-request-id"],
    }
