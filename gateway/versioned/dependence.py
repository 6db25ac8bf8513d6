"""What an answer is made of: whose journals say whether it still holds, or that none can."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from graphql.execution.collect_fields import collect_fields

from gateway.compiled.compiler import declaration
from gateway.compiled.outcome import Plan
from gateway.compiled.runs import Arguments, Run
from models.base import Entity
from models.student import Student
from models.vocabulary import Role
from schema.declarations import Found
from services.journal import JOURNALLED

TABLES = frozenset(table.name for table in Entity.metadata.tables.values())
SUMMARIES = {"mv_dashboard_summary"}  # as old as its last refresh
UNWATCHED = (TABLES | SUMMARIES) - {str(model.__tablename__) for model in JOURNALLED}
WORD = re.compile(r"\w+")
MOST = 20  # students that are asked about by their ids


@dataclass(frozen=True, slots=True)
class Dependence:
    """Where a plan's answers come from: the students that its arguments name, or any there are."""

    named: tuple[tuple[Arguments, str], ...] | None

    def students(self, run: Run) -> tuple[UUID | None, ...]:
        """Whose versions say whether this answer holds; None for all whom the viewer sees."""
        if self.named is None:
            return (None,)
        return tuple(dict.fromkeys(run.given(arguments)[name] for arguments, name in self.named))


_known: WeakKeyDictionary[Plan, Dependence | None] = WeakKeyDictionary()


def dependence(plan: Plan, run: Run) -> Dependence | None:
    """What the answers of a plan depend on; None where they cannot be kept.

    All of it must be SQL, over tables that change with an entry in a journal alone; an admin's list
    is everyone's, and what shows the clock is another at every instant.
    """
    if plan not in _known:
        named = _named(run)
        bounded = named is not None or run.context.viewer.role is not Role.ADMIN
        watched = not (plan.fallen or plan.momentary) and all(
            each.sql is not None and not UNWATCHED.intersection(WORD.findall(each.sql))
            for each in plan.statements
        )
        _known[plan] = Dependence(named) if bounded and watched else None
    return _known[plan]


def _named(run: Run) -> tuple[tuple[Arguments, str], ...] | None:
    """The arguments that name the student of each root field; None where one names none.

    Below a student everything is the student's own: what leads elsewhere reads other tables.
    """
    executor = run.executor
    query: Any = executor.schema.query_type
    found = collect_fields(
        executor.schema, executor.fragments, executor.variable_values, query, executor.operation
    )
    named = []
    for details in found.grouped_field_set.values():
        node = details[0].node
        if node.name.value not in query.fields:
            return None
        definition = query.fields[node.name.value]
        declared = declaration(definition.extensions["strawberry-definition"])
        if not isinstance(declared, Found) or declared.column is not Student.id:
            return None
        ids = frozenset({declared.argument})
        named.append((Arguments(definition, node, ids, run.variables), declared.argument))
    return tuple(named) if len(named) <= MOST else None
