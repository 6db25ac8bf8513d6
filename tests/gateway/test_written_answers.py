"""Writing answers: ready bytes pass through, results are written, large ones are packed."""

import gzip

import brotli
import orjson
import pytest
from graphql import ExecutionResult, GraphQLError

from gateway import answers
from gateway.answers import IN_A_THREAD, Packed, body_of, response, status_of
from gateway.execution import Answer
from gateway.negotiation import LEGACY, RESPONSE

pytestmark = pytest.mark.anyio

READY = b'{"data":{"viewer":{"id":"\xc3\xa9"}}}'
MISFIT = GraphQLError("Variable '$n' got invalid value")
BELOW = GraphQLError("not allowed", path=["viewer"])


def test_ready_bytes_are_sent_as_they_are() -> None:
    assert body_of(Answer(READY, "compiled", 1)) is READY
    assert status_of(Answer(READY, "compiled", 1), RESPONSE) == 200


def test_extensions_stand_beside_ready_data() -> None:
    told = {"cost": {"estimated": 1}}
    assert orjson.loads(body_of(Answer(READY, "compiled"), told)) == {
        "data": {"viewer": {"id": "é"}},
        "extensions": told,
    }


@pytest.mark.parametrize(
    ("result", "written", "status"),
    [
        (ExecutionResult({"a": 1}), {"data": {"a": 1}}, 200),
        (ExecutionResult(None), {"data": None}, 200),
        (
            ExecutionResult(None, [BELOW]),
            {"errors": [{"message": "not allowed", "path": ["viewer"]}], "data": None},
            200,
        ),
        (ExecutionResult(None, [MISFIT]), {"errors": [{"message": MISFIT.message}]}, 400),
    ],
    ids=["data", "null", "null for an error", "never run"],
)
def test_by_data_a_client_tells_what_was_run(
    result: ExecutionResult, written: object, status: int
) -> None:
    answer = Answer(result)
    assert orjson.loads(body_of(answer)) == written
    assert (status_of(answer, RESPONSE), status_of(answer, LEGACY)) == (status, 200)


@pytest.mark.parametrize(
    ("encoding", "unpack"), [("gzip", gzip.decompress), ("br", brotli.decompress)]
)
@pytest.mark.parametrize("size", [2_000, 2 * IN_A_THREAD])
async def test_an_answer_unpacks_to_what_it_was(encoding: str, unpack, size: int) -> None:
    body = orjson.dumps({"data": "é" * size})
    packed = await response(body, 200, LEGACY, accept_encoding=encoding)
    assert unpack(packed.body) == body
    assert packed.headers["content-length"] == str(len(packed.body))


async def test_headers_of_a_path_go_before_the_usual_ones() -> None:
    sent = await response(READY, 200, LEGACY, headers={"Cache-Control": "private", "ETag": '"1"'})
    assert (sent.headers["cache-control"], sent.headers["etag"]) == ("private", '"1"')


@pytest.mark.parametrize("encoding", ["gzip", "br"])
async def test_a_kept_answer_is_packed_once_for_each_encoding(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = Packed()
    monkeypatch.setattr(answers, "_PACKED", packed)
    body = orjson.dumps({"data": "é" * 2_000})
    first, second, other = [
        await response(body, 200, LEGACY, accept_encoding=encoding, kept=kept)
        for kept in ("one", "one", "another")
    ]
    assert second.body is first.body
    assert (other.body, other.body is first.body) == (first.body, False)


async def test_what_is_packed_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Packed, "ROOM", 100)
    packed = Packed()
    bodies = [bytes([number]) * 2_000 for number in range(50)]
    for number, body in enumerate(bodies):
        assert gzip.decompress(await packed.of(body, "gzip", str(number))) == body
    assert len(packed) < 10
