"""Attempts at running what is not trusted: over each transport, as whoever may run nothing else."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import httpx2
import pytest
from bypassing import ATTEMPTS, ID, STRANGE, STRANGE_ID, UNKNOWN, Attempt, hashed
from over_http import client_of

from gateway.app import create_app
from gateway.settings import Settings
from gateway.trusted.registry import OURS

pytestmark = pytest.mark.anyio

# settings, the token's client application; None is nobody
ASKERS: dict[str, tuple[dict[str, Any], str | None]] = {
    "only": ({"documents": "only"}, "dashboard"),
    "without a client": ({"documents": "only"}, ""),
    "only for this one": ({"documents": "open,dashboard=only"}, "dashboard"),
    "the parent app": ({"documents": "open"}, "parent-app"),
    "the parent app in log": ({"documents": "log"}, "parent-app"),
    "production": ({"documents": "only", "env": "production"}, "dashboard"),
    "nobody": ({"documents": "only"}, None),
    "nobody in production": ({"documents": "only", "env": "production"}, None),
}


@dataclass(frozen=True)
class Asker:
    client: httpx2.AsyncClient
    anonymous: bool


@pytest.fixture(scope="module", params=ASKERS)
async def asker(
    request: pytest.FixtureRequest, gateway_settings: Settings, student, token_of, anyio_backend
) -> AsyncIterator[Asker]:
    changed, client = ASKERS[request.param]
    app = create_app(gateway_settings.model_copy(update={"batch": 5, **changed}))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        free = await stack.enter_async_context(
            client_of(app, Authorization=f"Bearer {token_of(student)}")
        )
        if changed["documents"] != "only":  # another client registers a document
            registration = {"query": STRANGE, "extensions": hashed(STRANGE_ID)}
            assert "data" in (await free.post("/graphql", json=registration)).json()
        if client is None:
            yield Asker(await stack.enter_async_context(client_of(app)), anonymous=True)
        else:
            token = token_of(student, **({"client": client} if client else {}))
            mine = await stack.enter_async_context(client_of(app, Authorization=f"Bearer {token}"))
            yield Asker(mine, anonymous=False)


async def send(client: httpx2.AsyncClient, attempt: Attempt, by: str) -> httpx2.Response:
    if by == "GET":
        params = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in attempt.sent.items()
        }
        return await client.get(attempt.path, params=params, headers={"X-Nexus": "1"})
    body: Any = attempt.sent
    if by == "batch":
        body = [{"documentId": ID, "variables": {"studentId": UNKNOWN[:8]}}, attempt.sent]
        if attempt.path != "/graphql":
            body = [attempt.sent, attempt.sent]
    return await client.post(attempt.path, json=body)


def codes(answer: Any) -> list[str]:
    """The codes of an answer, or of the last of a batch."""
    found = answer[-1] if isinstance(answer, list) else answer
    return [error["extensions"]["code"] for error in found["errors"]]


@pytest.mark.parametrize("name", ATTEMPTS)
async def test_only_what_is_listed_runs(asker: Asker, name: str) -> None:
    attempt = ATTEMPTS[name]
    allowed = {*attempt.codes, *(("UNAUTHENTICATED",) if asker.anonymous else ())}
    for by in attempt.by:
        answer = await send(asker.client, attempt, by)
        assert answer.status_code < 500
        told = answer.json()
        last = told[-1] if isinstance(told, list) else told
        assert "data" not in last, by
        assert set(codes(told)) <= allowed, by


async def test_who_has_no_token_cannot_tell_what_is_trusted(asker: Asker) -> None:
    known = await asker.client.post("/graphql", json={"documentId": ID})
    unknown = await asker.client.post("/graphql", json={"documentId": UNKNOWN})
    if asker.anonymous:
        assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())
        assert known.status_code == 401
    else:
        assert known.json() != unknown.json()


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/graphql", {"documentId": ID}),
        ("/graphql", {"documentId": f"sha256:{ID}"}),
        ("/graphql", {"extensions": hashed(ID)}),
        (f"/graphql/{ID}", {}),
        (f"/graphql/sha256:{ID}", {}),
    ],
)
async def test_what_is_listed_runs_by_every_way(
    asker: Asker, people, path: str, sent: dict[str, Any]
) -> None:
    if asker.anonymous:
        return
    pupil = people.students[0]
    attempt = Attempt({**sent, "variables": {"studentId": str(pupil.id)}}, path=path)
    for by in attempt.by:
        answer = await send(asker.client, attempt, by)
        told = answer.json()
        last = told[-1] if isinstance(told, list) else told
        assert answer.status_code == 200
        assert last["data"]["student"]["displayName"] == pupil.name


async def test_a_trusted_document_gives_no_more_than_a_page(asker: Asker) -> None:
    if asker.anonymous:
        return
    pupils = sha256((OURS / "CoachPupils.graphql").read_bytes()).hexdigest()
    sent = {"documentId": pupils, "variables": {"first": 2_147_483_647}}
    told = (await asker.client.post("/graphql", json=sent)).json()
    assert not told.get("data")
    assert {error["extensions"]["code"] for error in told["errors"]} == {"BAD_USER_INPUT"}
