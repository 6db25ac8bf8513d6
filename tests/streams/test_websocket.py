"""`graphql-transport-ws`, message by message: what is answered, and what closes the socket."""

import json
from typing import Any

import pytest
from served import Served
from talking import Talk, talking

from gateway.bodies import MAX_BODY
from gateway.server import LONGEST_MESSAGE
from gateway.streams import connection
from models.vocabulary import EventKind
from services.access import Viewer
from services.demo_school import People

pytestmark = pytest.mark.anyio

NAME = "query ($id: ID!) { student(id: $id) { id } }"


@pytest.fixture
async def talk(listening: Served, student: Viewer, token_of) -> Any:
    """A socket of the first pupil."""
    async with talking(listening.socket_url, token_of(student)) as opened:
        yield opened


@pytest.fixture
async def stranger(listening: Served) -> Any:
    """A socket that has said nothing yet."""
    async with talking(listening.socket_url) as opened:
        yield opened


@pytest.mark.parametrize("offered", [["graphql-ws"], [], ["mqtt", "wamp"]])
async def test_another_subprotocol_is_not_acceptable(listening: Served, offered: list[str]):
    async with talking(listening.socket_url, subprotocols=offered or None) as opened:
        assert await opened.closed() == (4406, "Subprotocol not acceptable")


async def test_the_subprotocol_is_found_among_others(listening: Served):
    offered = ["graphql-ws", "graphql-transport-ws"]
    async with talking(listening.socket_url, subprotocols=offered) as opened:
        assert opened.socket.subprotocol == "graphql-transport-ws"


async def test_another_path_has_no_socket(listening: Served):
    with pytest.raises(Exception, match="HTTP 403"):
        async with talking(listening.socket_url + "/elsewhere"):
            pass


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("{", "The message is not JSON"),
        ("[" * 100_000, "The message is not JSON"),
        ("[]", "The message must be an object"),
        ("null", "The message must be an object"),
        ("{}", "The message has no type"),
        ('{"type": 1}', "The message has no type"),
        ('{"type": "start"}', "Clients do not send messages of type start"),
        ('{"type": "next", "id": "1", "payload": {}}', "Clients do not send messages of type next"),
        ('{"type": "ping", "payload": 1}', "The payload of ping must be an object"),
        ('{"type": "pong", "payload": []}', "The payload of pong must be an object"),
        ('{"type": "connection_init", "payload": "a"}', "The payload of connection_init must be"),
        ('{"type": "subscribe", "payload": {"query": "{a}"}}', "`id` must be a text"),
        ('{"type": "subscribe", "id": "", "payload": {"query": "{a}"}}', "`id` must be a text"),
        ('{"type": "subscribe", "id": 1, "payload": {"query": "{a}"}}', "`id` must be a text"),
        ('{"type": "complete"}', "`id` must be a text"),
        ('{"type": "subscribe", "id": "1"}', "The payload of subscribe must be an object"),
        ('{"type": "subscribe", "id": "1", "payload": {}}', "`query` must be a text"),
        ('{"type": "subscribe", "id": "1", "payload": {"query": 1}}', "`query` must be a text"),
        (
            '{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "variables": []}}',
            "`variables` must be an object",
        ),
        (
            '{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "operationName": 1}}',
            "`operationName` must be a text",
        ),
        (
            '{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "extensions": 1}}',
            "`extensions` must be an object",
        ),
        (b'{"type": "ping"}', "Messages are text, not binary"),
    ],
)
async def test_what_is_no_message_closes_the_socket(talk: Talk, frame: str | bytes, reason: str):
    await talk.socket.send(frame)
    code, said = await talk.closed()
    assert code == 4400
    assert said is not None
    assert said.startswith(reason)


async def test_a_reason_is_cut_to_what_a_frame_holds(talk: Talk):
    await talk.say("é" * 200)
    code, said = await talk.closed()
    assert (code, said) == (4400, f"Clients do not send messages of type {'é' * 43}")


async def test_a_message_may_not_be_larger_than_a_body(talk: Talk):
    assert LONGEST_MESSAGE == MAX_BODY
    await talk.say("ping", payload={"filling": "a" * LONGEST_MESSAGE})
    assert (await talk.closed())[0] == 1009


async def test_who_does_not_initialise_is_closed(
    listening: Served, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connection, "INIT_LIMIT", 0.0)
    async with talking(listening.socket_url) as opened:
        assert await opened.closed() == (4408, "Connection initialisation timeout")


async def test_initialising_twice_closes_the_socket(talk: Talk):
    await talk.say("connection_init", payload={})
    assert await talk.closed() == (4429, "Too many initialisation requests")


async def test_subscribing_before_the_acknowledgement_closes_the_socket(stranger: Talk):
    await stranger.subscribe("1", NAME)
    assert await stranger.closed() == (4401, "Unauthorized: wait for connection_ack")


@pytest.mark.parametrize("payload", [{"at": [1, None, "é"]}, {}, None])
async def test_a_ping_is_answered_with_its_payload(talk: Talk, payload: Any):
    await talk.say("ping", **({} if payload is None else {"payload": payload}))
    expected = {"type": "pong"} if payload is None else {"type": "pong", "payload": payload}
    assert await talk.hear() == expected


async def test_a_ping_is_answered_before_the_initialisation_too(stranger: Talk):
    await stranger.say("ping", payload={"early": True})
    assert await stranger.hear() == {"type": "pong", "payload": {"early": True}}


async def test_the_server_pings_and_who_answers_stays(
    listening: Served, student: Viewer, token_of, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connection, "PING_EVERY", 0.2)
    async with talking(listening.socket_url, token_of(student)) as opened:
        for _ in range(3):
            assert await opened.hear(pings=True) == {"type": "ping"}
            await opened.say("pong")
        assert await opened.ask("1", "{ __typename }") == {"__typename": "Query"}


async def test_who_gives_no_sign_of_life_is_closed(
    listening: Served, student: Viewer, token_of, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connection, "PING_EVERY", 0.2)
    monkeypatch.setattr(connection, "SILENCE", 2.0)
    async with talking(listening.socket_url, token_of(student)) as opened:
        assert await opened.hear(pings=True) == {"type": "ping"}
        assert await opened.closed(pings=True) == (4408, "No answer to pings")


async def test_a_query_is_answered_once_and_completed(talk: Talk, people: People):
    pupil = str(people.students[0].id)
    assert await talk.ask("1", NAME, id=pupil) == {"student": {"id": pupil}}
    # and its id may be used again
    assert await talk.ask("1", NAME, id=pupil) == {"student": {"id": pupil}}


async def test_the_named_operation_of_several_is_run(talk: Talk):
    query = "query A { a: __typename } query B { b: __typename }"
    await talk.say("subscribe", id="1", payload={"query": query, "operationName": "B"})
    assert (await talk.hear())["payload"] == {"data": {"b": "Query"}}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("query A { __typename } query B { __typename }", "OPERATION_RESOLUTION_FAILURE"),
        ("{ viewer { student { tasks(first: 100) { nodes { student { tasks(first: 100) { nodes { "
         "student { tasks(first: 100) { nodes { id } } } } } } } } } } }", "QUERY_TOO_COSTLY"),
        ('subscription { dashboardUpdates(studentId: "1") { event { seq } } }', "BAD_USER_INPUT"),
        ("subscription { dashboardUpdates(studentId: "
         '"018f0000-0000-7000-8000-000000000000") { event { seq } } }', "NOT_FOUND"),
    ],
)  # fmt: skip
async def test_what_cannot_be_run_is_an_error_of_that_operation_alone(
    talk: Talk, query: str, code: str
):
    await talk.subscribe("1", query)
    answer = await talk.hear()
    assert (answer["type"], answer["id"]) == ("error", "1"), answer
    assert answer["payload"][0]["extensions"]["code"] == code
    assert await talk.ask("1", "{ __typename }") == {"__typename": "Query"}


async def test_an_id_that_is_under_way_closes_the_socket(talk: Talk, people: People):
    await talk.subscribe("a", id=str(people.students[0].id))
    await talk.subscribe("a", id=str(people.students[0].id))
    assert await talk.closed() == (4409, "Subscriber for a already exists")


async def test_completing_ends_a_stream_and_frees_its_id(talk: Talk, people: People):
    pupil = people.students[0].id
    await talk.subscribe("a", id=str(pupil), after=0)
    await talk.seqs(1)
    await talk.say("complete", id="a")
    await talk.say("complete", id="a")  # late: there is nothing of that id
    await talk.say("complete", id="never")
    await talk.say("ping", payload={"after": "complete"})
    while (heard := await talk.hear())["type"] == "next":
        pass  # was on its way
    assert heard == {"type": "pong", "payload": {"after": "complete"}}
    await talk.subscribe("a", id=str(pupil), after=0)
    assert await talk.seqs(1) == [1]


async def test_kinds_are_chosen(talk: Talk, people: People):
    pupil = people.students[0].id
    await talk.subscribe("a", id=str(pupil), after=0, kinds=[EventKind.TASK_CREATED.name])
    heard = await talk.hear()
    assert heard["payload"]["data"]["dashboardUpdates"]["event"]["kind"] == "TASK_CREATED"


async def test_ids_are_quoted_as_json(talk: Talk):
    id = 'a"\\\n\u2028é'
    assert await talk.ask(id, "{ __typename }") == {"__typename": "Query"}


async def test_each_frame_is_one_json_object(talk: Talk, people: People):
    await talk.subscribe("a", id=str(people.students[0].id), after=0)
    frame = await talk.socket.recv()
    assert isinstance(frame, str)
    assert json.loads(frame)["id"] == "a"
