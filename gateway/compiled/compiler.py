"""From the selections of an operation to one statement for each of its root fields."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from graphql import (
    FieldNode,
    GraphQLObjectType,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet, collect_fields
from strawberry.types.field import StrawberryField

from gateway.compiled.holes import Hole, Reloaded, Root
from gateway.compiled.outcome import Fallen, Plan, State, Statement
from gateway.compiled.places import Place, RowPlace
from gateway.compiled.runs import Arguments, Run, uses_variables
from gateway.compiled.sql import (
    CARD,
    END,
    MARK,
    NAMED,
    Json,
    Lit,
    Names,
    Parameters,
    Sql,
    numbered,
    quoted,
    text_of,
)
from gateway.compiled.values import Unsupported
from schema.binding import Guard
from schema.declarations import DECLARED, Attribute, Declaration

# row-level security is told who looks, for this statement alone; nothing is read before `sees`
SETTING = (
    "WITH me AS MATERIALIZED (SELECT set_config('nexus.viewer', {viewer}::text, true) AS viewer,"
    " set_config('nexus.role', {role}, true) AS role),"
    " sees AS MATERIALIZED (SELECT"
    " set_config('nexus.sees', nexus_app.viewer_students()::text, true) AS students"
    " FROM me WHERE viewer IS NOT NULL AND role IS NOT NULL)"
    " SELECT {body} FROM sees WHERE students IS NOT NULL"
)


def declaration(declared: StrawberryField) -> Declaration | None:
    """What a field says of itself; without a word and a resolver it is an attribute."""
    metadata: Mapping[Any, Any] = declared.metadata or {}
    found: Declaration | None = metadata.get(DECLARED)
    if found is None and declared.base_resolver is None:
        return Attribute(declared.python_name)
    return found


class Compiler:
    """One operation, for one role, with variables of one shape.

    A plan that is `dated` tells with its answer until when the clock leaves it as it is.
    """

    def __init__(self, run: Run, *, dated: bool = False) -> None:
        self.run = run
        self.dated = dated
        self.role = run.context.viewer.role
        self.executor = run.executor
        self.parameters = Parameters()
        self.state = State()
        self.path: list[str] = []
        self._aliases = 0

    def plan(self) -> Plan:
        executor = self.executor
        type_: Any = executor.schema.query_type
        collected = collect_fields(
            executor.schema,
            executor.fragments,
            executor.variable_values,
            type_,
            executor.operation,
        )
        statements = [
            self._statement(type_, name, details)
            for name, details in collected.grouped_field_set.items()
        ]
        kept = self.state
        return Plan(
            statements,
            kept.holes,
            kept.checks,
            kept.fallen,
            kept.fields,
            kept.reads,
            kept.moves,
            kept.cards,
            kept.momentary,
        )

    def _statement(
        self, type_: GraphQLObjectType, name: str, details: FieldDetailsList
    ) -> Statement:
        self.parameters = Parameters()
        viewer = self.parameters.place("viewer", lambda run: run.context.viewer.id)
        try:
            json = self.attempt(type_, name, Place(), details)
        except Unsupported as why:
            self.state.fallen.append(Fallen(name, str(why)))
            return Statement(name, None, [], Root(type_, details))
        sql = SETTING.format(viewer=viewer, role=quoted(self.role.value), body=text_of(json))
        return Statement(name, numbered(sql), self.parameters.ways)

    # --- objects

    def object(self, type_: GraphQLObjectType, place: Place, details: FieldDetailsList) -> Json:
        """What is selected of an object."""
        return self.members(type_, place, self.subfields(type_, details))

    def subfields(self, type_: GraphQLObjectType, details: FieldDetailsList) -> GroupedFieldSet:
        return self.executor.collect_subfields(type_, details).grouped_field_set

    def members(self, type_: GraphQLObjectType, place: Place, grouped: GroupedFieldSet) -> Json:
        return self.braced(grouped, lambda name, details: self.field(type_, name, place, details))

    @staticmethod
    def braced(grouped: GroupedFieldSet, member: Callable[[str, FieldDetailsList], Json]) -> Json:
        """An object of JSON, its members as `member` writes them."""
        json: Json = [Lit("{")]
        for i, (name, details) in enumerate(grouped.items()):
            json += [Lit(f'{"," if i else ""}"{name}":'), *member(name, details)]
        return [*json, Lit("}")]

    # --- fields

    def field(
        self, type_: GraphQLObjectType, name: str, place: Place, details: FieldDetailsList
    ) -> Json:
        """A member of an object: in SQL, or left to the reference path."""
        try:
            return self.attempt(type_, name, place, details)
        except Unsupported as why:
            if not isinstance(place, RowPlace):
                raise
            self.state.fallen.append(Fallen(".".join([*self.path, name]), str(why)))
            key = place.attribute("id").sql
            return self.hole(Reloaded(type_, details, place.model.id), key)

    def attempt(
        self, type_: GraphQLObjectType, name: str, place: Place, details: FieldDetailsList
    ) -> Json:
        """A member in SQL; where that cannot be, everything is as it was."""
        from gateway.compiled.declared import say

        node = details[0].node
        if node.name.value == "__typename":
            return [Lit(f'"{type_.name}"')]
        if node.name.value not in type_.fields:
            raise Unsupported("it asks about the schema")
        state = self.state
        before = replace(
            state, holes=[*state.holes], checks=[*state.checks], fallen=[*state.fallen]
        )
        parameters, needed = self.parameters.copy(), dict(place.needed)
        self.path.append(name)
        try:
            json = say(self, Field(self, type_, node, details), place)
        except Unsupported:
            self.state, self.parameters, place.needed = before, parameters, needed
            raise
        finally:
            self.path.pop()
        self.state.fields += 1
        return json

    # --- what declarations are made of

    def alias(self) -> str:
        self._aliases += 1
        return f"p{self._aliases}"

    def hole(self, hole: Hole, payload: str) -> Json:
        """A place that Python fills in, from an expression that is never null."""
        self.state.holes.append(hole)
        number = len(self.state.holes) - 1
        return [Lit(f"{MARK}{number}:"), Sql(payload), Lit(END)]

    def names(self, **own: str) -> Names:
        """The parameters of a query: its own, and those of every query."""

        def placed(name: str) -> str:
            if name in own:
                return own[name]
            if name == "viewer":
                return self.parameters.place(name, lambda run: run.context.viewer.id)
            if name in ("clock", "sorted_at"):
                return self.clock()
            raise Unsupported(f"nobody gives `{name}`")

        return placed

    def placed(self, key: Any, way: Callable[[Run], Any]) -> str:
        return self.parameters.place(key, way)

    def clock(self) -> str:
        self.state.moves = True
        return self.instant()

    def instant(self) -> str:
        """The clock, of which something says itself when it matters next."""
        return self.placed("clock", lambda run: run.context.clock)

    def card(self, student: str, json: Json) -> Json:
        """A student of a list, by itself: the name, and the rest where it is not known already."""
        self.state.cards = True
        known = self.placed("held", lambda run: run.held)
        unless_known = f"CASE WHEN {student} <> ALL ({known}::uuid[]) THEN {text_of(json)} END"
        return [Lit(CARD), Sql(student), Lit(NAMED), Sql(unless_known), Lit(CARD)]

    def until(self, moment: str) -> Json:
        """A mark beside what the clock changes: when it does so next."""
        micros = f"((extract(epoch FROM {moment}) * 1000000)::int8)::text"
        return [Lit(f"{MARK}u:"), Sql(micros), Lit(END)]

    def row(self, type_: GraphQLObjectType, names: Names, flags: tuple[str, ...] = ()) -> RowPlace:
        """A row of the table that a type shows."""
        self.state.reads += 1
        return RowPlace(self.alias(), shows(type_), names, flags)


def shows(type_: GraphQLObjectType) -> Any:
    """The class whose instances, or the table whose rows, a type shows."""
    return getattr(type_.extensions["strawberry-definition"].origin, "__shows__", None)


class Field:
    """A field of the document, with what the schema says of it."""

    def __init__(
        self,
        compiler: Compiler,
        parent: GraphQLObjectType,
        node: FieldNode,
        details: FieldDetailsList,
    ) -> None:
        self.parent = parent
        self.node = node
        self.details = details
        definition = parent.fields[node.name.value]
        declared: StrawberryField = definition.extensions["strawberry-definition"]
        for extension in declared.extensions:
            if not isinstance(extension, Guard) or not compiler.run.context.viewer.may(
                extension.permission
            ):
                raise Unsupported("it is guarded")
        self.definition = definition
        self.declared = declaration(declared)
        self.type = definition.type
        self.required = is_non_null_type(self.type)
        inner: Any = self.type.of_type if self.required else self.type
        self.listed = is_list_type(inner)
        self.item: Any = inner.of_type if self.listed else inner
        self.item_required = self.listed and is_non_null_type(self.item)
        self.named: Any = get_named_type(self.type)
        self.leaf = is_leaf_type(self.named)
        self.abstract = is_abstract_type(self.named)

    def arguments(self, compiler: Compiler, ids: frozenset[str] = frozenset()) -> Arguments:
        return Arguments(self.definition, self.node, ids, compiler.run.variables)

    @property
    def constant(self) -> bool:
        """Whether nothing below it depends on variables."""
        return not any(uses_variables(each.node) for each in self.details)
