"""Writing answers: ready bytes pass through, results are written, large ones are packed."""

import gzip

import brotli
import orjson
import pytest
from graphql import ExecutionResult, GraphQLError

from gateway.answers import IN_A_THREAD, body_of, response, status_of
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
