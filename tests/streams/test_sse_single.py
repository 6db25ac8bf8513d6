"""GraphQL over SSE on one stream: reserved, opened, fed and thinned, by its owner alone."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest
from events import HEADER, STREAM, Client, Single, nothing_left, reserved
from following import CREATE, UPDATES, eventually
from served import Served

from gateway.streams import single, sse
from models.vocabulary import Role
from services.access import Viewer
from services.demo_school import People

pytestmark = pytest.mark.anyio

ME = "{ viewer { id } }"
COHORT = "subscription { cohortUpdates { event { seq } } }"


@pytest.fixture
async def mine(client: Client) -> Single:
    """A reservation of the first pupil."""
    return await reserved(client)


def told(answer: httpx2.Response) -> tuple[int, str]:
    """The status and the code of a refusal."""
    (error,) = answer.json()["errors"]
    return answer.status_code, error["extensions"]["code"]


@pytest.fixture
def served(kept: Served) -> Served:
    return kept


@pytest.fixture(autouse=True)
async def tidy(served: Served) -> AsyncIterator[None]:
    """Reservations that a test leaves would be there for half a minute."""
    yield
    served.app.state.reservations.close()
    await eventually(lambda: nothing_left(served))


async def test_operations_are_answered_on_the_one_stream(
    served: Served, mine: Single, people: People, student: Viewer
) -> None:
    pupil = people.students[0].id
    async with mine.open() as stream:
        assert len(await stream.opening()) == 2
        accepted = await mine.run("one", ME)
        assert (accepted.status_code, accepted.content) == (202, b"")
        data = b'{"id":"one","payload":{"data":{"viewer":{"id":"%s"}}}}' % student.id.encode()
        assert await stream.block() == b"event: next\ndata: " + data + b"\n\n"
        assert await stream.block() == b'event: complete\ndata: {"id":"one"}\n\n'
        assert (await mine.run("two", UPDATES, id=str(pupil), after=0)).status_code == 202
        first = (await stream.event()).data
        assert first["id"] == "two"
        assert first["payload"]["data"]["dashboardUpdates"]["event"]["seq"] == 1
        await mine.cancel(operationId="two")
    await eventually(lambda: nothing_left(served))


async def test_what_is_asked_before_the_stream_is_open_waits_for_it(
    served: Served, mine: Single, people: People
) -> None:
    pupil = str(people.students[0].id)
    for number in range(3):
        assert (await mine.run(str(number), ME)).status_code == 202
    assert (await mine.run("c", CREATE, id=pupil, label="Lire")).status_code == 202
    async with mine.open() as stream:
        found = [(await stream.event()) for _ in range(8)]
    assert {each.data["id"] for each in found} == {"0", "1", "2", "c"}
    assert [each.name for each in found if each.data["id"] == "c"] == ["next", "complete"]


async def test_a_stream_can_be_named_in_the_address(mine: Single, student: Viewer) -> None:
    async with mine.client.got(params={"token": mine.token}) as stream:
        await stream.opening()
        asked = {"query": ME, "extensions": {"operationId": "one"}}
        answer = await mine.http.post("/graphql", params={"token": mine.token}, json=asked)
        assert answer.status_code == 202
        assert (await stream.event()).data["payload"] == {"data": {"viewer": {"id": student.id}}}


async def test_a_stream_can_be_opened_by_post(mine: Single) -> None:
    async with mine.open("POST") as stream:
        assert len(await stream.opening()) == 2


async def test_a_cancelled_operation_says_nothing_more(
    served: Served, mine: Single, people: People, student: Viewer
) -> None:
    pupil = people.students[0].id
    async with mine.open() as stream:
        await mine.run("gone", UPDATES, id=str(pupil))
        await mine.run("stays", UPDATES, id=str(pupil))
        await eventually(lambda: served.app.state.admission.subscription.taken == 2)
        assert (await mine.cancel(operationId="gone")).status_code == 200
        await eventually(lambda: served.app.state.admission.subscription.taken == 1)
        await served.work(student, pupil)
        await served.work(student, pupil)
        assert [(await stream.event()).data["id"] for _ in range(2)] == ["stays"] * 2


async def test_an_id_is_free_again_when_its_operation_has_ended(mine: Single) -> None:
    async with mine.open() as stream:
        for _ in range(3):
            assert (await mine.run("again", ME)).status_code == 202
            assert [(await stream.event()).name for _ in range(2)] == ["next", "complete"]


async def test_two_operations_of_one_id_conflict(mine: Single, people: People) -> None:
    pupil = str(people.students[0].id)
    assert (await mine.run("one", UPDATES, id=pupil)).status_code == 202
    assert told(await mine.run("one", ME)) == (409, "CONFLICT")


async def test_two_streams_of_one_reservation_conflict(mine: Single) -> None:
    async with mine.open(), mine.open() as second:
        await second.answer.aread()
        assert told(second.answer) == (409, "CONFLICT")


@pytest.mark.parametrize("id", [None, "", 1, {}, "x" * 256])
async def test_an_operation_needs_an_id(mine: Single, id: Any) -> None:
    assert told(await mine.run(id, ME)) == (400, "BAD_REQUEST")


async def test_cancelling_needs_an_id(mine: Single) -> None:
    assert told(await mine.cancel()) == (400, "BAD_REQUEST")


async def test_cancelling_what_has_ended_is_no_fault(mine: Single) -> None:
    assert (await mine.cancel(operationId="never was")).status_code == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [("{", "GRAPHQL_PARSE_FAILED"), ("{ nothing }", "GRAPHQL_VALIDATION_FAILED")],
)
async def test_a_document_that_cannot_run_is_refused_where_it_is_asked(
    mine: Single, query: str, code: str
) -> None:
    assert told(await mine.run("one", query)) == (400, code)


async def test_a_subscription_that_may_not_start_is_told_on_the_stream(
    mine: Single, people: People
) -> None:
    async with mine.open() as stream:
        accepted = await mine.run("one", UPDATES, id=str(people.students[1].id))
        assert accepted.status_code == 202
        refused, end = await stream.event(), await stream.event()
    error = {"message": "there is no such id", "extensions": {"code": "NOT_FOUND"}}
    assert refused.data["id"] == "one"
    assert [each["extensions"] for each in refused.data["payload"]["errors"]] == [
        error["extensions"]
    ]
    assert (end.name, end.data) == ("complete", {"id": "one"})


async def test_to_others_a_reservation_does_not_exist(
    mine: Single, client_of: Callable[..., Client], coach: Viewer, student: Viewer
) -> None:
    thieves = [
        Single(client_of(coach), mine.token),
        Single(client_of(Viewer(student.id, Role.PARENT)), mine.token),
        Single(client_of(student, client="another-app"), mine.token),
        Single(mine.client, "never made"),
    ]
    for thief in thieves:
        answers = [await thief.run("one", ME), await thief.cancel(operationId="one")]
        async with thief.open() as stream:
            await stream.answer.aread()
            answers.append(stream.answer)
        assert [told(answer) for answer in answers] == [(404, "NOT_FOUND")] * 3
        assert {answer.json()["errors"][0]["message"] for answer in answers} == {
            "there is no such stream: reserve one by PUT"
        }
    assert (await mine.run("one", ME)).status_code == 202


@pytest.mark.parametrize("method", ["PUT", "DELETE", "GET", "POST"])
async def test_without_a_token_of_ones_own_there_is_no_stream(
    served: Served, mine: Single, method: str
) -> None:
    headers = {HEADER: mine.token, "Accept": f"{STREAM}, text/plain"}
    async with httpx2.AsyncClient(base_url=served.url) as anyone:
        answer = await anyone.request(method, "/graphql", headers=headers)
    assert told(answer) == (401, "UNAUTHENTICATED")


async def test_a_reservation_that_nobody_uses_expires(
    served: Served, client: Client, monkeypatch: pytest.MonkeyPatch, people: People
) -> None:
    monkeypatch.setattr(single, "UNUSED", 0.3)
    unused = await reserved(client)
    await unused.run("one", UPDATES, id=str(people.students[0].id))
    assert served.app.state.admission.connection.taken == 1
    await eventually(lambda: nothing_left(served))
    assert told(await unused.run("two", ME)) == (404, "NOT_FOUND")


async def test_a_reservation_that_is_used_does_not_expire(
    served: Served, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT", 0.05)
    monkeypatch.setattr(single, "UNUSED", 0.2)
    used = await reserved(client)
    async with used.open() as stream:
        await stream.opening()
        for _ in range(8):  # heartbeats, which take longer than the reservation would last
            assert await stream.block() == b":\n\n"
        assert (await used.run("one", ME)).status_code == 202


async def test_reservations_are_bounded(
    served: Served, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served.app.state.admission.connection, "_most", 2)
    for _ in range(2):
        await reserved(client)
    assert told(await client.http.put("/graphql")) == (429, "TOO_MANY_REQUESTS")
    monkeypatch.undo()
    monkeypatch.setattr(single, "MOST", 2)
    assert told(await client.http.put("/graphql")) == (503, "UNAVAILABLE")
    assert served.app.state.admission.connection.taken == 2


async def test_operations_are_bounded(
    served: Served, mine: Single, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served.app.state.admission.subscription, "_most", 2)
    for id in ("one", "two"):
        assert (await mine.run(id, UPDATES, id=str(people.students[0].id))).status_code == 202
    assert told(await mine.run("three", ME)) == (429, "TOO_MANY_REQUESTS")


async def test_what_is_not_acceptable_is_said(mine: Single) -> None:
    put = await mine.http.put("/graphql", headers={"Accept": "application/json"})
    assert told(put) == (406, "NOT_ACCEPTABLE")
    headers = {HEADER: mine.token, "Accept": "application/json"}
    got = await mine.http.get("/graphql", headers=headers)
    assert told(got) == (406, "NOT_ACCEPTABLE")


async def test_an_operation_resumes_after_its_last_id(
    served: Served, mine: Single, people: People, student: Viewer
) -> None:
    pupil = people.students[0].id
    before, last = [await served.work(student, pupil) for _ in range(2)]
    asked = {
        "query": UPDATES,
        "variables": {"id": str(pupil), "after": 0},
        "extensions": {"operationId": "one"},
    }
    async with mine.open() as stream:
        headers = {HEADER: mine.token, "Last-Event-ID": str(before)}
        assert (await mine.http.post("/graphql", json=asked, headers=headers)).status_code == 202
        found = await stream.event()
    assert found.id is None
    assert found.data["payload"]["data"]["dashboardUpdates"]["event"]["seq"] == last
