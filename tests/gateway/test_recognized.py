"""A request that comes again in the same bytes is not read again, and answered as if it were."""

import gc
import gzip
import re
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx2
import pytest
from served import Served, serving

from gateway.asking import TELL_COST
from gateway.auth import Authenticator
from gateway.incoming import Incoming
from gateway.operations import Operations
from gateway.recognized import RARE, READ, Known, Recognized
from gateway.settings import ROOT, Settings
from gateway.streams import single
from gateway.trusted.policy import Registrations

pytestmark = pytest.mark.anyio

MINE = {"query": "{ viewer { student { id displayName tasks { nodes { label status } } } } }"}
GATEWAY = ROOT / "gateway"
CHANGING = ("date", "x-request-id")


@pytest.fixture
async def asking(listening: Served, student, token_of) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the first pupil, over a socket."""
    headers = {"Authorization": f"Bearer {token_of(student)}", "Accept": "application/json"}
    async with httpx2.AsyncClient(base_url=listening.url, headers=headers) as client:
        yield client


@pytest.fixture
def recalled(monkeypatch: pytest.MonkeyPatch) -> list[Known | None]:
    """What each request was found to be, as they come."""
    found: list[Known | None] = []
    recall = Recognized.recall

    def watched(self: Recognized, request: Incoming) -> Known | None:
        found.append(recall(self, request))
        return found[-1]

    monkeypatch.setattr(Recognized, "recall", watched)
    return found


def told(answer: httpx2.Response) -> tuple[Any, ...]:
    """All of an answer but what is new in each."""
    headers = {name: value for name, value in answer.headers.items() if name not in CHANGING}
    return answer.status_code, answer.content, headers


async def test_a_request_that_comes_again_is_recognized(
    asking: httpx2.AsyncClient, recalled: list[Known | None]
) -> None:
    for _ in range(3):
        await asking.post("/graphql", json={"query": "{ viewer { role } } # never asked before"})
    assert [known is not None for known in recalled] == [False, True, True]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_it_is_answered_alike(asking: httpx2.AsyncClient, method: str, accept: str) -> None:
    given: Any = {"params": MINE} if method == "GET" else {"json": MINE}
    answers = [
        await asking.request(method, "/graphql", headers={"Accept": accept}, **given)
        for _ in range(4)
    ]
    assert answers[0].json()["data"]["viewer"]["student"]
    assert {told(answer)[:2] for answer in answers} == {told(answers[0])[:2]}
    assert told(answers[3]) == told(answers[2])


async def test_each_has_a_request_id_of_its_own(asking: httpx2.AsyncClient) -> None:
    answers = [await asking.post("/graphql", json=MINE) for _ in range(3)]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 3


async def test_the_clients_own_request_id_is_told_back(asking: httpx2.AsyncClient) -> None:
    for name in ("one", "two"):
        answer = await asking.post("/graphql", json=MINE, headers={"X-Request-Id": name})
        assert answer.headers["x-request-id"] == name


@pytest.mark.parametrize(
    "changed",
    [
        {"Accept": "application/graphql-response+json"},
        {"Accept-Encoding": "br"},
        {"Content-Type": "application/json; charset=utf-8"},
        {"X-Nexus-Cost": "1"},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Idempotency-Key": "x"},
    ],
)
async def test_with_another_header_it_is_another_request(
    asking: httpx2.AsyncClient, recalled: list[Known | None], changed: dict[str, str]
) -> None:
    own = {"query": f"{MINE['query']} # {changed}"}  # no other test has asked it in this form
    for _ in range(2):
        await asking.post("/graphql", json=own)
    await asking.post("/graphql", json=own, headers=changed)
    assert recalled[1] is not None
    assert recalled[2] is None


async def test_another_token_is_another_request(
    asking: httpx2.AsyncClient, recalled: list[Known | None], coach, token_of
) -> None:
    whole = {"query": "{ viewer { role } }"}
    for _ in range(2):
        await asking.post("/graphql", json=whole)
    headers = {"Authorization": f"Bearer {token_of(coach)}"}
    answer = await asking.post("/graphql", json=whole, headers=headers)
    assert answer.json() == {"data": {"viewer": {"role": "COACH"}}}
    assert recalled[1:] == [recalled[1], None]


async def test_a_token_that_does_not_hold_any_more_is_read_anew(
    asking: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        assert (await asking.post("/graphql", json=MINE)).status_code == 200
    session, late = Authenticator.session, datetime.now(UTC) + timedelta(days=1)
    monkeypatch.setattr(Authenticator, "session", lambda self, token, _: session(self, token, late))
    holds = Authenticator.holds
    monkeypatch.setattr(Authenticator, "holds", lambda self, known, _: holds(self, known, late))
    answer = await asking.post("/graphql", json=MINE)
    assert answer.status_code == 401
    assert "expired" in answer.json()["errors"][0]["message"]


async def test_what_was_changed_meanwhile_is_seen(served: Served, student, token_of) -> None:
    headers = {"Authorization": f"Bearer {token_of(student)}"}
    first = {"query": "{ viewer { student { tasks(status: [TODO]) { nodes { id } } } } }"}
    async with httpx2.AsyncClient(base_url=served.url, headers=headers) as client:
        for _ in range(4):
            answer = await client.post("/graphql", json=first)
        nodes = answer.json()["data"]["viewer"]["student"]["tasks"]["nodes"]
        complete = "mutation ($id: ID!) { completeTask(input: {id: $id}) { task { id } } }"
        for _ in range(2):  # done twice: the second says that it is done
            body = {"query": complete, "variables": {"id": nodes[0]["id"]}}
            done = await client.post("/graphql", json=body)
        assert done.json()["data"]["completeTask"]["task"] is None
        answer = await client.post("/graphql", json=first)
    assert nodes[0] not in answer.json()["data"]["viewer"]["student"]["tasks"]["nodes"]


async def test_who_asks_too_often_in_the_same_words_is_told_to_wait(
    gateway_settings: Settings, student, token_of
) -> None:
    settings = gateway_settings.model_copy(update={"rate_operations": 3})
    headers = {"Authorization": f"Bearer {token_of(student)}"}
    async with (
        serving(settings) as gateway,
        httpx2.AsyncClient(base_url=gateway.url, headers=headers) as client,
    ):
        statuses = [(await client.post("/graphql", json=MINE)).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]


async def test_a_batch_is_never_taken_for_one_of_its_operations(
    gateway_settings: Settings, student, token_of
) -> None:
    settings = gateway_settings.model_copy(update={"batch": 5})
    headers = {"Authorization": f"Bearer {token_of(student)}"}
    async with (
        serving(settings) as gateway,
        httpx2.AsyncClient(base_url=gateway.url, headers=headers) as client,
    ):
        answers = [(await client.post("/graphql", json=[MINE, MINE])).json() for _ in range(3)]
    assert [len(answer) for answer in answers] == [2, 2, 2]


async def test_what_is_remembered_is_bounded(
    asking: httpx2.AsyncClient, listening: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Recognized(room=10_000)
    operations: Operations = listening.app.endpoint._operations
    monkeypatch.setattr(operations, "recognized", small)
    for number in range(30):
        await asking.post("/graphql", json={"query": f"{{ viewer {{ role }} }} # {number}"})
    assert 1 <= len(small) <= 5


async def test_a_long_request_is_read_each_time(
    asking: httpx2.AsyncClient, recalled: list[Known | None]
) -> None:
    long = {"query": "{ viewer { role } }" + " " * 20_000}
    for _ in range(2):
        await asking.post("/graphql", json=long)
    assert recalled == [None, None]


async def test_a_packed_request_is_read_each_time(
    asking: httpx2.AsyncClient, recalled: list[Known | None]
) -> None:
    """A few bytes of it may stand for a million."""
    packed = gzip.compress(b'{"query": "{ viewer { role } } # packed"}')
    for _ in range(2):
        answer = await asking.post(
            "/graphql",
            content=packed,
            headers={"Content-Encoding": "gzip", "Content-Type": "application/json"},
        )
        assert answer.json()["data"]
    assert recalled == [None, None]


@pytest.mark.parametrize("unused", ["[" + "{}," * 1_000 + "{}]", "[" * 500 + "]" * 500])
async def test_variables_that_are_large_or_deep_are_read_each_time(
    asking: httpx2.AsyncClient, recalled: list[Known | None], unused: str
) -> None:
    body = '{"query": "{ viewer { role } }", "variables": {"unused": %s}}' % unused  # noqa: UP031
    for _ in range(2):
        headers = {"Content-Type": "application/json"}
        assert (await asking.post("/graphql", content=body, headers=headers)).json()["data"]
    assert recalled == [None, None]


async def test_extensions_that_nobody_reads_are_not_remembered(
    asking: httpx2.AsyncClient, recalled: list[Known | None]
) -> None:
    body = {"query": "{ viewer { role } } # extensions", "extensions": {"many": [{}] * 1_000}}
    for _ in range(2):
        await asking.post("/graphql", json=body)
    assert recalled[1] is not None
    assert recalled[1].meant.operation.extensions == {}


async def test_variables_are_counted_as_large_as_they_become(
    asking: httpx2.AsyncClient, listening: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Recognized()
    monkeypatch.setattr(listening.app.endpoint._operations, "recognized", known)
    body = {"query": "{ viewer { role } }", "variables": {"unused": [{}] * 500}}
    await asking.post("/graphql", json=body)
    assert len(known) == 1
    assert known._size > sys.getsizeof({}) * 500


async def test_a_document_that_is_not_kept_any_more_is_read_anew(
    asking: httpx2.AsyncClient, listening: Served, recalled: list[Known | None]
) -> None:
    body = {"query": "{ viewer { role } } # let go"}
    first = await asking.post("/graphql", json=body)
    listening.app.endpoint.documents._kept.clear()
    listening.app.endpoint.documents._characters = 0
    gc.collect()
    again = await asking.post("/graphql", json=body)
    assert recalled[1] is not None
    assert recalled[1].meant.prepared() is None
    assert again.content == first.content


async def test_a_text_can_be_registered_again(
    asking: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Registrations, "MOST", 1)

    def registering(text: str) -> dict[str, Any]:
        named = {"version": 1, "sha256Hash": sha256(text.encode()).hexdigest()}
        return {"query": text, "extensions": {"persistedQuery": named}}

    first, other = [registering(f"{{ viewer {{ role }} }} # {name}") for name in ("a", "b")]
    for each in (first, other, first):  # the second drives the first out
        assert (await asking.post("/graphql", json=each)).json()["data"]
    named = {"extensions": first["extensions"]}
    assert "data" in (await asking.post("/graphql", json=named)).json()


# what each request has anew, or says once more what its body is
ANEW = {"x-request-id", "if-none-match", "content-length"}
READERS = ("graphql", "operations", "asking", "requests", "bodies", "origins", "ide", "incoming")


def test_every_header_that_is_read_makes_a_request_another_one() -> None:
    read = {
        name
        for reader in READERS
        for name in re.findall(r'headers\.get\("([\w-]+)"', (GATEWAY / f"{reader}.py").read_text())
    }
    assert {"authorization", "accept"} <= read
    assert read - ANEW <= {name.decode() for name in (*READ, *RARE)}


def test_headers_that_are_named_elsewhere_are_not_forgotten() -> None:
    assert {TELL_COST.encode(), single.HEADER.encode()} <= RARE
