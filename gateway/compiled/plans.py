"""The plans that are kept, and what becomes of an operation that has one."""

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from itertools import product
from typing import Any, Literal, NamedTuple, Protocol
from weakref import WeakKeyDictionary, WeakSet

import asyncpg
from graphql import (
    DocumentNode,
    GraphQLEnumType,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
    is_list_type,
    is_non_null_type,
    type_from_ast,
)
from graphql.execution import Executor

from gateway.compiled.compiler import Compiler
from gateway.compiled.examples import CONTRACT, examples, imagined
from gateway.compiled.holes import filled
from gateway.compiled.lanes import Lanes
from gateway.compiled.meanings import Meanings
from gateway.compiled.outcome import Plan
from gateway.compiled.runs import FallsBack, Run
from gateway.compiled.values import Unsupported
from resolvers.context import Context

log = logging.getLogger("nexus")

Path = Literal["compiled", "versioned"]
KEPT = 512  # plans, those used last


class Prepared(Protocol):
    """A validated document, and the operation of it that is to run."""

    @property
    def document(self) -> DocumentNode: ...

    @property
    def node(self) -> OperationDefinitionNode: ...


class Answered(NamedTuple):
    """The whole body, how many statements it took, and by what it is known, where it is kept."""

    body: bytes
    statements: int
    path: Path = "compiled"
    tag: str | None = None
    since: datetime | None = None  # as of when, where it is not the instant of the operation


class CompiledPlans:
    """Plans by operation, role and shape of variables; a plan is None where nothing is compiled.

    What is `dated` answers with marks of when the clock alone changes the answer (`Run.until`).
    With `at_once`, what nobody trusts is compiled on its first use, not on its second.
    """

    def __init__(self, lanes: Lanes, *, dated: bool = False, at_once: bool = False) -> None:
        self._lanes = lanes
        self._dated = dated
        self.at_once = at_once
        self._plans: OrderedDict[Any, Plan | None] = OrderedDict()
        self._seen: WeakSet[Any] = WeakSet()
        self._meanings = Meanings()

    def know(self, prepared: Prepared) -> None:
        """Compile this operation when it is first asked, not on its second use."""
        self._seen.add(prepared)

    def trust(self, prepared: Prepared) -> None:
        """Compile this operation now, for every role, as it is asked with all of its variables."""
        self.know(prepared)
        if prepared.node.operation is not OperationType.QUERY:
            return
        self._meanings.trust(prepared)
        for context, variables in product(imagined(), examples(prepared.node)):
            run = begun(prepared, variables, context, self._meanings)
            if run is not None:
                with suppress(FallsBack):  # an example that could not be meant
                    self._plan(key_of(prepared, run), run)

    async def answer(
        self, prepared: Prepared, variables: Mapping[str, Any], context: Context
    ) -> Answered | None:
        """The body of the answer; None where the reference path must find it."""
        found = self.plan(prepared, variables, context)
        return None if found is None else await self.carry_out(*found)

    def plan(
        self, prepared: Prepared, variables: Mapping[str, Any], context: Context
    ) -> tuple[Plan, Run] | None:
        """What is to be run for an operation; None where there is nothing, or not yet."""
        if not self.ready(prepared):
            return None
        run = begun(prepared, variables, context, self._meanings)
        if run is None:
            return None
        try:
            plan = self._plan(key_of(prepared, run), run)
        except FallsBack:
            return None
        return None if plan is None else (plan, run)

    def ready(self, prepared: Prepared) -> bool:
        """Whether it is worth compiling: it was trusted, or asked before."""
        if prepared.node.operation is not OperationType.QUERY:
            return False
        if self.at_once or prepared in self._seen:
            return True
        self._seen.add(prepared)
        return False

    async def carry_out(self, plan: Plan, run: Run, way: "Way | None" = None) -> Answered | None:
        """Run a plan, this way or the usual; None where the reference path must find the answer."""
        try:
            return await (way or carried_out)(plan, run, self._lanes)
        except FallsBack:
            return None
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            if isinstance(error, asyncpg.SyntaxOrAccessError):
                self._forget(plan)  # it would fail every time
            log.warning("a compiled statement failed: %s", type(error).__name__)
            return None

    def _forget(self, plan: Plan) -> None:
        for key, known in self._plans.items():
            if known is plan:
                self._plans[key] = None

    def _plan(self, key: Any, run: Run) -> Plan | None:
        if key in self._plans:
            self._plans.move_to_end(key)
            return self._plans[key]
        plan = compiled(run, dated=self._dated)
        self._plans[key] = plan
        if len(self._plans) > KEPT:
            self._plans.popitem(last=False)
        return plan


def key_of(prepared: Prepared, run: Run) -> Any:
    """By what a plan is known."""
    return prepared, run.context.viewer.role, shape(prepared, run)


def begun(
    prepared: Prepared,
    variables: Mapping[str, Any],
    context: Context,
    meanings: Meanings | None = None,
) -> Run | None:
    """A run with its variables coerced; None where they do not fit."""
    coerced = (meanings or Meanings()).of(prepared, variables)
    if coerced is None:
        return None

    def build() -> Executor[Any]:
        found = Executor.build(
            CONTRACT,
            prepared.document,
            context_value=context,
            raw_variable_values=dict(variables),
            operation_name=prepared.node.name.value if prepared.node.name else None,
        )
        if isinstance(found, list):
            raise FallsBack(found[0].message)
        return found

    return Run(context, coerced, build)


def compiled(run: Run, *, dated: bool = False) -> Plan | None:
    """The plan of an operation; None where it reads no table, or nothing of it is in SQL."""
    try:
        plan = Compiler(run, dated=dated).plan()
    except (Unsupported, GraphQLError):  # a directive's argument may be at fault
        return None
    return plan if plan.reads and any(each.sql for each in plan.statements) else None


def shape(prepared: Prepared, run: Run) -> tuple[Any, ...]:
    """What a plan's text depends on: which variables are given, and those that choose."""
    values = run.variables.coerced
    if prepared not in _choosing:
        _choosing[prepared] = {
            definition.variable.name.value: chooses(type_from_ast(CONTRACT, definition.type))
            for definition in prepared.node.variable_definitions or ()
        }
    return tuple(
        "absent" if name not in values else (values[name],) if choosing else values[name] is None
        for name, choosing in _choosing[prepared].items()
    )


_choosing: WeakKeyDictionary[Any, dict[str, bool]] = WeakKeyDictionary()


def chooses(type_: Any) -> bool:
    """Whether a variable of this type says what is selected, or in which order."""
    inner = type_.of_type if is_non_null_type(type_) else type_
    named = get_named_type(inner)
    return not is_list_type(inner) and (
        isinstance(named, GraphQLEnumType) or named.name == "Boolean"
    )


Way = Callable[[Plan, Run, Lanes], Awaitable[Answered]]


async def carried_out(plan: Plan, run: Run, lanes: Lanes) -> Answered:
    """Run the statements of a plan, and fill in what they leave open."""
    body, statements = await found_by(plan, run, lanes)
    return Answered(await filled(body, plan.holes, run), statements + run.context.reader.statements)


async def found_by(plan: Plan, run: Run, lanes: Lanes) -> tuple[bytes, int]:
    """What the statements of a plan answer, with all marks, and how many they were."""
    for check in plan.checks:
        check(run)
    asked = [(each.sql, [way(run) for way in each.ways]) for each in plan.statements if each.sql]
    texts = iter(await lanes.texts(asked))
    parts = [b'{"data":{']
    for i, each in enumerate(plan.statements):
        parts.append(b'%s"%s":' % (b"," if i else b"", each.name.encode()))
        found = next(texts) if each.sql else await each.hole.fill(run, b"")  # type: ignore[union-attr]
        if found is None:
            raise FallsBack("a statement found nothing")
        parts.append(found)
    parts.append(b"}}")
    return b"".join(parts), len(asked)
