"""The words of `graphql-transport-ws`: what a client may say, what it is told, how a socket ends.

Stock clients (graphql-ws, and with it Apollo, urql and GraphiQL) connect again by themselves after
the codes that end in "again", with a token that they ask for anew, and give up after the others.

| code | says | again |
| --- | --- | --- |
| 403 | (HTTP, before the upgrade) pages of this origin may not call | |
| 1009 | a message is larger than a request may be | |
| 1012 | the process stops: come back, another one answers | again |
| 1013 | not now: the database is away, or there are too many of the actor or the address | again |
| 4400 | that is no message of this protocol; the reason says why | |
| 4401 | subscribed before the acknowledgement, no token, or one that nobody trusts | |
| 4403 | the token or its key has ended, or it is now another person's | again |
| 4406 | no subprotocol but `graphql-transport-ws` is spoken | |
| 4408 | no `connection_init` in time, or no sign of life | again |
| 4409 | an operation of that id is under way | |
| 4410 | takes nothing: come back with `afterSeq` | again |
| 4429 | `connection_init` was sent twice | |
"""

from enum import IntEnum
from typing import Any

import orjson
from graphql import GraphQLError

SUBPROTOCOL = "graphql-transport-ws"
LONGEST_REASON = 123  # bytes, what a closing frame holds
LONGEST_ID = 255

ACKNOWLEDGED = '{"type":"connection_ack"}'
PING = '{"type":"ping"}'


class Code(IntEnum):
    """Why a socket ends."""

    STOPPING = 1012
    TRY_AGAIN = 1013
    MALFORMED = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    NO_SUBPROTOCOL = 4406
    TOO_LATE = 4408
    ALREADY_THERE = 4409
    FELL_BEHIND = 4410
    TOO_MANY_INITS = 4429


class Close(Exception):
    """The socket is to be closed."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


def read(event: Any) -> dict[str, Any]:
    """The message in a frame, of a known type and with its parts as they should be, or Close."""
    text = event.get("text")
    if text is None:
        raise _malformed("Messages are text, not binary")
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _malformed("The message is not JSON") from None
    if not isinstance(message, dict):
        raise _malformed("The message must be an object")
    payload: Any = message.get("payload")
    match message.get("type"):
        case "connection_init" | "ping" | "pong" as named:
            if not isinstance(payload, dict | None):
                raise _malformed(f"The payload of {named} must be an object")
        case "subscribe":
            _check_id(message)
            if not isinstance(payload, dict):
                raise _malformed("The payload of subscribe must be an object")
        case "complete":
            _check_id(message)
        case str() as named:
            raise _malformed(f"Clients do not send messages of type {named}")
        case _:
            raise _malformed("The message has no type")
    return message


def _check_id(message: dict[str, Any]) -> None:
    id = message.get("id")
    if not isinstance(id, str) or not 0 < len(id) <= LONGEST_ID:
        raise _malformed(f"`id` must be a text of 1 to {LONGEST_ID} characters")


def _malformed(why: str) -> Close:
    return Close(Code.MALFORMED, why)


def token_in(payload: dict[str, Any] | None) -> str | None:
    """The token that a payload carries, in one of the ways that clients write it."""
    given = payload or {}
    for name in ("authorization", "Authorization", "token"):
        value: Any = given.get(name)
        if isinstance(value, str) and value.strip():
            scheme, _, rest = value.strip().partition(" ")
            return rest.strip() if scheme.lower() == "bearer" else value.strip()
    return None


def pong(payload: dict[str, Any] | None) -> str:
    answer = {"type": "pong"} if payload is None else {"type": "pong", "payload": payload}
    return orjson.dumps(answer).decode()


def opening_of_next(id: str) -> str:
    """What stands before the answer, as JSON text, in a `next`; a brace stands after it."""
    return f'{{"id":{_quoted(id)},"type":"next","payload":'


def complete(id: str) -> str:
    return f'{{"id":{_quoted(id)},"type":"complete"}}'


def error(id: str, errors: list[GraphQLError]) -> str:
    payload = [each.formatted for each in errors]
    return orjson.dumps({"id": id, "type": "error", "payload": payload}).decode()


def closing(close: Close) -> dict[str, Any]:
    """The ASGI event that closes a socket, the reason cut to what a frame holds."""
    reason = close.reason.encode()[:LONGEST_REASON].decode(errors="ignore")
    return {"type": "websocket.close", "code": int(close.code), "reason": reason}


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()
