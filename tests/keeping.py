"""Gateways that keep what they can from the first question on, and what they say of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from over_http import client_of
from starlette.applications import Starlette

from gateway.app import create_app
from gateway.settings import Settings
from gateway.versioned import VersionedAnswers

COST = {"X-Nexus-Cost": "1"}
FILE = """query File($id: ID!) { student(id: $id) { id displayName
  dashboard { kpis { openTaskCount nextSessionAt } upcoming { id at } } } }"""


@asynccontextmanager
async def keeping(settings: Settings, **changed: Any) -> AsyncIterator[Starlette]:
    made = create_app(settings.model_copy(update={"freshness": 60.0, **changed}))
    async with made.router.lifespan_context(made):
        if isinstance(made.state.plans, VersionedAnswers):
            made.state.plans.compiled.at_once = True
        yield made


def bearing(app: Starlette, token: str) -> httpx2.AsyncClient:
    return client_of(app, Authorization=f"Bearer {token}")


async def path_of(client: httpx2.AsyncClient, **body: Any) -> tuple[str, int]:
    """By which path a question is answered, and by how many statements."""
    told = (await client.post("/graphql", json=body, headers=COST)).json()
    assert "errors" not in told, told
    cost = told["extensions"]["cost"]
    return cost["path"], cost["statements"]
