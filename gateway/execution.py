"""Running one operation: prepared document to answer, with every error in a form a client may see.

`run` bounds the time, `_answered` chooses the path. What a path answers is either a result, which
`gateway/answers.py` writes as JSON, or the ready bytes of the body, which it passes through: a path
that makes bytes (compiled, versioned) hooks in at the top of `_answered` and returns
`Answer(body, path, statements, headers)`; all else goes on to the reference path.
"""

import asyncio
import logging
import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Protocol

import asyncpg
from graphql import ExecutionResult, GraphQLError, OperationType
from graphql.execution import Executor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from strawberry.exceptions import StrawberryInputCoercionError

from gateway.breadth import executed
from gateway.compiled.plans import Answered
from gateway.completing import is_awaitable
from gateway.documents import CONTRACT, MOST_ERRORS, Operation, Prepared
from gateway.refusals import coded, refusal
from resolvers.context import Context

log = logging.getLogger("nexus")

PATIENCE = 15.0  # seconds an operation may take
LONGEST = 300  # characters of a message, which may repeat what was sent
MISFIT = re.compile(r"(?:Variable|Argument) '[^']*' has invalid value(?: at [^:]*)?")
TOO_LONG = (
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    NoConnectionFree,
    TimeoutError,
)
AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # it stops, or is not up yet
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg says of a connection that was cut under it
)

Path = Literal["reference", "compiled", "versioned"]


class Plans(Protocol):
    """Answers with ready bytes, or leaves the operation to the reference path."""

    async def answer(
        self, prepared: Prepared, variables: Mapping[str, Any], context: Context
    ) -> Answered | None: ...


class Answer(NamedTuple):
    """What an operation came to: a result still to be written, or the whole body, ready to send.

    A ready body is one JSON object, `{"data":…}`, without errors: a path that meets one gives up,
    and the reference path says what went wrong.
    """

    content: ExecutionResult | bytes
    path: Path = "reference"
    statements: int = 0
    tag: str | None = None  # what a client may ask with whether it has these bytes already

    @property
    def errors(self) -> list[GraphQLError]:
        return [] if isinstance(self.content, bytes) else self.content.errors or []

    @property
    def executed(self) -> bool:
        """Whether anything was run: variables that do not fit are found out before."""
        return (
            isinstance(self.content, bytes)
            or self.content.data is not None
            or not self.errors
            or any(error.path is not None or _is_timeout(error) for error in self.errors)
        )


def _is_timeout(error: GraphQLError) -> bool:
    return (error.extensions or {}).get("code") == "TIMEOUT"


async def run(
    prepared: Prepared,
    operation: Operation,
    context: Context | None,
    *,
    root: Any = None,
    plans: Plans | None = None,
    patience: float = PATIENCE,
    began: float | None = None,
    suggestions: bool = True,
) -> Answer:
    """Answer an operation; errors come back masked unless they are meant for the client.

    `root` is the event that a subscription's operation is executed for; `began` is when its time
    began to run, by the loop's clock, where that is not now.

    No context is needed where nothing but the schema is asked about. A change has no limit but that
    of each of its roots (`resolvers/mutations.py`): what was committed must be told.
    """
    began = asyncio.get_running_loop().time() if began is None else began
    limit = None if prepared.kind is OperationType.MUTATION else began + patience
    try:
        async with asyncio.timeout_at(limit):
            return await _answered(
                prepared, operation, context, root, plans, suggestions=suggestions
            )
    except TimeoutError:
        return late(patience, context.reader.statements if context else 0)
    finally:
        if context is not None:
            context.reader.stop()


def late(patience: float, statements: int = 0) -> Answer:
    """The answer of an operation that took longer than it may, in seconds."""
    message = f"the operation took longer than {patience:g} s"
    return Answer(ExecutionResult(None, [refusal(message, "TIMEOUT")]), "reference", statements)


async def _answered(
    prepared: Prepared,
    operation: Operation,
    context: Context | None,
    root: Any,
    plans: Plans | None,
    *,
    suggestions: bool,
) -> Answer:
    """The answer by the first path that has one."""
    if plans is not None and context is not None:
        found = await plans.answer(prepared, operation.variables, context)
        if found is not None:
            return Answer(found.body, found.path, found.statements, found.tag)
    result = await _reference(prepared, operation, context, root, suggestions=suggestions)
    return Answer(result, "reference", context.reader.statements if context else 0)


async def _reference(
    prepared: Prepared,
    operation: Operation,
    context: Context | None,
    root: Any,
    *,
    suggestions: bool,
) -> ExecutionResult:
    """Batched loaders, breadth first where all goes well, else by graphql-core: always right."""
    executor = Executor.build(
        CONTRACT,
        prepared.document,
        root_value=root,
        context_value=context,
        raw_variable_values=dict(operation.variables),
        operation_name=operation.name,
        is_awaitable=is_awaitable,
        hide_suggestions=not suggestions,
        max_coercion_errors=MOST_ERRORS if suggestions else 1,
    )
    if isinstance(executor, list):
        result = ExecutionResult(None, executor)
    else:
        result = await executed(prepared, executor)
    errors = [*(result.errors or ()), *(context.faults if context else ())]
    if not errors:
        return result
    request_id = context.request_id if context else ""
    shown = [told(error, request_id, explains=suggestions) for error in errors]
    return ExecutionResult(result.data, shown)


def _is_the_clients(error: GraphQLError) -> bool:
    """Whether graphql-core found fault with the request, and not with what a resolver returned."""
    refused = "code" in (error.extensions or {})
    return refused or error.path is None or error.message.startswith("Argument ")


def _beneath(cause: BaseException | None) -> BaseException | None:
    """What the driver said, where SQLAlchemy says it again in its own words."""
    if isinstance(cause, DBAPIError) and cause.orig is not None:
        return cause.orig.__cause__ or cause.orig
    return cause


def _unexplained(message: str) -> str:
    """Which value does not fit, and where; not its type, which the schema would be learnt from."""
    found = MISFIT.match(message)
    return f"{found[0]}: it does not fit its type" if found else message


def told(error: GraphQLError, request_id: str, *, explains: bool = True) -> GraphQLError:
    """What the client learns of an error: its own, cut short, and of a fault of ours only the id.

    `explains` says that it may learn what the types are.
    """
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if isinstance(cause, StrawberryInputCoercionError):
        error = GraphQLError(str(cause), nodes=error.nodes, path=error.path)
        return coded(error, "BAD_USER_INPUT", longest=LONGEST)
    if isinstance(cause, GraphQLError | None) and _is_the_clients(error):
        if not explains:
            error.message = _unexplained(error.message)
        return coded(error, "BAD_USER_INPUT", longest=LONGEST)
    message, code = "the server failed", "INTERNAL_SERVER_ERROR"
    told_by = _beneath(cause)
    if isinstance(told_by, TOO_LONG):
        message, code = "the database took too long", "TIMEOUT"
    elif isinstance(told_by, AWAY):
        message, code = "the database cannot be reached", "UNAVAILABLE"
    asked = {"request_id": request_id}
    unfit = isinstance(told_by, asyncpg.InterfaceError) and isinstance(told_by, ValueError)
    if isinstance(told_by, asyncpg.PostgresError) or unfit:
        # not its text: it may repeat a row, or an argument, and those are a pupil's
        kind, constraint = type(told_by).__name__, getattr(told_by, "constraint_name", None)
        log.error("%s at %s: %s %s", code, error.path, kind, constraint or "", extra=asked)
    else:
        log.error("%s at %s", code, error.path, exc_info=cause, extra=asked)
    return GraphQLError(
        message,
        nodes=error.nodes,
        path=error.path,
        extensions={"code": code, "requestId": request_id},
    )
