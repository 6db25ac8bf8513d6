"""The same attempts on sockets and event streams: there, too, only what is listed runs."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from bypassing import ATTEMPTS, ID, STRANGE, Attempt, hashed
from served import Served, serving
from talking import talking

from gateway.settings import Settings
from gateway.trusted.registry import OURS
from gateway.trusted.texts import digest

pytestmark = pytest.mark.anyio

FOLLOWED = digest((OURS / "DashboardLive.graphql").read_text())
WATCH = "subscription Watch { cohortUpdates { event { seq } } }"
BY_BODY = {name: each for name, each in ATTEMPTS.items() if each.path == "/graphql"}
ALL = {
    **BY_BODY,
    "an untrusted subscription": Attempt({"query": WATCH}),
    "a subscription beside a trusted id": Attempt(
        {"query": WATCH, "documentId": FOLLOWED}, ("BAD_REQUEST",)
    ),
}


@pytest.fixture(scope="module")
async def strict(gateway_settings: Settings, anyio_backend: str) -> AsyncIterator[Served]:
    changed = {"documents": "only", "env": "production", "paths": "reference"}
    async with serving(gateway_settings.model_copy(update=changed)) as gateway:
        yield gateway


@pytest.mark.parametrize("name", ALL)
async def test_only_what_is_listed_runs_on_a_socket(
    strict: Served, student, token_of, name: str
) -> None:
    attempt = ALL[name]
    async with talking(strict.socket_url, token_of(student)) as talk:
        await talk.say("subscribe", id="1", payload=attempt.sent)
        if attempt.codes == ("BAD_REQUEST",):  # no message of the protocol
            assert (await talk.closed())[0] == 4400
            return
        answer = await talk.hear()
    assert (answer["type"], answer["id"]) == ("error", "1")
    (error,) = answer["payload"]
    assert error["extensions"]["code"] in attempt.codes


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_only_what_is_listed_runs_on_an_event_stream(
    strict: Served, student, token_of, name: str, method: str
) -> None:
    attempt = ALL[name]
    if method not in attempt.by:
        return
    headers = {"Authorization": f"Bearer {token_of(student)}", "Accept": "text/event-stream"}
    params = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in attempt.sent.items()
    }
    sent: dict[str, Any] = {"params": params} if method == "GET" else {"json": attempt.sent}
    async with httpx2.AsyncClient(headers=headers) as client:
        answer = await client.request(method, f"{strict.url}/graphql", **sent)
    assert answer.status_code in (200, 400)
    assert '"data":' not in answer.text
    assert any(code in answer.text for code in attempt.codes)


@pytest.mark.parametrize("sent", [{"documentId": ID}, {"extensions": hashed(ID)}])
async def test_what_is_listed_runs_on_a_socket(
    strict: Served, people, student, token_of, sent: dict[str, Any]
) -> None:
    pupil = people.students[0]
    async with talking(strict.socket_url, token_of(student)) as talk:
        payload = {**sent, "variables": {"studentId": str(pupil.id)}}
        await talk.say("subscribe", id="1", payload=payload)
        answer = await talk.hear()
    assert answer["payload"]["data"]["student"]["displayName"] == pupil.name


async def test_an_operation_for_a_reserved_stream_must_be_listed_too(
    strict: Served, student, token_of
) -> None:
    headers = {"Authorization": f"Bearer {token_of(student)}"}
    async with httpx2.AsyncClient(headers=headers, base_url=strict.url) as client:
        reserved = await client.put("/graphql", headers={"Accept": "text/plain"})
        named = {"X-GraphQL-Event-Stream-Token": reserved.text}
        body = {"query": STRANGE, "extensions": {"operationId": "1"}}
        answer = await client.post("/graphql", json=body, headers=named)
    assert (reserved.status_code, answer.status_code) == (201, 400)
    assert "DOCUMENT_NOT_TRUSTED" in answer.text
