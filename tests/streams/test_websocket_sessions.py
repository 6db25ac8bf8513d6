"""Who may open a socket, for how long, and how many."""

import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from following import eventually
from served import Served, serving
from talking import Talk, talking
from websockets.exceptions import InvalidStatus

from gateway.settings import Settings
from gateway.tokens import mint
from models.vocabulary import Role
from services.access import Viewer
from services.demo_school import People

pytestmark = pytest.mark.anyio

EXPIRED = timedelta(minutes=-5)
JUST_EXPIRED = timedelta(seconds=-5)  # which HTTP, with its leeway, would still take


async def refused(url: str, payload: Any) -> tuple[int | None, str | None]:
    """How a socket is closed that is initialised with this."""
    async with talking(url) as talk:
        await talk.say("connection_init", payload=payload)
        return await talk.closed()


@pytest.mark.parametrize(
    "payload", [None, {}, {"authorization": ""}, {"authorization": 1}, {"token": None}]
)
async def test_without_a_token_nothing_is_open(listening: Served, payload: Any):
    code, reason = await refused(listening.socket_url, payload)
    assert code == 4401
    assert reason is not None
    assert "connection_init needs" in reason


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("authorization", "Bearer {}"),
        ("Authorization", "bearer {}"),
        ("token", "{}"),
        ("token", "Bearer {}"),
    ],
)
async def test_the_token_is_read_from_the_payload(
    listening: Served, student: Viewer, token_of, name: str, form: str
):
    async with talking(listening.socket_url) as talk:
        await talk.say("connection_init", payload={name: form.format(token_of(student))})
        assert await talk.hear() == {"type": "connection_ack"}
        asked = await talk.ask("1", "{ viewer { id } }")
        assert asked == {"viewer": {"id": student.id}}


async def test_the_token_is_read_from_nowhere_else(listening: Served, student: Viewer, token_of):
    token = token_of(student)
    headers = {"Authorization": f"Bearer {token}", "Cookie": f"authorization=Bearer {token}"}
    url = f"{listening.socket_url}?token={token}&authorization=Bearer%20{token}"
    async with talking(url, additional_headers=headers) as talk:
        await talk.say("connection_init")
        assert (await talk.closed())[0] == 4401


async def test_a_token_that_nobody_trusts_is_refused_for_good(
    listening: Served, student: Viewer, token_of
):
    forged = mint("x" * 40, sub=student.id, role=student.role, ttl=timedelta(minutes=5))
    for token in (forged, "nonsense", token_of(student, audience="elsewhere"), "a" * 10_000):
        code, reason = await refused(listening.socket_url, {"token": token})
        assert code == 4401
        assert reason is not None
        assert reason.startswith("Unauthorized: ")


@pytest.mark.parametrize("ttl", [EXPIRED, JUST_EXPIRED])
async def test_an_expired_token_is_refused_until_there_is_a_fresh_one(
    listening: Served, student: Viewer, token_of, ttl: timedelta
):
    token = token_of(student, ttl=ttl)
    assert (await refused(listening.socket_url, {"token": token}))[0] == 4403


async def test_the_socket_ends_with_its_token(
    listening: Served, student: Viewer, people: People, token_of
):
    token = token_of(student, ttl=timedelta(seconds=2))
    async with talking(listening.socket_url, token) as talk:
        await talk.subscribe("a", id=str(people.students[0].id))
        assert await talk.closed() == (4403, "Forbidden: the token has ended")


@pytest.fixture
async def brief(listening: Served, student: Viewer, token_of) -> AsyncIterator[Talk]:
    """A socket whose token ends in two seconds."""
    token = token_of(student, ttl=timedelta(seconds=2))
    async with talking(listening.socket_url, token) as talk:
        yield talk


async def test_a_fresh_token_keeps_the_socket(brief: Talk, student: Viewer, token_of):
    end = time.time() + 2
    payload = {"authorization": f"Bearer {token_of(student)}", "n": 1}
    await brief.say("ping", payload=payload)
    assert await brief.hear() == {"type": "pong", "payload": payload}
    await eventually(lambda: time.time() > end + 1)
    assert await brief.ask("1", "{ viewer { id } }") == {"viewer": {"id": student.id}}


async def test_a_pong_carries_no_fresh_token(brief: Talk, student: Viewer, token_of):
    await brief.say("pong", payload={"authorization": f"Bearer {token_of(student)}"})
    assert (await brief.closed())[0] == 4403


async def test_a_fresh_token_is_the_same_persons_in_the_same_role(
    listening: Served, student: Viewer, coach: Viewer, token_of
):
    for viewer in (coach, Viewer(student.id, Role.ADMIN)):
        async with talking(listening.socket_url, token_of(student)) as talk:
            await talk.say("ping", payload={"token": token_of(viewer)})
            assert await talk.closed() == (4403, "Forbidden: the token is another person's")


async def test_a_bad_fresh_token_ends_the_socket(listening: Served, student: Viewer, token_of):
    for token, code in (("nonsense", 4401), (token_of(student, ttl=EXPIRED), 4403)):
        async with talking(listening.socket_url, token_of(student)) as talk:
            await talk.say("ping", payload={"token": token})
            assert (await talk.closed())[0] == code


TRUSTED = ("https://nexus.example", "https://app.example:8443")


@pytest.fixture(scope="module")
async def trusting(gateway_settings: Settings, anyio_backend: str) -> AsyncIterator[Served]:
    """A gateway that some pages may call."""
    async with serving(gateway_settings.model_copy(update={"origins": TRUSTED})) as gateway:
        yield gateway


@pytest.mark.parametrize(
    "origin", [None, "http://{host}", "https://{host}", "HTTP://{host}", *TRUSTED]
)
async def test_programs_own_pages_and_named_ones_may_connect(trusting: Served, origin: str | None):
    host = trusting.url.removeprefix("http://")
    headers = {} if origin is None else {"Origin": origin.format(host=host)}
    async with talking(trusting.socket_url, additional_headers=headers) as talk:
        await talk.say("ping")
        assert await talk.hear() == {"type": "pong"}


@pytest.mark.parametrize(
    "origin",
    [
        "http://nexus.example",
        "https://evil.example",
        "https://nexus.example.evil.example",
        "http://{host}.evil.example",
        "http://127.0.0.1:1",
        "null",
        "",
    ],
)
async def test_pages_of_other_sites_are_refused_before_the_upgrade(trusting: Served, origin: str):
    host = trusting.url.removeprefix("http://")
    with pytest.raises(InvalidStatus) as refused:
        async with talking(
            trusting.socket_url, additional_headers={"Origin": origin.format(host=host)}
        ):
            pass
    assert refused.value.response.status_code == 403


def test_origins_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NEXUS_ORIGINS", "https://a.example, http://b.example:3000,")
    assert Settings().origins == ("https://a.example", "http://b.example:3000")


async def test_one_actor_has_so_many_sockets_and_others_have_theirs(
    gateway_settings: Settings, student: Viewer, coach: Viewer, token_of
):
    limited = gateway_settings.model_copy(update={"stream_connections": 2})
    token = token_of(student)
    async with serving(limited) as gateway, talking(gateway.socket_url, token):
        async with talking(gateway.socket_url, token):
            code, reason = await refused(gateway.socket_url, {"token": token})
            assert (code, reason) == (1013, "you have 2 connections open: close some first")
            async with talking(gateway.socket_url, token_of(coach)) as other:
                assert await other.ask("1", "{ __typename }") == {"__typename": "Query"}
        taken = gateway.app.state.admission.connection
        await eventually(lambda: taken.taken == 1)
        async with talking(gateway.socket_url, token) as again:
            assert await again.ask("1", "{ __typename }") == {"__typename": "Query"}


async def test_one_actor_has_so_many_subscriptions_on_all_its_sockets(
    gateway_settings: Settings, student: Viewer, people: People, token_of
):
    limited = gateway_settings.model_copy(update={"stream_subscriptions": 2})
    pupil, token = str(people.students[0].id), token_of(student)
    async with (
        serving(limited) as gateway,
        talking(gateway.socket_url, token) as one,
        talking(gateway.socket_url, token) as two,
    ):
        taken = gateway.app.state.admission.subscription
        await one.subscribe("a", id=pupil)
        await two.subscribe("a", id=pupil)
        await eventually(lambda: taken.taken == 2)
        await one.subscribe("b", "{ __typename }")
        heard = await one.hear()
        assert (heard["type"], heard["id"]) == ("error", "b")
        assert heard["payload"][0]["extensions"]["code"] == "TOO_MANY_REQUESTS"
        await two.say("complete", id="a")
        await eventually(lambda: taken.taken == 1)
        assert await one.ask("b", "{ __typename }") == {"__typename": "Query"}
