"""How often an address may come with no token, or with one that is not known to be good."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from served import Served
from served import serving as on_a_socket
from starlette.applications import Starlette
from talking import talking

from gateway import keys
from gateway.app import create_app
from gateway.settings import Settings, SettingsError, load
from gateway.strangers import Strangers, TooOften, address_of

pytestmark = pytest.mark.anyio

NOBODY = {"query": "{ __typename }"}
ME = {"query": "{ viewer { role } }"}
FAR, FURTHER = "51.15.0.7", "51.15.0.8"
FEW = 3
STRICT = {"rate_strangers": FEW, "paths": "reference"}


@pytest.fixture
async def hurried(gateway_settings: Settings) -> AsyncIterator[Starlette]:
    app = create_app(gateway_settings.model_copy(update=STRICT))
    async with app.router.lifespan_context(app):
        yield app


def coming_from(app: Starlette, address: str, **headers: str) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app, client=(address, 4711))
    return httpx2.AsyncClient(transport=transport, base_url="http://nexus.test", headers=headers)


async def statuses(app: Starlette, address: str, times: int, **headers: str) -> list[int]:
    async with coming_from(app, address, **headers) as client:
        return [(await client.post("/graphql", json=NOBODY)).status_code for _ in range(times)]


async def test_an_address_without_a_token_is_told_when_to_come_back(hurried: Starlette) -> None:
    assert await statuses(hurried, FAR, FEW) == [200] * FEW
    async with coming_from(hurried, FAR) as client:
        answer = await client.post("/graphql", json=NOBODY)
    assert (answer.status_code, 1 <= int(answer.headers["retry-after"]) <= 20) == (429, True)
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "RATE_LIMITED"


async def test_one_address_takes_nothing_from_another(hurried: Starlette) -> None:
    await statuses(hurried, FAR, FEW)
    assert await statuses(hurried, FURTHER, 1) == [200]


@pytest.mark.parametrize("header", ["Bearer x.y.z", "Bearer ", "Basic eDp5", "nonsense"])
async def test_what_is_no_token_is_counted(hurried: Starlette, header: str) -> None:
    expected = [401] * FEW + [429]
    assert await statuses(hurried, FAR, FEW + 1, Authorization=header) == expected


async def test_no_signature_is_looked_at_for_who_came_too_often(
    hurried: Starlette, token_of, student, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []
    decode = keys.Keys.decode

    async def noted(self: keys.Keys, token: str, algorithm: Any) -> Any:
        looked.append(token)
        return await decode(self, token, algorithm)

    monkeypatch.setattr(keys.Keys, "decode", noted)
    for number in range(FEW + 2):
        forged = token_of(student, name=f"{number}") + "x"
        await statuses(hurried, FAR, 1, Authorization=f"Bearer {forged}")
    assert len(looked) == FEW


async def test_good_tokens_are_not_counted_however_many_come(
    hurried: Starlette, token_of, student
) -> None:
    for number in range(2 * FEW):
        token = token_of(student, name=f"{number}")
        assert await statuses(hurried, FAR, 2, Authorization=f"Bearer {token}") == [200] * 2
    assert await statuses(hurried, FAR, FEW) == [200] * FEW


async def test_who_is_known_is_not_kept_waiting_for_others_of_the_address(
    hurried: Starlette, token_of, student
) -> None:
    known = {"Authorization": f"Bearer {token_of(student)}"}
    await statuses(hurried, FAR, 1, **known)
    await statuses(hurried, FAR, FEW + 1)
    assert await statuses(hurried, FAR, 2, **known) == [200] * 2


async def test_nobody_is_counted_where_a_proxy_or_our_own_network_stands(
    hurried: Starlette,
) -> None:
    for address in ("127.0.0.1", "10.1.2.3", "fd00::1"):
        assert await statuses(hurried, address, FEW + 1) == [200] * (FEW + 1)


@pytest.mark.parametrize(
    ("address", "known_as"),
    [
        ("51.15.0.7", "51.15.0.7"),
        ("::ffff:51.15.0.7", "51.15.0.7"),
        ("2a01:4f8:1:2:3:4:5:6", "2a01:4f8:1:2::/64"),
        ("2a01:4f8:1:2::7", "2a01:4f8:1:2::/64"),
        ("::1", None),
        ("192.168.1.1", None),
        ("unknown", None),
        ("51.15.0.7; drop", None),
        ("", None),
    ],
)
def test_an_address_is_known_by_what_its_owner_cannot_change(
    address: str, known_as: str | None
) -> None:
    assert address_of({"type": "http", "client": (address, 1)}) == known_as


def test_the_memory_of_addresses_is_bounded() -> None:
    strangers = Strangers(60)
    for number in range(30_000):
        strangers.came(f"51.15.{number // 256}.{number % 256}")
    assert len(strangers._rate._arrivals) == strangers._rate.ACTORS


def test_what_is_given_back_can_be_had_again() -> None:
    strangers = Strangers(1, lambda: 1000.0)
    for _ in range(5):
        strangers.came(FAR)
        strangers.known(FAR)
    strangers.came(FAR)
    with pytest.raises(TooOften):
        strangers.came(FAR)


@pytest.fixture
async def on_socket(gateway_settings: Settings) -> AsyncIterator[Served]:
    async with on_a_socket(gateway_settings.model_copy(update=STRICT)) as gateway:
        yield gateway


async def test_an_address_is_what_a_believed_proxy_says(on_socket: Served) -> None:
    """This machine's proxy is believed, unless other settings say otherwise."""
    async with httpx2.AsyncClient(base_url=on_socket.url) as client:
        told = [{"X-Forwarded-For": f"1.1.1.{n}, {FAR}"} for n in range(FEW + 1)]
        answers = [await client.post("/graphql", json=NOBODY, headers=each) for each in told]
        other = await client.post("/graphql", json=NOBODY, headers={"X-Forwarded-For": FURTHER})
    assert [each.status_code for each in answers] == [200] * FEW + [429]
    assert other.status_code == 200


async def test_what_an_unknown_proxy_says_is_not_believed(gateway_settings: Settings) -> None:
    changed = {**STRICT, "proxies": ("10.0.0.0/8",)}
    async with (
        on_a_socket(gateway_settings.model_copy(update=changed)) as gateway,
        httpx2.AsyncClient(base_url=gateway.url, headers={"X-Forwarded-For": FAR}) as client,
    ):
        answers = [await client.post("/graphql", json=NOBODY) for _ in range(FEW + 1)]
    assert {each.status_code for each in answers} == {200}  # of 127.0.0.1, which is nobody's


async def test_sockets_of_an_address_are_counted_as_long_as_their_tokens_are_not_good(
    on_socket: Served,
) -> None:
    far: Any = {"additional_headers": {"X-Forwarded-For": FAR}}
    codes = []
    for _ in range(FEW + 1):
        async with talking(on_socket.socket_url, **far) as talk:
            await talk.say("connection_init", payload={"token": "x.y.z"})
            codes.append((await talk.closed())[0])
    assert codes == [4401] * FEW + [1013]


async def test_a_known_token_opens_sockets_from_an_address_that_came_too_often(
    on_socket: Served, token_of, student
) -> None:
    far: Any = {"additional_headers": {"X-Forwarded-For": FAR}}
    token = token_of(student)
    async with talking(on_socket.socket_url, token, **far):
        pass
    async with httpx2.AsyncClient(base_url=on_socket.url) as client:
        for _ in range(FEW + 1):
            await client.post("/graphql", json=NOBODY, headers={"X-Forwarded-For": FAR})
    async with talking(on_socket.socket_url, token, **far) as talk:
        assert await talk.ask("1", ME["query"]) == {"viewer": {"role": "STUDENT"}}


@pytest.mark.parametrize("proxies", ["nginx", "10.0.0.0/33", "10.1.2.3/8", "*"])
def test_a_proxy_is_an_address_or_a_network(proxies: str) -> None:
    with pytest.raises(SettingsError, match="NEXUS_PROXIES"):
        load(proxies=proxies)


def test_proxies_are_written_as_lists_are() -> None:
    assert load(proxies="10.0.0.0/8, ::1").proxies == ("10.0.0.0/8", "::1/128")
