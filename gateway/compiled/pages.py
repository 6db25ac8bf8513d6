"""Keyset connections in SQL: one query for the window, put together as the document asks."""

from collections.abc import Callable
from typing import Any

from graphql import GraphQLObjectType
from graphql.execution.collect_fields import FieldDetailsList
from sqlalchemy import Select, Uuid, bindparam, func, literal_column, select

from gateway.compiled.compiler import Compiler, Field
from gateway.compiled.drifting import Drifting
from gateway.compiled.holes import Cursor, Owner
from gateway.compiled.places import Place, RowPlace
from gateway.compiled.runs import Pages, Run
from gateway.compiled.sql import Json, Lit, Names, Sql, literal, said, text_of
from gateway.compiled.values import Unsupported
from loaders.keyset import Order
from loaders.pages import Relation
from models.student import Student
from resolvers.pages import Ordering
from schema.declarations import Paged


def connection(declared: Paged, compiler: Compiler, field: Field, place: Place) -> Json:
    """A page of a list under a row, or of a list that everyone has."""
    relation, order = declared.relation, declared.order
    arguments = field.arguments(compiler)
    given = compiler.run.given(arguments)
    chosen = order.of(given) if isinstance(order, Ordering) else order
    filters = tuple(name for name in relation.filters or {} if given.get(name) is not None)
    pages = Pages(arguments, relation, chosen, filters)
    compiler.state.checks.append(lambda run: run.window(pages))
    return _Page(compiler, field, place, pages).json()


class _Page:
    """One connection in the making."""

    def __init__(self, compiler: Compiler, field: Field, parent: Place, pages: Pages) -> None:
        self.compiler = compiler
        self.field = field
        self.pages = pages
        self.relation: Relation = pages.relation
        self.order: Order = pages.order
        window = compiler.run.window(pages)
        self.backward = window.backward
        self.bounds = tuple(
            name for name in ("after", "before") if getattr(window, name) is not None
        )
        self.parent: str | None = None
        if self.relation.column is not None:
            if not isinstance(parent, RowPlace):
                raise Unsupported("it is no row")
            self.parent = parent.attribute("id").sql
        connection: Any = field.named
        nodes: Any = connection.fields["nodes"].type
        self.item: GraphQLObjectType = nodes.of_type.of_type.of_type
        self.row = compiler.row(self.item, self._names(), self.relation.flags)
        self.ordered = False  # whether the rows' places in the window are needed
        self.counted = False  # whether one row more is read, to know of it

    def json(self) -> Json:
        compiler, grouped = (
            self.compiler,
            self.compiler.subfields(self.field.named, self.field.details),
        )
        self.counted = any(each[0].node.name.value == "pageInfo" for each in grouped.values())
        json = compiler.braced(grouped, self._member)
        if self.bounds:
            json = [*self._check(), *json]
        if {each[0].node.name.value for each in grouped.values()} <= {"__typename", "totalCount"}:
            return json
        drifting = None if self.bounds else Drifting(compiler, self.row, self.order)
        window = self._window(drifting)
        aggregates = text_of([*drifting.mark(), *json] if drifting else json)
        # where none of it counts rows, it is one text all the same
        return [Sql(f"(SELECT {aggregates} FROM {window} HAVING true)")]

    def _check(self) -> Json:
        """That the given cursors are of this list, once its parent is known."""
        parent = f"to_json({self.parent})::text" if self.parent else "'null'"
        return self.compiler.hole(Owner(self.pages), parent)

    # --- the rows

    def _window(self, drifting: Drifting | None) -> str:
        """The rows of the page, and one more where it is asked whether there are more."""
        order = self.order
        if drifting:
            self.row.names = drifting.names(self.row.names)

        def narrowed(query: Select[Any]) -> Select[Any]:
            conditions = self._conditions()
            for bound in self.bounds:
                place = [
                    bindparam(f"{bound}_{i}", type_=key.expression.type)
                    for i, key in enumerate(order.keys)
                ]
                conditions.append(order.beyond(place, backward=bound == "before"))
            return query.where(*conditions)

        alias, extra = self.row.alias, " + 1" if self.counted else ""
        ordered = self.row.ordered(narrowed, order, backward=self.backward)
        if drifting:
            ordered = drifting.with_gaps(ordered, self._size())
        query = f"{ordered} LIMIT {self._size()}{extra}"
        if not (self.ordered or self.backward or self.counted):
            return f"({query}) {alias}"
        return f"(SELECT *, row_number() OVER () AS nth_listed FROM ({query}) listed) {alias}"

    def _conditions(self) -> list[Any]:
        conditions = self.relation.conditions(self.compiler.role, self.pages.filters)
        if self.parent is None:
            return conditions
        return [self.relation.column == literal_column(self.parent, Uuid()), *conditions]

    def _size(self) -> str:
        pages, compiler = self.pages, self.compiler
        if pages.arguments.constant is not None:
            return str(compiler.run.window(pages).limit)
        place = compiler.parameters.place((pages, "size"), lambda run: run.window(pages).limit)
        return f"{place}::int"

    def _names(self) -> Names:
        """The parameters of the list's queries: what its arguments say."""
        pages, compiler = self.pages, self.compiler

        def placed(name: str) -> str:
            if name in pages.filters:
                return self._filter(name)
            if name == "sorted_at" and self.bounds:
                return compiler.parameters.place((pages, name), _sorted_at(pages))
            bound, _, number = name.partition("_")
            if bound in self.bounds:
                return compiler.parameters.place((pages, name), _key(pages, bound, int(number)))
            return compiler.names()(name)

        return placed

    def _filter(self, name: str) -> str:
        pages, compiler = self.pages, self.compiler
        constant = pages.arguments.constant
        if constant is not None:
            value = constant[name]
            if not isinstance(value, list):
                try:
                    return literal(value)
                except TypeError:
                    pass
            else:
                return f"ARRAY[{', '.join(map(literal, value))}]"
        return compiler.parameters.place(
            (pages, name), lambda run: run.given(pages.arguments)[name]
        )

    # --- what is asked of them

    def _member(self, name: str, details: FieldDetailsList) -> Json:
        match details[0].node.name.value:
            case "__typename":
                return [Lit(f'"{self.field.named.name}"')]
            case "nodes":
                self.compiler.path.append(name)
                json = self.compiler.object(self.item, self.row, details)
                self.compiler.path.pop()
                return self._all(json)
            case "edges":
                return self._all(self._edge(name, details))
            case "pageInfo":
                return self._page_info(details)
            case "totalCount":
                return [Sql(f"({self._count()})")]
        raise Unsupported("a connection has no such field")

    def _all(self, json: Json) -> Json:
        """A text of each row of the page, in the order of the list."""
        if self._of_cards():
            json = self.compiler.card(self.row.attribute("id").sql, json)
        order = " ORDER BY nth_listed DESC" if self.backward else ""
        only = f" FILTER (WHERE nth_listed <= {self._size()})" if self.counted else ""
        return [Lit("["), Sql(f"string_agg({text_of(json)}, ','{order}){only}"), Lit("]")]

    def _of_cards(self) -> bool:
        """Whether it is the list of everyone whom the viewer sees, in an answer that is kept."""
        return (
            self.compiler.dated
            and not self.compiler.state.cards
            and self.parent is None
            and self.row.model is Student
        )

    def _edge(self, name: str, details: FieldDetailsList) -> Json:
        connection: Any = self.field.named
        edge: Any = connection.fields["edges"].type.of_type.of_type.of_type

        def member(inner: str, below: FieldDetailsList) -> Json:
            match below[0].node.name.value:
                case "__typename":
                    return [Lit(f'"{edge.name}"')]
                case "cursor":
                    return self._cursor(self._place())
            self.compiler.path += [name, inner]
            json = self.compiler.object(self.item, self.row, below)
            del self.compiler.path[-2:]
            return json

        return self.compiler.braced(self.compiler.subfields(edge, details), member)

    def _place(self) -> str:
        """Where a row stands: its parent, and its sort key."""
        values = [
            self.row.expression(f"sort_{i}", key.expression).sql
            for i, key in enumerate(self.order.keys)
        ]
        return f"json_build_array({', '.join([self.parent or 'NULL', *values])})::text"

    def _cursor(self, place: str) -> Json:
        return self.compiler.hole(Cursor(self.pages), place)

    def _page_info(self, details: FieldDetailsList) -> Json:
        connection: Any = self.field.named
        info: Any = connection.fields["pageInfo"].type.of_type
        more = f"(count(*) > {self._size()})::text"
        beyond = {
            "hasNextPage": "before" in self.bounds if self.backward else more,
            "hasPreviousPage": more if self.backward else "after" in self.bounds,
        }

        def member(_name: str, below: FieldDetailsList) -> Json:
            asked = below[0].node.name.value
            if asked == "__typename":
                return [Lit(f'"{info.name}"')]
            if asked in beyond:
                found = beyond[asked]
                return [Sql(found) if isinstance(found, str) else Lit(str(found).lower())]
            first = (asked == "startCursor") is not self.backward
            place = f"array_agg({self._place()} ORDER BY nth_listed{'' if first else ' DESC'})"
            end = f"({place} FILTER (WHERE nth_listed <= {self._size()}))[1]"
            cursor = text_of(self._cursor(end))
            return [Sql(f"CASE WHEN {end} IS NULL THEN 'null' ELSE {cursor} END")]

        return self.compiler.braced(self.compiler.subfields(info, details), member)

    def _count(self) -> str:
        chosen = select(func.count()).select_from(self.relation.model).where(*self._conditions())
        return said(chosen, self._names())


def _sorted_at(pages: Pages) -> Callable[[Run], Any]:
    return lambda run: run.window(pages).sorted_at or run.context.clock


def _key(pages: Pages, bound: str, number: int) -> Callable[[Run], Any]:
    return lambda run: getattr(run.window(pages), bound).values[number]
