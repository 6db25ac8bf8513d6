"""A fault that nothing foresaw: the client learns an id, the log everything else."""

import logging

import httpx2
import pytest

from gateway import operations

pytestmark = pytest.mark.anyio


async def test_a_fault_is_an_answer_with_an_id_and_nothing_more(
    http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def breaks(*_given: object, **_told: object) -> None:
        raise RuntimeError("secret db host")

    monkeypatch.setattr(operations, "run", breaks)
    body = {"query": "{ viewer { id } }"}
    with caplog.at_level(logging.ERROR):
        answer = await http.post("/graphql", json=body, headers={"X-Request-Id": "abc"})
    assert answer.status_code == 500
    assert answer.json() == {
        "errors": [
            {
                "message": "the server failed",
                "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": "abc"},
            }
        ]
    }
    assert "secret db host" in caplog.text
