"""From a text to an operation that may run: parsed, limited and validated, once for each text.

`prepared` is where a text enters. What it returns is shared by all runs of the text, so that paths
of `gateway/execution.py` may keep what they make of an operation beside it.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)

from gateway.deferred.directives import Deferral, deferral
from gateway.document_limits import Limits, check
from gateway.pricing import Price, priced
from gateway.refusals import Rejected, coded, refusal
from schema import schema

CONTRACT = schema._schema  # strawberry keeps graphql-core's schema here

KEPT_DOCUMENTS = 512
KEPT_CHARACTERS = 2_000_000  # of all their texts: a tree takes some fifty times as much memory
LONGEST_OF_NOBODY = 1_000  # characters, where the schema is closed: there is little to ask then
MOST_ERRORS = 10  # told of one document: each may repeat a large value
META = {"__typename", "__schema", "__type"}


@dataclass(frozen=True, slots=True)
class Operation:
    """What a client asks for."""

    query: str = field(repr=False)
    variables: Mapping[str, Any] = field(repr=False)
    name: str | None
    trusted: bool = False  # asked for by the id of a trusted document
    extensions: Mapping[str, Any] = field(default_factory=dict, repr=False)
    resume: int | None = None
    """The last `seq` that a client was sent before its stream was cut: goes before `afterSeq`."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Prepared:
    """An operation that may run, and what was found out about it once for all its runs."""

    id: str  # SHA-256 of the text, in hexadecimal
    document: DocumentNode
    node: OperationDefinitionNode
    price: Price
    anonymous: bool  # nothing is asked that needs a viewer
    deferral: Deferral | None = None  # what of it may follow later

    @property
    def kind(self) -> OperationType:
        return self.node.operation

    @property
    def name(self) -> str | None:
        return self.node.name.value if self.node.name else None


@dataclass(frozen=True, slots=True)
class _Kept:
    """A document that may run, and those of its operations that were asked for."""

    id: str
    document: DocumentNode
    operations: dict[str | None, Prepared] = field(default_factory=dict)


class Documents:
    """The documents that may run, those used last; bounded in number and in size."""

    def __init__(self, *, open_schema: bool, limits: Limits | None = None) -> None:
        self._open = open_schema
        self._limits = limits or Limits()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._characters = 0
        self._pinned: dict[str, _Kept] = {}

    def pin(self, text: str, document: DocumentNode) -> list[Prepared]:
        """Keep a document that was validated already, for good; what its operations are."""
        self._pinned[text] = _Kept(sha256(text.encode()).hexdigest(), document)
        return [
            self.prepared(Operation(text, {}, node.name.value))
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode) and node.name
        ]

    def prepared(self, operation: Operation, *, anonymous: bool = False) -> Prepared:
        """What an operation of a text is; Rejected when it cannot run.

        Where the schema is not open, who has no token learns nothing of it: not even whether a
        field exists.
        """
        kept = self._pinned.get(operation.query) or self._kept.get(operation.query)
        if kept is None:
            if anonymous and not self._open and len(operation.query) > LONGEST_OF_NOBODY:
                raise unauthenticated()
            document = parsed(operation.query, self._limits)
            if anonymous and not self._open and not asks_no_viewer(chosen(document, operation)):
                raise unauthenticated()
            self._validate(document)
            kept = _Kept(sha256(operation.query.encode()).hexdigest(), document)
            self._keep(operation.query, kept)
        elif operation.query in self._kept:
            self._kept.move_to_end(operation.query)
        found = kept.operations.get(operation.name)
        if found is None:
            node = chosen(kept.document, operation)
            name = node.name.value if node.name else None
            found = kept.operations.get(name)  # the only one need not be named
            if found is None:
                price = priced(CONTRACT, kept.document, node)
                later = deferral(kept.document, node)
                found = Prepared(kept.id, kept.document, node, price, asks_no_viewer(node), later)
            kept.operations[operation.name] = kept.operations[name] = found
        return found

    def _validate(self, document: DocumentNode) -> None:
        rules = specified_rules
        if not self._open:
            rules = (*rules, NoSchemaIntrospectionCustomRule)
        most = MOST_ERRORS if self._open else 1
        errors = validate(
            CONTRACT, document, rules, max_errors=most, hide_suggestions=not self._open
        )
        if errors and not self._open:
            # which field was wrong, and where, would tell the schema word by word
            errors = [GraphQLError("the document does not fit the schema")]
        if errors:
            raise Rejected([coded(error, "GRAPHQL_VALIDATION_FAILED") for error in errors])

    def _keep(self, text: str, kept: _Kept) -> None:
        self._kept[text] = kept
        self._characters += len(text)
        while len(self._kept) > KEPT_DOCUMENTS or self._characters > KEPT_CHARACTERS:
            forgotten, _ = self._kept.popitem(last=False)
            self._characters -= len(forgotten)


def parsed(text: str, limits: Limits) -> DocumentNode:
    """The tree of a text that is within all limits; Rejected where it is not."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise Rejected([unparsed("the document holds half of a surrogate pair")]) from None
    if size > limits.text:
        raise Rejected([unparsed(f"the document is larger than {limits.text} bytes")])
    try:
        document = parse(text, max_tokens=limits.tokens)
    except GraphQLError as error:
        raise Rejected([coded(error, "GRAPHQL_PARSE_FAILED")]) from None
    except RecursionError:
        raise Rejected([unparsed("the document is nested too deeply")]) from None
    check(document, limits)
    return document


def unparsed(message: str) -> GraphQLError:
    return refusal(message, "GRAPHQL_PARSE_FAILED")


def chosen(document: DocumentNode, operation: Operation) -> OperationDefinitionNode:
    """The operation of a document that is to run."""
    node = get_operation_ast(document, operation.name)
    if node is None:
        message = "`operationName` must name one of the document's operations"
        raise Rejected([refusal(message, "OPERATION_RESOLUTION_FAILURE")])
    return node


def asks_no_viewer(node: OperationDefinitionNode) -> bool:
    """Whether only the schema is asked about: the one thing that needs no token."""
    return node.operation is OperationType.QUERY and all(
        isinstance(selection, FieldNode) and selection.name.value in META
        for selection in node.selection_set.selections
    )


def unauthenticated(message: str = "a token is needed: Authorization: Bearer <token>") -> Rejected:
    challenge = {"WWW-Authenticate": 'Bearer realm="nexus"'}
    return Rejected([refusal(message, "UNAUTHENTICATED")], 401, challenge)
