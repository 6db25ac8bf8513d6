"""Attempts at running what is not trusted: over each transport, as whoever may run nothing else."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import httpx2
import pytest
from over_http import client_of

from gateway.app import create_app
from gateway.settings import Settings
from gateway.trusted.registry import OURS

pytestmark = pytest.mark.anyio

TEXT = (OURS / "Dashboard.graphql").read_text()
ID = sha256(TEXT.encode()).hexdigest()
STRANGE = "query Strange { viewer { id role } }"
STRANGE_ID = sha256(STRANGE.encode()).hexdigest()
UNKNOWN = "0" * 64


def hashed(id: Any, **changed: Any) -> dict[str, Any]:
    """An id as Apollo's extension carries it."""
    return {"persistedQuery": {"version": 1, "sha256Hash": id, **changed}}


@dataclass(frozen=True)
class Attempt:
    """What is sent; `codes` are those one of which it is refused with."""

    sent: dict[str, Any]
    codes: tuple[str, ...] = ("DOCUMENT_NOT_TRUSTED",)
    path: str = "/graphql"
    by: tuple[str, ...] = field(default=("POST", "GET", "batch"))


BAD = ("BAD_REQUEST",)
ATTEMPTS = {
    "an untrusted text": Attempt({"query": STRANGE}),
    "the very text of a trusted document": Attempt({"query": TEXT}),
    "that text without its comment": Attempt({"query": TEXT.split("\n", 1)[1]}),
    "the schema": Attempt({"query": "{ __schema { types { name } } }"}),
    "a type's name": Attempt({"query": "{ __typename }"}),
    "no text": Attempt({"query": ""}),
    "a change": Attempt({"query": "mutation M { createTask(input: {}) { events { id } } }"}),
    "a text beside a trusted id": Attempt({"query": STRANGE, "documentId": ID}, BAD),
    "an empty text beside a trusted id": Attempt({"query": "", "documentId": ID}, BAD),
    "a text beside its own trusted id": Attempt({"query": TEXT, "documentId": ID}, BAD),
    "a text beside a trusted hash": Attempt({"query": STRANGE, "extensions": hashed(ID)}, BAD),
    "a registration": Attempt({"query": STRANGE, "extensions": hashed(STRANGE_ID)}, BAD),
    "a registration of the trusted": Attempt({"query": TEXT, "extensions": hashed(ID)}, BAD),
    "what somebody registered": Attempt({"extensions": hashed(STRANGE_ID)}),
    "what somebody registered, by id": Attempt({"documentId": STRANGE_ID}),
    "what somebody registered, by path": Attempt({}, path=f"/graphql/{STRANGE_ID}"),
    "an unknown id": Attempt({"documentId": UNKNOWN}),
    "an unknown hash": Attempt({"extensions": hashed(UNKNOWN)}),
    "an unknown path": Attempt({}, path=f"/graphql/{UNKNOWN}"),
    "no id": Attempt({"documentId": ""}),
    "the id in capitals": Attempt({"documentId": ID.upper()}),
    "the hash in capitals": Attempt({"extensions": hashed(ID.upper())}),
    "the path in capitals": Attempt({}, path=f"/graphql/{ID.upper()}"),
    "the id after a space": Attempt({"documentId": f" {ID}"}),
    "the id before a line's end": Attempt({"documentId": f"{ID}\n"}),
    "the hash before a NUL": Attempt({"extensions": hashed(f"{ID}\x00")}),
    "the path before a space": Attempt({}, path=f"/graphql/{ID}%20"),
    "a part of the id": Attempt({"documentId": ID[:-1]}),
    "the prefix in capitals": Attempt({"documentId": f"SHA256:{ID}"}),
    "another prefix": Attempt({"documentId": f"md5:{ID}"}),
    "the document's name": Attempt({"documentId": "Dashboard"}),
    "the document's file": Attempt({}, path="/graphql/Dashboard.graphql"),
    "two ids": Attempt({"documentId": ID, "extensions": hashed(UNKNOWN)}, BAD),
    "two ids, one in the path": Attempt({"documentId": ID}, BAD, path=f"/graphql/{UNKNOWN}"),
    "a text at a path": Attempt({"query": STRANGE}, BAD, path=f"/graphql/{ID}"),
    "a list of ids": Attempt({"documentId": [ID]}, BAD, by=("POST", "batch")),
    "a list of hashes": Attempt({"extensions": hashed([ID])}, BAD),
    "another version": Attempt({"extensions": hashed(ID, version=2)}, BAD),
    "a version that is true": Attempt({"extensions": hashed(ID, version=True)}, BAD),
    "an extension that is none": Attempt({"extensions": {"persistedQuery": ID}}, BAD),
    "an id where none is looked for": Attempt({"id": ID, "doc_id": ID}, BAD),
    "an operation that the document has not": Attempt(
        {"documentId": ID, "operationName": "Strange"}, ("OPERATION_RESOLUTION_FAILURE",)
    ),
    "the schema as an operation's name": Attempt(
        {"documentId": ID, "operationName": "__schema"}, ("OPERATION_RESOLUTION_FAILURE",)
    ),
}

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
