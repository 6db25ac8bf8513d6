"""`/graphql` over HTTP: reads a request, runs it for its viewer, writes the answer."""

from datetime import UTC, datetime
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError, OperationType
from starlette.requests import Request
from starlette.responses import Response

from gateway import ide
from gateway.auth import Authenticator, Session, Unauthenticated
from gateway.cost import affordable
from gateway.execution import Operation, Rejected, asks_nothing, prepared, refusal, run
from gateway.requests import operation_of
from gateway.settings import Settings
from gateway.streams import single, sse
from gateway.streams.answering import Asked, refused, subscribed
from gateway.streams.opening import encoded
from resolvers.context import Context

MAX_BODY = 1_000_000  # bytes
SPOKEN = ("application/graphql-response+json", "application/json")


async def endpoint(request: Request) -> Response:
    """Answer a GraphQL request, or show GraphiQL to a browser."""
    if request.method == "GET" and "query" not in request.query_params and _browses(request):
        return ide.page()
    accept = request.headers.get("accept")
    media_type = _media_type(accept)
    request.state.understood = False
    try:
        if single.manages(request):
            return await single.managed(request, _known(await _session(request)))
        answer = await _answer(request, await _operation(request))
    except Rejected as rejected:
        result = ExecutionResult(None, rejected.errors)
        if rejected.status == 400 and request.state.understood and sse.takes_nothing_else(accept):
            return sse.once(refused(rejected.errors))
        # application/json is the media type of clients that take any other status for a broken link
        legacy = rejected.status == 400 and media_type == "application/json"
        forgives = request.state.understood and not single.names_one(request)
        status = 200 if legacy and forgives else rejected.status
        return _response(result, status, media_type, dict(rejected.headers))
    if isinstance(answer, Response):
        return answer
    if sse.takes_nothing_else(accept):
        return sse.once(encoded(answer))
    return _response(answer, 200, media_type, {})


async def _answer(request: Request, operation: Operation) -> ExecutionResult | Response:
    settings: Settings = request.app.state.settings
    session = await _session(request)
    document, node = prepared(operation, introspection=settings.introspects, streams=True)
    if request.method == "GET" and node.operation is OperationType.MUTATION:
        raise _rejected("GET runs queries only", "METHOD_NOT_ALLOWED", 405, {"Allow": "POST"})
    affordable(document, node, operation.variables)
    if session is None and asks_nothing(node) and not single.names_one(request):
        return await run(document, operation, None)
    asked = Asked(document, node, operation, _known(session), request.state.request_id)

    async def result() -> ExecutionResult:
        context: Context = request.app.state.context(
            viewer=asked.viewer,
            clock=datetime.now(UTC),
            request_id=asked.request_id,
            idempotency_key=request.headers.get("idempotency-key") or None,
        )
        return await run(document, operation, context)

    if single.names_one(request):
        return single.accepted(request, asked, result)
    if node.operation is OperationType.SUBSCRIPTION:
        return await subscribed(request, asked)
    return await result()


async def _session(request: Request) -> Session | None:
    authenticator: Authenticator = request.app.state.authenticator
    try:
        given = request.headers.get("authorization")
        return await authenticator.bearer(given, datetime.now(UTC))
    except Unauthenticated as error:
        raise _unauthenticated(str(error)) from error


def _known(session: Session | None) -> Session:
    if session is None:
        raise _unauthenticated("a token is needed: Authorization: Bearer <token>")
    return session


def _rejected(
    message: str, code: str, status: int = 400, headers: dict[str, str] | None = None
) -> Rejected:
    rejected = Rejected([refusal(message, code)], status)
    rejected.headers = headers or {}
    return rejected


def _unauthenticated(message: str) -> Rejected:
    return _rejected(message, "UNAUTHENTICATED", 401, {"WWW-Authenticate": 'Bearer realm="nexus"'})


async def _operation(request: Request) -> Operation:
    """What the request asks for; Rejected when it is not the request of an operation."""
    if request.method == "GET":
        given: Any = dict(request.query_params)
        for part in ("variables", "extensions"):
            if part in given:
                given[part] = _json(given[part].encode("utf-8", "replace"), f"`{part}`")
    else:
        declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if declared != "application/json":
            raise _rejected("the content type must be application/json", "BAD_REQUEST", 415)
        given = _json(await _body(request), "the body")
    operation = operation_of(given)
    request.state.understood = True
    return operation


def _json(raw: bytes, what: str) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _rejected(f"{what} is not JSON: {error}", "BAD_REQUEST") from None
    except RecursionError:
        raise _rejected(f"{what} is nested too deeply", "BAD_REQUEST") from None


async def _body(request: Request) -> bytes:
    """The body, given up as soon as it is too large."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            raise _rejected(f"the body is larger than {MAX_BODY} bytes", "TOO_LARGE", 413)
        parts.append(part)
    return b"".join(parts)


def _browses(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return "text/html" in accept and not any(spoken in accept for spoken in SPOKEN)


def _media_type(accept: str | None) -> str:
    """The newer media type for those who know it, JSON for all others."""
    return SPOKEN[0] if accept and SPOKEN[0] in accept else SPOKEN[1]


def _response(
    result: ExecutionResult, status: int, media_type: str, headers: dict[str, str]
) -> Response:
    # without `data` when nothing was executed: the specification tells the two apart by it
    answer: dict[str, Any] = {} if result.data is None and status != 200 else {"data": result.data}
    if result.errors:
        answer = {"errors": [_formatted(error) for error in result.errors], **answer}
    body = orjson.dumps(answer)
    vary = {"Vary": "Accept, Authorization", "Cache-Control": "private, no-store"}
    return Response(body, status, {**vary, **headers}, f"{media_type}; charset=utf-8")


def _formatted(error: GraphQLError) -> dict[str, Any]:
    return dict(error.formatted)
