"""An answer or a refusal as it will be sent, before it is packed for who takes it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from gateway import answers
from gateway.refusals import Rejected, refusal


class Written(NamedTuple):
    """An answer or a refusal as it will be sent."""

    body: bytes
    status: int
    headers: Mapping[str, str] = MappingProxyType({})
    kept: str | None = None  # by what these bytes are known to us
    tag: str | None = None  # where a client may keep it, and ask whether it still holds


def rejection(rejected: Rejected, media_type: str | None) -> Written:
    status = answers.status_of_rejection(rejected, media_type)
    return Written(answers.rejection(rejected.errors), status, rejected.headers)


def broken(request_id: str) -> Rejected:
    """What a client is told of a fault that nothing else has caught."""
    told = refusal("the server failed", "INTERNAL_SERVER_ERROR", requestId=request_id)
    return Rejected([told], 500)
