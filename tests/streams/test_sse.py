"""Subscriptions as server-sent events: the bytes of a stream, and who is answered by one."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import orjson
import pytest
from conftest import CLOCK
from events import STREAM, Client, Ended
from following import CREATE, UPDATES, eventually
from served import Served

from gateway.refusals import Rejected, refusal
from gateway.streams import sse
from services.access import Viewer
from services.demo_school import People

pytestmark = pytest.mark.anyio

NEW, OLD = "application/graphql-response+json", "application/json"
URQL = f"{NEW}, application/graphql+json, {OLD}, {STREAM}, multipart/mixed"
URQL_SUBSCRIBES = f"{STREAM}, multipart/mixed"
ME = "{ viewer { id } }"
COHORT = "subscription { cohortUpdates { event { seq } } }"
JOB = "subscription ($id: ID!) { jobUpdates(id: $id) { status } }"
VERSION = "query ($id: ID!) { student(id: $id) { version } }"
JOB_ID = UUID("018f0000-0000-7000-8000-000000000001")
ADD_JOB = """
INSERT INTO nexus_app.jobs (id, kind, status, progress, requested_by, created_at, finished_at)
VALUES ($1, 'EXPORT_DATA', 'SUCCEEDED', 1, $2, $3, $3)
"""


@pytest.fixture
def served(kept: Served) -> Served:
    return kept


async def version(served: Served, viewer: Viewer, pupil: UUID) -> int:
    return int((await served.ask(viewer, VERSION, id=str(pupil)))["student"]["version"])


async def test_a_stream_tells_where_it_begins_and_then_each_event(
    served: Served, client: Client, people: People, student: Viewer
) -> None:
    pupil = people.students[0].id
    begins = await version(served, student, pupil)
    async with client.stream(id=str(pupil)) as stream:
        assert await stream.block() == b":\n\n"
        assert re.fullmatch(rb"retry: \d+\n\n", await stream.block())
        assert await stream.block() == b"id: %d\n\n" % begins
        seq = await served.work(student, pupil)
        assert await stream.block() == (
            b"event: next\n"
            b"id: %d\n"
            b'data: {"data":{"dashboardUpdates":{"event":{"seq":%d,"kind":"TASK_CREATED"},'
            b'"student":{"version":%d}}}}\n\n' % (seq, seq, seq)
        )


async def test_a_stream_is_neither_kept_nor_held_back_on_its_way(
    client: Client, people: People
) -> None:
    async with client.stream(id=str(people.students[0].id)) as stream:
        headers = stream.answer.headers
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-store, no-transform"
    assert headers["x-accel-buffering"] == "no"
    assert headers["vary"] == "Accept, Authorization"
    assert {"content-encoding", "content-length"}.isdisjoint(headers)


async def test_a_stream_can_be_asked_for_by_get(
    served: Served, client: Client, people: People, student: Viewer
) -> None:
    pupil = people.students[0].id
    asked = {"query": UPDATES, "variables": orjson.dumps({"id": str(pupil)}).decode()}
    async with client.got(params=asked) as stream:
        assert (await stream.opening())[-1].startswith(b"id: ")
        seq = await served.work(student, pupil)
        assert await stream.seqs(1) == [seq]


async def test_a_stream_that_has_no_more_to_say_completes(
    client: Client, module_school: str, student: Viewer
) -> None:
    connection = await asyncpg.connect(module_school)
    await connection.execute(ADD_JOB, JOB_ID, student.id, CLOCK)
    await connection.close()
    async with client.stream(JOB, id=str(JOB_ID)) as stream:
        assert len(await stream.opening()) == 2
        assert await stream.rest() == [
            b'event: next\ndata: {"data":{"jobUpdates":{"status":"SUCCEEDED"}}}\n\n',
            b"event: complete\ndata:\n\n",
        ]


async def test_the_numbers_of_many_journals_are_no_id(
    served: Served, client: Client, people: People, student: Viewer
) -> None:
    async with client.stream(COHORT) as stream:
        assert len(await stream.opening()) == 2
        await eventually(lambda: served.app.state.followers._cohorts)
        seq = await served.work(student, people.students[0].id)
        body = b'event: next\ndata: {"data":{"cohortUpdates":{"event":{"seq":%d}}}}\n\n'
        assert await stream.block() == body % seq


async def test_a_stream_without_events_shows_that_it_lives(
    client: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT", 0.05)
    async with client.stream(id=str(people.students[0].id)) as stream:
        await stream.opening()
        assert [await stream.block() for _ in range(3)] == [b":\n\n"] * 3


ACCEPTS = [
    # what is accepted, and in what a query, a mutation and a subscription are answered
    (URQL, NEW, STREAM),
    (URQL_SUBSCRIBES, STREAM, STREAM),
    (STREAM, STREAM, STREAM),
    ("Text/Event-Stream", STREAM, STREAM),
    ("text/*", STREAM, STREAM),
    (None, OLD, STREAM),
    ("*/*", OLD, STREAM),
    (f"{STREAM}, {OLD};q=0.1", OLD, STREAM),
    (f"{STREAM};q=0.1, {NEW}", NEW, STREAM),
    (f"{STREAM}, {OLD};q=0", STREAM, STREAM),
    (f"*/*, {STREAM};q=0.0", OLD, 406),
    (f"{STREAM};q=0", 406, 406),
    (OLD, OLD, 406),
    (NEW, NEW, 406),
    ("application/*", OLD, 406),
    ("text/html", 406, 406),
    ("multipart/mixed", 406, 406),
    ("", OLD, STREAM),
    (";;q=,,", 406, 406),
]


def seen(answer: httpx2.Response) -> str | int:
    """The media type of an answer, or the status of what was refused."""
    return media_type(answer) if answer.status_code == 200 else answer.status_code


async def test_who_is_answered_by_a_stream(client: Client, people: People) -> None:
    pupil = str(people.students[0].id)
    found = []
    for accept, _, _ in ACCEPTS:
        asked = await client.post(ME, accept)
        changed = await client.post(CREATE, accept, id=pupil, label="Lire")
        answered = seen(asked)
        assert answered == seen(changed)
        headers = {} if accept is None else {"Accept": accept}
        async with client.stream(headers=headers, id=pupil) as stream:
            found.append((accept, answered, seen(stream.answer)))
    assert found == ACCEPTS


async def test_a_subscription_that_no_answer_is_acceptable_for_is_refused(
    client: Client, people: People
) -> None:
    answer = await client.post(UPDATES, NEW, id=str(people.students[0].id))
    assert (answer.status_code, media_type(answer)) == (406, NEW)
    assert answer.json()["errors"][0]["extensions"] == {"code": "NOT_ACCEPTABLE"}


def media_type(answer: httpx2.Response) -> str:
    return answer.headers["content-type"].partition(";")[0]


async def test_a_query_is_a_stream_of_one_answer_to_those_who_take_nothing_else(
    client: Client, student: Viewer
) -> None:
    answer = await client.post(ME, STREAM)
    assert answer.content == (
        b'event: next\ndata: {"data":{"viewer":{"id":"%s"}}}\n\nevent: complete\ndata:\n\n'
        % student.id.encode()
    )


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        (UPDATES, "BAD_USER_INPUT"),
        (
            'subscription { jobUpdates(id: "018f0000-0000-7000-8000-000000000000") { id } }',
            "NOT_FOUND",
        ),
    ],
)
async def test_what_cannot_start_is_told_in_the_form_that_is_taken(
    client: Client, query: str, code: str
) -> None:
    streamed = await client.post(query, URQL_SUBSCRIBES)
    written = await client.post(query, f"{NEW}, {STREAM}")
    data, end = re.fullmatch(
        rb"event: next\ndata: (.+)\n\n(.+\n\n)", streamed.content, re.DOTALL
    ).groups()
    assert (streamed.status_code, end) == (200, b"event: complete\ndata:\n\n")
    assert (written.status_code, media_type(written)) == (400, NEW)
    assert orjson.loads(data) == written.json()
    assert [error["extensions"]["code"] for error in written.json()["errors"]] == [code]
    assert list(written.json()) == ["errors"]


@pytest.mark.parametrize("accept", [STREAM, URQL_SUBSCRIBES, "*/*"])
async def test_without_a_token_there_is_no_stream(
    served: Served, people: People, accept: str
) -> None:
    asked = {"query": UPDATES, "variables": {"id": str(people.students[0].id)}}
    async with httpx2.AsyncClient(base_url=served.url) as http:
        answer = await http.post("/graphql", json=asked, headers={"Accept": accept})
    assert (answer.status_code, media_type(answer)) == (401, OLD)
    assert answer.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_a_token_in_the_address_is_not_looked_at(
    served: Served, people: People, student: Viewer, token_of: Callable[..., str]
) -> None:
    asked = {
        "query": UPDATES,
        "variables": orjson.dumps({"id": str(people.students[0].id)}).decode(),
    }
    async with httpx2.AsyncClient(base_url=served.url, headers={"Accept": STREAM}) as http:
        for name in ("access_token", "authorization", "token"):
            given = asked | {name: token_of(student)}
            answer = await http.get("/graphql", params=given)
            assert answer.status_code == 401


async def test_mutations_are_not_for_get_on_streams_either(client: Client, people: People) -> None:
    asked: dict[str, Any] = {
        "query": CREATE,
        "variables": orjson.dumps({"id": str(people.students[0].id), "label": "Lire"}).decode(),
    }
    answer = await client.http.get("/graphql", params=asked, headers={"Accept": STREAM})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_one_actor_has_so_many_streams_and_no_more(
    served: Served,
    client: Client,
    client_of: Callable[..., Client],
    people: People,
    coach: Viewer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pupil = str(people.students[0].id)
    monkeypatch.setattr(served.app.state.admission.connection, "_most", 2)
    async with client.stream(id=pupil), client.stream(COHORT):
        refused = await client.post(UPDATES, STREAM, id=pupil)
        assert (refused.status_code, media_type(refused)) == (429, OLD)
        assert refused.json()["errors"][0]["extensions"] == {"code": "TOO_MANY_REQUESTS"}
        async with client_of(coach).stream(COHORT) as others:
            assert others.answer.status_code == 200


async def test_what_cannot_start_for_a_moment_is_to_be_asked_again(
    served: Served, client: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> None:
        raise Rejected([refusal("the database cannot be reached", "UNAVAILABLE")])

    monkeypatch.setattr(served.app.state.streams, "open", away)
    async with client.stream(id=str(people.students[0].id)) as stream:
        assert len(await stream.opening()) == 2
        assert await stream.block() == (
            b": the database is away: come back later with the last id\n\n"
        )
        with pytest.raises(Ended):
            await stream.block()
    assert served.app.state.admission.subscription.taken == 0
