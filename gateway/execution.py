"""Running one operation: document to answer, with every error in a form a client may see."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import asyncpg
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    execute,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from resolvers.context import Context
from schema import schema

log = logging.getLogger("nexus")

MAX_TOKENS = 5_000  # of one document; the trusted ones have a few hundred
MAX_DEPTH = 50  # fields inside fields, fragments included: far less than JSON can nest
KEPT_DOCUMENTS = 512
PATIENCE = 15.0  # seconds an operation may take
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
CONTRACT = schema._schema  # strawberry keeps graphql-core's schema here


class Rejected(Exception):
    """The request is no operation of ours: nothing was run."""

    def __init__(self, errors: list[GraphQLError], status: int = 400) -> None:
        super().__init__(errors[0].message if errors else "")
        self.errors = errors
        self.status = status
        self.headers: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Operation:
    """What a client asks for."""

    query: str
    variables: Mapping[str, Any]
    name: str | None
    extensions: Mapping[str, Any] = field(default_factory=dict)
    resume: int | None = None
    """The last `seq` that a client was sent before its stream was cut: goes before `afterSeq`."""


def refusal(message: str, code: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})


@lru_cache(maxsize=KEPT_DOCUMENTS)
def _prepared(query: str, *, introspection: bool) -> DocumentNode | tuple[GraphQLError, ...]:
    """Parse and validate once for each text; errors are kept too."""
    try:
        document = parse(query, max_tokens=MAX_TOKENS)
        rules = specified_rules
        if not introspection:
            rules = (*rules, NoSchemaIntrospectionCustomRule)
        errors = validate(CONTRACT, document, rules) or _too_deep(document)
    except GraphQLError as error:
        return (coded(error, "GRAPHQL_PARSE_FAILED"),)
    except RecursionError:
        return (refusal("the document is nested too deeply", "GRAPHQL_PARSE_FAILED"),)
    if errors:
        return tuple(coded(error, "GRAPHQL_VALIDATION_FAILED") for error in errors)
    return document


def _too_deep(document: DocumentNode) -> list[GraphQLError]:
    """What to say of a valid document whose answer would nest without measure."""
    fragments = {
        node.name.value: node.selection_set
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    depths: dict[str, int] = {}

    def depth(selected: SelectionSetNode | None) -> int:
        if selected is None:
            return 0
        return max(map(below, selected.selections))

    def below(node: SelectionNode) -> int:
        if isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if name not in depths:
                depths[name] = depth(fragments[name])
            return depths[name]
        if isinstance(node, FieldNode):
            return 1 + depth(node.selection_set)
        return depth(node.selection_set) if isinstance(node, InlineFragmentNode) else 0

    return [
        GraphQLError(f"fields nest deeper than {MAX_DEPTH} levels", nodes=node)
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode) and depth(node.selection_set) > MAX_DEPTH
    ]


def coded(error: GraphQLError, code: str) -> GraphQLError:
    return GraphQLError(
        error.message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions={"code": code, **(error.extensions or {})},
    )


def prepared(
    operation: Operation, *, introspection: bool, streams: bool = False
) -> tuple[DocumentNode, OperationDefinitionNode]:
    """The document and the operation it runs; Rejected when there is none.

    A subscription is one only where the transport can stream.
    """
    try:
        operation.query.encode()
    except UnicodeEncodeError:
        message = "the document holds half of a surrogate pair"
        raise Rejected([refusal(message, "GRAPHQL_PARSE_FAILED")]) from None
    found = _prepared(operation.query, introspection=introspection)
    if isinstance(found, tuple):
        raise Rejected(list(found))
    node = get_operation_ast(found, operation.name)
    if node is None:
        message = "`operationName` must name one of the document's operations"
        raise Rejected([refusal(message, "OPERATION_RESOLUTION_FAILURE")])
    if node.operation is OperationType.SUBSCRIPTION and not streams:
        raise Rejected([refusal("subscriptions need a stream", "BAD_REQUEST")])
    return found, node


def asks_nothing(node: OperationDefinitionNode) -> bool:
    """Whether only `__typename` is selected: the one thing that needs no token."""
    return all(
        isinstance(selection, FieldNode) and selection.name.value == "__typename"
        for selection in node.selection_set.selections
    )


async def run(
    document: DocumentNode, operation: Operation, context: Context | None, root: Any = None
) -> ExecutionResult:
    """Execute; errors come back masked unless they are meant for the client.

    No context is needed where nothing but `__typename` is asked. `root` is the event that a
    subscription's operation is executed for.
    """
    changes = any(
        isinstance(node, OperationDefinitionNode) and node.operation is OperationType.MUTATION
        for node in document.definitions
    )
    try:
        # a change has a limit for each of its roots: what was committed must be told
        async with asyncio.timeout(None if changes else PATIENCE):
            found = execute(
                CONTRACT,
                document,
                root_value=root,
                context_value=context,
                variable_values=dict(operation.variables),
                operation_name=operation.name,
            )
            result = found if isinstance(found, ExecutionResult) else await found
    except TimeoutError:
        message = f"the operation took longer than {PATIENCE:g} s"
        return ExecutionResult(None, [refusal(message, "TIMEOUT")])
    finally:
        if context is not None:
            context.reader.call_off()
    errors = [*(result.errors or ()), *(context.faults if context else ())]
    if not errors:
        return result
    request_id = context.request_id if context else ""
    return ExecutionResult(result.data, [told(error, request_id) for error in errors])


def _is_the_clients(error: GraphQLError) -> bool:
    """Whether graphql-core found fault with the request, and not with what a resolver returned."""
    refused = "code" in (error.extensions or {})
    return refused or error.path is None or error.message.startswith("Argument ")


def _beneath(cause: BaseException | None) -> BaseException | None:
    """What the driver said, where SQLAlchemy says it again in its own words."""
    if isinstance(cause, DBAPIError) and cause.orig is not None:
        return cause.orig.__cause__ or cause.orig
    return cause


def told(error: GraphQLError, request_id: str) -> GraphQLError:
    """What the client learns of an error: all of its own, and of a fault of ours only the id."""
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if isinstance(cause, GraphQLError | None) and _is_the_clients(error):
        return coded(error, "BAD_USER_INPUT")
    message, code = "the server failed", "INTERNAL_SERVER_ERROR"
    told_by = _beneath(cause)
    if isinstance(told_by, TOO_LONG):
        message, code = "the database took too long", "TIMEOUT"
    elif isinstance(told_by, AWAY):
        message, code = "the database cannot be reached", "UNAVAILABLE"
    if isinstance(told_by, asyncpg.PostgresError):
        # not its text: it may repeat a row, and a row is a pupil's
        kind, constraint = type(told_by).__name__, getattr(told_by, "constraint_name", None)
        log.error(
            "request %s: %s at %s: %s %s", request_id, code, error.path, kind, constraint or ""
        )
    else:
        log.error("request %s: %s at %s", request_id, code, error.path, exc_info=cause)
    return GraphQLError(
        message,
        nodes=error.nodes,
        path=error.path,
        extensions={"code": code, "requestId": request_id},
    )
