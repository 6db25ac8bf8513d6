"""From an HTTP request to the operations it asks for; Rejected when it is no GraphQL request."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from gateway import bodies
from gateway.documents import Operation
from gateway.incoming import Incoming
from gateway.negotiation import is_json
from gateway.refusals import malformed
from gateway.trusted.policy import Resolve

ALLOWED = "GET, HEAD, POST, PUT, DELETE, OPTIONS"
READING = ("GET", "HEAD")
PARAMETERS = ("query", "documentId", "variables", "operationName", "extensions")


@dataclass(frozen=True, slots=True)
class Asked:
    """The operations of one request, in order; more than one only in a batch."""

    operations: tuple[Operation, ...]
    batch: bool = False


async def asked(request: Incoming, resolve: Resolve, *, batch_size: int = 0) -> Asked:
    """What a request asks for. Arrays are taken where batches are, of `batch_size` at most."""
    if request.method in READING:
        return Asked((operation_of(_from_url(request), resolve),))
    if request.method != "POST":
        raise malformed("use GET or POST", 405, "METHOD_NOT_ALLOWED", {"Allow": ALLOWED})
    if not is_json(request.headers.get("content-type")):
        message = "the content type must be application/json, in UTF-8"
        raise malformed(message, 415, headers={"Accept-Post": "application/json"})
    given = _json(await bodies.read(request), "the body")
    if not isinstance(given, list):
        return Asked((operation_of(given, resolve),))
    if not batch_size:
        raise malformed("the body must be a JSON object: batches are not taken")
    if not 1 <= len(given) <= batch_size:
        raise malformed(f"a batch holds 1 to {batch_size} requests")
    return Asked(tuple(operation_of(each, resolve) for each in given), batch=True)


def operation_of(given: Any, resolve: Resolve) -> Operation:
    """The operation that a JSON object asks for, over whichever transport it came.

    `resolve` finds its document, and whether that may run (`gateway/trusted/policy.py`).
    """
    if not isinstance(given, dict):
        raise malformed("the request must be a JSON object")
    variables: Any = given.get("variables")
    name: Any = given.get("operationName")
    if variables is not None and not isinstance(variables, dict):
        raise malformed("`variables` must be an object")
    if name is not None and not isinstance(name, str):
        raise malformed("`operationName` must be a text")
    if not isinstance(given.get("extensions", {}), dict | None):
        raise malformed("`extensions` must be an object")
    sent = resolve(given)
    extensions = given.get("extensions") or {}
    return Operation(sent.text, variables or {}, name or None, sent.trusted, extensions)


def _from_url(request: Incoming) -> Mapping[str, Any]:
    """The parameters of a GET; one given twice would mean one thing here and another in a cache."""
    given: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name in given and name in PARAMETERS:
            raise malformed(f"`{name}` is given twice")
        given[name] = value
    for part in ("variables", "extensions"):
        if part in given:
            given[part] = _json(given[part].encode("utf-8", "replace"), f"`{part}`")
    return given


def _json(raw: bytes, what: str) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise malformed(f"{what} is not JSON: {error}") from None
    except RecursionError:
        raise malformed(f"{what} is nested too deeply") from None
