"""Fixtures: the real application over the demo school, and clients that carry a token."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from gateway.app import create_app
from gateway.embedded import Servers
from gateway.settings import Settings
from gateway.tokens import mint
from services.access import Viewer

SECRET = "a secret of the tests, long enough for HS256"
AS_JSON = {"Accept": "application/json"}
TOKEN_LIFE = timedelta(hours=2)  # clients live as long as the run does, on a slow machine too


@pytest.fixture(scope="session")
def gateway_settings(
    servers: Servers, school: str, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    return Settings(
        home=tmp_path_factory.mktemp("gateway"),
        database_url=school,
        redis_url=servers.redis_url,
        jwt_secret=SECRET,
    )


def client_of(app: Starlette, **headers: str) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app)
    return httpx2.AsyncClient(transport=transport, base_url="http://nexus.test", headers=headers)


@pytest.fixture(scope="session")
async def app(gateway_settings: Settings, anyio_backend: str) -> AsyncIterator[Starlette]:
    made = create_app(gateway_settings)
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture(scope="session")
async def anonymous(app: Starlette) -> AsyncIterator[httpx2.AsyncClient]:
    """A client without a token."""
    async with client_of(app) as client:
        yield client


@pytest.fixture(scope="session")
def token_of() -> Callable[..., str]:
    """A good token of a viewer."""

    def minted(viewer: Viewer, **changed: Any) -> str:
        given = {"sub": viewer.id, "role": viewer.role, "name": viewer.display_name}
        return mint(SECRET, **{**given, "ttl": TOKEN_LIFE, **changed})

    return minted


@pytest.fixture(scope="session")
async def http(app: Starlette, student: Viewer, token_of) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the first pupil."""
    async with client_of(app, Authorization=f"Bearer {token_of(student)}") as client:
        yield client


@pytest.fixture(scope="session")
async def coach_http(app: Starlette, coach: Viewer, token_of) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a coach."""
    async with client_of(app, Authorization=f"Bearer {token_of(coach)}") as client:
        yield client
