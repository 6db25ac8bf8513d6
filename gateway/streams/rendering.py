"""Rendering an event once for everyone who may be shown the same: per document and scope.

What a person is shown of a student depends on the role, not on who it is, unless the document
leaves the student's file for things that have a gate of their own.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import ClassVar
from weakref import WeakKeyDictionary

from graphql import (
    FieldNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableNode,
    Visitor,
    get_named_type,
    visit,
)

from gateway.documents import CONTRACT, Operation, Prepared
from gateway.streams.plain import plain
from services.access import Viewer

PERSONAL = {
    "Node",
    "Resource",
    "ResourceConnection",
}  # types whose rows are gated by person, not by student
KEPT = 2_000  # renderings
FRESH = 2.0  # seconds after which a state that was read is read again

Render = Callable[[], Awaitable[str]]


class _Reading(Visitor):
    """Which variables a document uses below its root, and whether it shows personal rows."""

    def __init__(self, types: TypeInfo, root: OperationDefinitionNode) -> None:
        super().__init__()
        self._types = types
        self._positions = {
            id(argument)
            for field in root.selection_set.selections
            if isinstance(field, FieldNode)
            for argument in field.arguments or ()
        }
        self.personal = False
        self.variables: set[str] = set()

    def enter_field(self, *_: object) -> None:
        shown = get_named_type(self._types.get_type())
        self.personal = self.personal or (shown is not None and shown.name in PERSONAL)

    def enter_variable(
        self,
        node: VariableNode,
        _key: object,
        _parent: object,
        _path: object,
        ancestors: list[object],
    ) -> None:
        if not any(id(ancestor) in self._positions for ancestor in ancestors):
            self.variables.add(node.name.value)

    def enter_variable_definition(self, *_: object) -> object:
        return self.SKIP


class Sharing:
    """What two subscribers must have in common to be shown the same bytes of the same event.

    The root field's arguments say which events one gets, and so do not count. Read once for each
    document: `plain` is how to render it without an executor, where that can be.
    """

    _known: ClassVar[WeakKeyDictionary[Prepared, "Sharing"]] = WeakKeyDictionary()

    def __init__(self, prepared: Prepared) -> None:
        types = TypeInfo(CONTRACT)
        reading = _Reading(types, prepared.node)
        visit(prepared.document, TypeInfoVisitor(types, reading))
        self._document = prepared.id, prepared.name
        self._personal = reading.personal
        self._variables = sorted(reading.variables)
        self.plain = plain(prepared.node)

    @classmethod
    def of(cls, prepared: Prepared) -> "Sharing":
        found = cls._known.get(prepared)
        if found is None:
            found = cls._known[prepared] = cls(prepared)
        return found

    def scope(self, operation: Operation, viewer: Viewer) -> Hashable:
        """The same for all who may share."""
        person = viewer.id if self._personal else None
        given = operation.variables
        variables = tuple((n, n in given, repr(given.get(n))) for n in self._variables)
        return *self._document, variables, viewer.role, person


class _Shared:
    __slots__ = ("made_at", "task", "waiting")

    def __init__(self, task: asyncio.Future[str], made_at: float) -> None:
        self.task = task
        self.made_at = made_at
        self.waiting = 0


class Renderings:
    """The renderings of the last moments; one that all who waited for have left is called off."""

    def __init__(self) -> None:
        self._shared: OrderedDict[Hashable, _Shared] = OrderedDict()

    async def get(self, key: Hashable, render: Render) -> str:
        """The rendering known by this key, made where there is none."""
        now = asyncio.get_running_loop().time()
        shared = self._shared.get(key)
        if shared is None or now - shared.made_at > FRESH or shared.task.cancelled():
            shared = _Shared(asyncio.ensure_future(render()), now)
            self._shared[key] = shared
            self._forget(now)
        shared.waiting += 1
        try:
            return await asyncio.shield(shared.task)
        finally:
            shared.waiting -= 1
            if not shared.waiting and not shared.task.done():
                shared.task.cancel()
                if self._shared.get(key) is shared:  # it ends later: nobody is to wait for it
                    del self._shared[key]

    def _forget(self, now: float) -> None:
        while self._shared:
            key, oldest = next(iter(self._shared.items()))
            if len(self._shared) <= KEPT and now - oldest.made_at <= FRESH:
                break
            del self._shared[key]
