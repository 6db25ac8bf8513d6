"""Bodies: packed and unpacked, limited before they are read whole, never a bomb."""

import asyncio
import gzip
import zlib

import brotli
import httpx2
import orjson
import pytest

from gateway import bodies
from gateway.answers import WORTH_COMPRESSING
from gateway.bodies import MAX_BODY

pytestmark = pytest.mark.anyio

ME = orjson.dumps({"query": "{ viewer { role } }"})
LARGE = {"query": "{ programme(subject: MATHS, track: PREMIERE) { code label track subject } }"}
BOMB = b'{"query": "' + b" " * 50_000_000


def bare(body: bytes) -> bytes:
    """`deflate` as some clients understand it."""
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return engine.compress(body) + engine.flush()


PACKED = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
}


async def sent(http: httpx2.AsyncClient, body: bytes, encoding: str) -> httpx2.Response:
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    return await http.post("/graphql", content=body, headers=headers)


@pytest.mark.parametrize("encoding", [*PACKED, "GZIP", "identity"])
async def test_a_packed_body_is_read(http: httpx2.AsyncClient, encoding: str) -> None:
    body = PACKED.get(encoding.lower(), bytes)(ME)
    answer = await sent(http, body, encoding)
    assert answer.json() == {"data": {"viewer": {"role": "STUDENT"}}}


async def test_a_body_deflated_without_its_frame_is_read(http: httpx2.AsyncClient) -> None:
    assert (await sent(http, bare(ME), "deflate")).status_code == 200


async def test_members_of_gzip_are_one_body(http: httpx2.AsyncClient) -> None:
    members = gzip.compress(ME[:9]) + gzip.compress(b"") + gzip.compress(ME[9:])
    assert (await sent(http, members, "x-gzip")).status_code == 200


async def test_members_of_gzip_are_bounded_together(http: httpx2.AsyncClient) -> None:
    members = gzip.compress(b" " * (MAX_BODY // 2 + 1)) * 2
    assert (await sent(http, members, "gzip")).status_code == 413


@pytest.mark.parametrize("encoding", PACKED)
async def test_a_large_body_within_the_limit_is_unpacked_whole(
    http: httpx2.AsyncClient, encoding: str
) -> None:
    body = orjson.dumps({"query": "{ viewer { role } }", "extensions": {"x": "é" * 400_000}})
    assert (await sent(http, PACKED[encoding](body), encoding)).status_code == 200


@pytest.mark.parametrize("encoding", PACKED)
async def test_a_bomb_does_not_go_off(http: httpx2.AsyncClient, encoding: str) -> None:
    body = PACKED[encoding](BOMB)
    assert len(body) < MAX_BODY
    assert (await sent(http, body, encoding)).status_code == 413


@pytest.mark.parametrize("encoding", PACKED)
@pytest.mark.parametrize("spoil", [lambda b: b[:-4], lambda b: b"x" + b, lambda b: b + b"xxxx"])
async def test_a_body_that_is_not_packed_as_it_says_is_refused(
    http: httpx2.AsyncClient, encoding: str, spoil
) -> None:
    assert (await sent(http, spoil(PACKED[encoding](ME)), encoding)).status_code == 400


@pytest.mark.parametrize("encoding", ["zstd", "compress", "gzip, gzip", "x"])
async def test_an_unknown_packing_is_refused_and_the_known_ones_are_named(
    http: httpx2.AsyncClient, encoding: str
) -> None:
    answer = await sent(http, ME, encoding)
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "gzip, deflate, br")


async def test_a_body_that_announces_too_much_is_not_read(http: httpx2.AsyncClient) -> None:
    read = 0

    async def body():
        nonlocal read
        read += 1
        yield ME

    headers = {"Content-Type": "application/json", "Content-Length": str(MAX_BODY + 1)}
    answer = await http.post("/graphql", content=body(), headers=headers)
    assert (answer.status_code, read) == (413, 0)
    assert "connection" not in answer.headers  # who is cut off while it sends does not read this


@pytest.mark.parametrize("encoding", ["br", "gzip"])
async def test_an_answer_is_packed_for_who_accepts_it(
    http: httpx2.AsyncClient, encoding: str
) -> None:
    plain = await http.post("/graphql", json=LARGE, headers={"Accept-Encoding": "identity"})
    packed = await http.post("/graphql", json=LARGE, headers={"Accept-Encoding": encoding})
    assert len(plain.content) > WORTH_COMPRESSING
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == encoding
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) // 2
    assert packed.json() == plain.json()
    assert "Accept-Encoding" in plain.headers["vary"]


async def test_a_small_answer_is_sent_as_it_is(http: httpx2.AsyncClient) -> None:
    headers = {"Accept-Encoding": "gzip, br", "Content-Type": "application/json"}
    answer = await http.post("/graphql", content=ME, headers=headers)
    assert "content-encoding" not in answer.headers


async def test_a_body_that_does_not_come_is_not_waited_for(
    http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "PATIENCE", 0.05)

    async def slow():
        yield b"{"
        await asyncio.Event().wait()

    headers = {"Content-Type": "application/json"}
    answer = await http.post("/graphql", content=slow(), headers=headers)
    assert answer.status_code == 408
