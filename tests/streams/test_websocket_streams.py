"""Live over WebSocket: what one socket is sent, and what others do not notice."""

import asyncio

import asyncpg
import httpx2
import pytest
from following import CREATE, eventually
from gql import Client, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.websockets import WebsocketsTransport
from graphql import ExecutionResult, GraphQLError
from served import Served, until_followed, until_nobody
from talking import talking

from gateway.streams import opening, operating
from services.access import Viewer
from services.demo_school import People

pytestmark = pytest.mark.anyio

VERSION = "query ($id: ID!) { student(id: $id) { version } }"
TASKS = "query ($id: ID!) { student(id: $id) { tasks { nodes { id } } } }"
UNLINK = """
mutation ($id: ID!, $person: ID!) {
  unlinkGuardian(input: {studentId: $id, personId: $person}) { errors { message } }
}
"""


async def test_two_operations_on_one_socket_are_told_apart(
    served: Served, parent: Viewer, admin: Viewer, people: People, token_of
):
    one, two = people.parents[0].wards[:2]
    async with talking(served.socket_url, token_of(parent)) as talk:
        await talk.subscribe("one", id=str(one))
        await talk.subscribe("two", id=str(two))
        await until_followed(served, 2)
        for name, pupil in (("two", two), ("one", one), ("two", two)):
            seq = await served.work(admin, pupil)
            heard = await talk.hear()
            assert (heard["type"], heard["id"]) == ("next", name)
            update = heard["payload"]["data"]["dashboardUpdates"]
            assert update["event"] == {"seq": seq, "kind": "TASK_CREATED"}
            assert update["student"]["version"] >= seq


async def test_a_query_between_two_events_does_not_disturb_them(
    served: Served, student: Viewer, people: People, token_of
):
    pupil = people.students[0].id
    async with talking(served.socket_url, token_of(student)) as talk:
        await talk.subscribe("live", id=str(pupil))
        await until_followed(served, 1)
        first = await served.work(student, pupil)
        assert await talk.seqs(1) == [first]
        assert await talk.ask("q", VERSION, id=str(pupil)) == {"student": {"version": first}}
        second = await served.work(student, pupil)
        assert await talk.seqs(1) == [second]


async def test_the_same_query_on_the_same_socket_sees_what_changed_elsewhere(
    served: Served, student: Viewer, people: People, token_of
):
    pupil, token = str(people.students[0].id), token_of(student)
    async with talking(served.socket_url, token) as talk:
        before = await talk.ask("1", VERSION, id=pupil)
        changing = {"query": CREATE, "variables": {"id": pupil, "label": "Lire"}}
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(headers=headers) as client:
            made = (await client.post(f"{served.url}/graphql", json=changing)).json()
        seq = made["data"]["createTask"]["events"][0]["seq"]
        assert seq == before["student"]["version"] + 1
        assert await talk.ask("1", VERSION, id=pupil) == {"student": {"version": seq}}


async def test_a_mutation_is_answered_on_the_socket(
    served: Served, student: Viewer, people: People, token_of
):
    pupil = str(people.students[0].id)
    async with talking(served.socket_url, token_of(student)) as talk:
        await talk.subscribe("live", id=pupil)
        await until_followed(served, 1)
        await talk.subscribe("change", CREATE, id=pupil, label="Lire")
        heard = {(each["id"], each["type"]): each for each in [await talk.hear() for _ in range(3)]}
        made = heard["change", "next"]["payload"]["data"]["createTask"]["events"]
        told = heard["live", "next"]["payload"]["data"]["dashboardUpdates"]["event"]
        assert made == [{"seq": told["seq"]}]
        assert ("change", "complete") in heard


async def test_a_client_that_goes_away_leaves_nothing_behind(
    served: Served, parent: Viewer, people: People, token_of, own_school: str
):
    one, two = people.parents[0].wards[:2]
    blocker = await asyncpg.connect(own_school)
    async with talking(served.socket_url, token_of(parent)) as talk:
        await talk.subscribe("one", id=str(one))
        await talk.subscribe("two", "subscription { cohortUpdates { event { seq } } }")
        await until_followed(served, 3)
        # a query that would wait for a long time, in the database
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE nexus_app.tasks IN ACCESS EXCLUSIVE MODE")
            await talk.subscribe("query", TASKS, id=str(two))
            pool = served.app.state.pool
            await eventually(lambda: pool.get_idle_size() < pool.get_size())
            talk.socket.transport.abort()
            await until_nobody(served)
    await blocker.close()


async def test_revocation_ends_that_operation_alone(
    served: Served, parent: Viewer, admin: Viewer, people: People, token_of
):
    one, two = people.parents[0].wards[:2]
    async with talking(served.socket_url, token_of(parent)) as talk:
        await talk.subscribe("one", id=str(one))
        await talk.subscribe("two", id=str(two))
        await until_followed(served, 2)
        await served.ask(admin, UNLINK, id=str(one), person=parent.id)
        heard = await talk.hear()
        assert (heard["type"], heard["id"]) == ("error", "one")
        assert heard["payload"][0]["extensions"]["code"] == "NOT_FOUND"
        seq = await served.work(admin, two)
        assert await talk.seqs(1) == [seq]


async def test_who_was_cut_off_resumes_without_a_gap(
    served: Served, student: Viewer, people: People, token_of
):
    pupil, token = people.students[0].id, token_of(student)
    async with talking(served.socket_url, token) as talk:
        await talk.subscribe("a", id=str(pupil))
        await until_followed(served, 1)
        last = await served.work(student, pupil)
        assert await talk.seqs(1) == [last]
        talk.socket.transport.abort()
    missed = [await served.work(student, pupil) for _ in range(3)]
    async with talking(served.socket_url, token) as again:
        await again.subscribe("a", id=str(pupil), after=last)
        assert await again.seqs(3) == missed
        now = await served.work(student, pupil)
        assert await again.seqs(1) == [now]


async def test_while_the_database_is_away_one_is_told_to_try_again(
    served: Served,
    student: Viewer,
    people: People,
    token_of,
    monkeypatch: pytest.MonkeyPatch,
):
    async def away(*_args: object, **_kwargs: object) -> ExecutionResult:
        return ExecutionResult(None, [GraphQLError("away", extensions={"code": "UNAVAILABLE"})])

    pupil = people.students[0].id
    async with talking(served.socket_url, token_of(student)) as talk:
        await talk.subscribe("a", id=str(pupil))
        await until_followed(served, 1)
        monkeypatch.setattr(opening, "run", away)
        monkeypatch.setattr(opening, "PATIENCE", 0.1)
        await served.work(student, pupil)
        assert await talk.closed() == (1013, "Try again later: resume with afterSeq")


async def test_a_fault_of_ours_is_masked_and_ends_that_operation_alone(
    served: Served, student: Viewer, token_of, monkeypatch: pytest.MonkeyPatch
):
    async def fails(*_args: object, **_kwargs: object) -> ExecutionResult:
        raise RuntimeError("a secret of the database")

    async with talking(served.socket_url, token_of(student)) as talk:
        with monkeypatch.context() as patch:
            patch.setattr(operating, "run", fails)
            await talk.subscribe("a", "{ viewer { id } }")
            heard = await talk.hear()
        assert (heard["type"], heard["id"]) == ("error", "a")
        assert heard["payload"][0]["message"] == "the server failed"
        assert heard["payload"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
        assert "secret" not in str(heard)
        assert await talk.ask("a", "{ __typename }") == {"__typename": "Query"}


async def test_the_python_client_follows_asks_and_changes(
    served: Served, student: Viewer, people: People, token_of
):
    pupil = str(people.students[0].id)
    transport = WebsocketsTransport(
        served.socket_url,
        init_payload={"authorization": f"Bearer {token_of(student)}"},
        subprotocols=["graphql-transport-ws"],
    )
    live = gql("subscription ($id: ID!) { dashboardUpdates(studentId: $id) { event { seq } } }")
    live.variable_values = {"id": pupil}
    change = gql(CREATE)
    change.variable_values = {"id": pupil, "label": "Lire"}
    async with Client(transport=transport) as client:
        updates = client.subscribe(live)
        first = asyncio.ensure_future(anext(updates))
        await until_followed(served, 1)
        made = await client.execute(change)
        assert (await first)["dashboardUpdates"]["event"] == made["createTask"]["events"][0]
        await updates.aclose()
        await until_followed(served, 0)
        with pytest.raises(TransportQueryError, match="Cannot query field"):
            await client.execute(gql("{ nothing }"))
        assert await client.execute(gql("{ viewer { id } }")) == {"viewer": {"id": student.id}}
