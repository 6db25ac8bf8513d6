"""The texts of a document: as it was written, and as Apollo Client prints it.

Apollo Client adds `__typename` to every object, sorts the definitions, and hashes what it prints.
Who trusts a document trusts that text of it too: it reads nothing but the same fields.
"""

from hashlib import sha256
from typing import Any

from graphql import (
    DefinitionNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    NameNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Visitor,
    print_ast,
    separate_operations,
    visit,
)

TYPENAME = FieldNode(
    name=NameNode(value="__typename"), alias=None, directives=(), arguments=(), selection_set=None
)


def digest(text: str) -> str:
    """The id of a text."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def operations(document: DocumentNode) -> list[OperationDefinitionNode]:
    return [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]


def named(document: DocumentNode) -> tuple[str, ...]:
    """The names of a document's operations, in its order."""
    return tuple(node.name.value for node in operations(document) if node.name)


def apollo_texts(document: DocumentNode) -> dict[str, str]:
    """What Apollo Client makes of each operation, by its name."""
    return {
        name: print_ast(_sorted(visit(alone, _Typenames())))
        for name, alone in separate_operations(document).items()
    }


class _Typenames(Visitor):
    """Asks for the type's name wherever an object is asked for, but at the root."""

    def enter_selection_set(
        self, node: SelectionSetNode, _key: Any, parent: Any, *_: Any
    ) -> SelectionSetNode | None:
        if isinstance(parent, OperationDefinitionNode):
            return None
        if any(isinstance(it, FieldNode) and it.name.value[:2] == "__" for it in node.selections):
            return None
        return SelectionSetNode(selections=(*node.selections, TYPENAME))


def _sorted(document: DocumentNode) -> DocumentNode:
    """Operations first, then fragments by name."""

    def place(node: DefinitionNode) -> tuple[bool, str]:
        name = node.name.value if isinstance(node, FragmentDefinitionNode) else ""
        return isinstance(node, FragmentDefinitionNode), name

    return DocumentNode(definitions=tuple(sorted(document.definitions, key=place)))
