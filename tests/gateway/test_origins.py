"""Whose pages may call: preflights, and what a foreign page could send without one."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from over_http import client_of

from gateway.app import create_app
from gateway.requests import ALLOWED
from gateway.settings import Settings

pytestmark = pytest.mark.anyio

OURS, THEIRS = "https://nexus.example", "https://evil.example"
ME = {"query": "{ viewer { role } }"}


@pytest.fixture
async def page(gateway_settings: Settings, student, token_of) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a gateway that one origin may call."""
    app = create_app(gateway_settings.model_copy(update={"origins": (OURS,)}))
    token = f"Bearer {token_of(student)}"
    async with app.router.lifespan_context(app), client_of(app, Authorization=token) as client:
        yield client


def preflight(origin: str, method: str = "POST") -> dict[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }


async def test_a_page_of_ours_is_let_through_its_preflight(page: httpx2.AsyncClient) -> None:
    answer = await page.options("/graphql", headers=preflight(OURS))
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == OURS
    assert "authorization" in answer.headers["access-control-allow-headers"]
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_a_page_of_ours_may_use_what_is_allowed(
    page: httpx2.AsyncClient, method: str
) -> None:
    answer = await page.options("/graphql", headers=preflight(OURS, method))
    assert answer.status_code == 200


@pytest.mark.parametrize("origin", [THEIRS, "null", f"{OURS}.evil.example", "http://nexus.example"])
async def test_a_foreign_page_is_not(page: httpx2.AsyncClient, origin: str) -> None:
    answer = await page.options("/graphql", headers=preflight(origin))
    assert answer.status_code == 400
    assert "access-control-allow-origin" not in answer.headers


async def test_a_page_of_ours_may_read_its_answer(page: httpx2.AsyncClient) -> None:
    answer = await page.post("/graphql", json=ME, headers={"Origin": OURS})
    assert answer.json() == {"data": {"viewer": {"role": "STUDENT"}}}
    assert answer.headers["access-control-allow-origin"] == OURS
    assert "X-Request-Id" in answer.headers["access-control-expose-headers"]
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": THEIRS},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_a_foreign_page_sends_is_refused_before_it_is_read(
    page: httpx2.AsyncClient, method: str, headers: dict[str, str]
) -> None:
    answer = await page.request(
        method, "/graphql", params={"query": "{"}, content=b"{", headers=headers
    )
    assert answer.status_code == 403
    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == [
        "FORBIDDEN_ORIGIN"
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://nexus.test"},
        {"Origin": "https://nexus.test"},  # a proxy has taken the TLS off
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": OURS, "Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_programs_and_our_own_pages_are_answered(
    page: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await page.get("/graphql", params=ME, headers=headers)
    assert answer.status_code == 200


async def test_what_may_be_done_is_told_without_a_preflight(page: httpx2.AsyncClient) -> None:
    answer = await page.options("/graphql")
    assert (answer.status_code, answer.headers["allow"]) == (204, ALLOWED)
