"""From what a client sent to the operation it asks for; Rejected when it is no GraphQL request."""

from typing import Any

from gateway.execution import Operation, Rejected, refusal


def operation_of(given: Any) -> Operation:
    """The operation that a JSON object asks for, over whichever transport it came."""
    if not isinstance(given, dict):
        raise malformed("the request must be a JSON object")
    query: Any = given.get("query")
    variables: Any = given.get("variables")
    name: Any = given.get("operationName")
    if not isinstance(query, str):
        raise malformed("`query` must be a text")
    if variables is not None and not isinstance(variables, dict):
        raise malformed("`variables` must be an object")
    if name is not None and not isinstance(name, str):
        raise malformed("`operationName` must be a text")
    if not isinstance(given.get("extensions", {}), dict | None):
        raise malformed("`extensions` must be an object")
    return Operation(query, variables or {}, name or None, given.get("extensions") or {})


def malformed(message: str) -> Rejected:
    return Rejected([refusal(message, "BAD_REQUEST")])
