"""What each declaration of `schema/declarations.py` is in SQL."""

from functools import partial, singledispatch
from typing import Any

from graphql import GraphQLObjectType
from sqlalchemy import Select, Uuid, case, literal_column, true

from gateway.compiled.compiler import Compiler, Field, shows
from gateway.compiled.drifting import Drifting
from gateway.compiled.holes import Pure
from gateway.compiled.pages import connection
from gateway.compiled.places import CallerPlace, Place, RowPlace, SaidPlace
from gateway.compiled.purity import is_pure
from gateway.compiled.runs import Counted, FallsBack
from gateway.compiled.sql import GIVE_UP, Json, Lit, Names, Sql, quoted, stated, text_of
from gateway.compiled.values import Unsupported, leaf
from schema import declarations as d


def say(compiler: Compiler, field: Field, place: Place) -> Json:
    """A field's value as JSON text."""
    if field.declared is None:
        raise Unsupported("a resolver computes it")
    return _say(field.declared, compiler, field, place)


@singledispatch
def _say(_declared: Any, _compiler: Compiler, _field: Field, _place: Place) -> Json:
    raise Unsupported("its declaration has no SQL")


def null(field: Field) -> str:
    """What stands where there is nothing."""
    return quoted(GIVE_UP if field.required else "null")


def perhaps(field: Field, query: str) -> Json:
    """A query of one object, or nothing."""
    return [Sql(f"coalesce(({query}), {null(field)})")]


def listed(query: str) -> Json:
    """A list whose items a query puts together; no item is an empty list."""
    return [Lit("["), Sql(f"({query})"), Lit("]")]


def rows(place: RowPlace, json: Json, query: str) -> str:
    """A query of as many texts as there are rows."""
    return f"SELECT {text_of(json)} FROM ({query} OFFSET 0) {place.alias}"


def _row(compiler: Compiler, type_: GraphQLObjectType, names: Names, column: Any) -> RowPlace:
    if shows(type_) is not column.class_:
        raise Unsupported(f"{type_.name} does not show {column.class_.__name__}")
    return compiler.row(type_, names)


@_say.register
def _attribute(said: d.Attribute, compiler: Compiler, field: Field, place: Place) -> Json:
    if place.shows is None or shows(field.parent) is not place.shows:
        raise Unsupported(f"`{said.name}` is not in SQL")
    if not field.leaf:
        raise Unsupported(f"`{said.name}` is no column")
    value = place.attribute(said.name)
    return leaf(field.type, value.sql, value.kind, known=value.known)


@_say.register
def _shown(said: d.Shown, compiler: Compiler, field: Field, place: Place) -> Json:
    if not isinstance(place, RowPlace):
        raise Unsupported("it is no row")
    column = place.model.__table__.columns[said.name]
    value = place.expression(f"shown_{said.name}", case((said.shown(compiler.role), column)))
    return leaf(field.type, value.sql, column.type, known=False)


@_say.register
def _told(said: d.Told, compiler: Compiler, field: Field, place: Place) -> Json:
    if not isinstance(place, RowPlace):
        raise Unsupported("it is no row")
    if said.name in place.flags:
        return leaf(field.type, "true", None, known=True)
    value = place.expression(f"told_{said.name}", said.value(compiler.role))
    return leaf(field.type, value.sql, value.kind, known=False)


@_say.register
def _derived(said: d.Derived, compiler: Compiler, field: Field, place: Place) -> Json:
    if not isinstance(place, RowPlace):
        raise Unsupported("it is no row")
    json = _pure(said, compiler, field, place)
    if said.shown is None or said.shown(compiler.role).compare(true()):
        return json
    shown = place.expression(f"may_{said.sources[0]}", said.shown(compiler.role))
    return [Sql(f"CASE WHEN {shown.sql} THEN {text_of(json)} ELSE 'null' END")]


def _pure(
    said: d.Derived, compiler: Compiler, field: Field, place: RowPlace, *, each: bool = False
) -> Json:
    values = [place.attribute(name) for name in said.sources]
    kinds = tuple(_python(value.kind) for value in values)
    keeps = field.constant and is_pure(field.named)
    hole = Pure(field.parent, field.details, said.function, kinds, keeps, each)
    return compiler.hole(hole, f"json_build_array({', '.join(value.sql for value in values)})")


def _python(kind: Any) -> Any:
    """What the values of a column are in Python; None where JSON says it all."""
    try:
        return None if kind is None else kind.python_type
    except NotImplementedError:
        return None


@_say.register
def _one(said: d.One, compiler: Compiler, field: Field, place: Place) -> Json:
    if not isinstance(place, RowPlace):
        raise Unsupported("it is no row")
    key = literal_column(place.attribute(said.source).sql, said.target.type)
    target = _row(compiler, field.named, compiler.names(), said.target)
    json = compiler.object(field.named, target, field.details)
    gates = [said.gate(compiler.role)] if said.gate else []
    return perhaps(
        field, rows(target, json, target.query(lambda q: q.where(said.target == key, *gates)))
    )


@_say.register
def _many(said: d.Many, compiler: Compiler, field: Field, place: Place) -> Json:
    if not isinstance(place, RowPlace):
        raise Unsupported("it is no row")
    key = literal_column(place.attribute("id").sql, Uuid())
    if said.shown is None:
        target = _row(compiler, field.named, compiler.names(), said.target)
        json = compiler.object(field.named, target, field.details)
    else:
        compiler.state.reads += 1
        table: Any = said.target.class_
        target = RowPlace(compiler.alias(), table, compiler.names())
        json = _pure(said.shown, compiler, field, target, each=True)
    query = target.query(lambda q: q.where(said.target == key).order_by(*said.order_by))
    return listed(f"SELECT string_agg({text_of(json)}, ',') FROM ({query} OFFSET 0) {target.alias}")


@_say.register
def _first(said: d.First, compiler: Compiler, field: Field, place: Place) -> Json:
    if not isinstance(place, RowPlace):
        raise Unsupported("it is no row")
    size = _size(compiler, field, said.most)
    key = literal_column(place.attribute("id").sql, Uuid())
    target = compiler.row(field.named, compiler.names(limit=size))
    json = compiler.object(field.named, target, field.details)
    relation = said.relation
    conditions = [relation.column == key, *relation.conditions(compiler.role, ())]
    drifting = Drifting(compiler, target, said.order)
    target.names = drifting.names(target.names)
    query = target.ordered(lambda q: q.where(*conditions), said.order, backward=False)
    if not drifting.dated:
        return listed(
            f"SELECT string_agg({text_of(json)}, ',') FROM ({query} LIMIT {size}) {target.alias}"
        )
    shown = f"string_agg({text_of(json)}, ',') FILTER (WHERE nth <= {size})"
    told = text_of([*drifting.mark(), Lit("["), Sql(shown), Lit("]")])
    return [Sql(f"(SELECT {told} FROM ({drifting.with_gaps(query, size)}) {target.alias})")]


def _size(compiler: Compiler, field: Field, most: int) -> str:
    counted = Counted(field.arguments(compiler), most)
    compiler.state.checks.append(counted.size)
    if counted.arguments.constant is not None:
        return str(counted.size(compiler.run))
    return f"{compiler.parameters.place(counted, counted.size)}::int"


@_say.register
def _said(said: d.Said, compiler: Compiler, field: Field, place: Place) -> Json:
    size = None if said.most is None else _size(compiler, field, said.most)

    until = said.query.until
    clock = compiler.clock() if until is None else compiler.instant()

    def names(name: str) -> str:
        if name == "clock":
            return f"{clock}::timestamptz"
        return size if name == "first" and size else place.attribute(name).sql

    target = SaidPlace(compiler.alias(), shows(field.named))
    compiler.state.reads += 1
    json = compiler.object(field.named, target, field.details)
    query = f"({stated(said.query.sql, names)} OFFSET 0) {target.alias}"
    mark: Json = []
    if compiler.dated and until:
        if size is None:
            moments = [until[name] for name in until if name in target.read]
        else:  # a list is another as soon as one of its items is, whatever is shown of them
            moments = [f"min({moment})" for moment in until.values()]
        moving = [stated(moment, names) for moment in dict.fromkeys(moments)]
        mark = compiler.until(f"least({', '.join(moving)})") if moving else []
    if size is None:
        return perhaps(field, f"SELECT {text_of([*mark, *json])} FROM {query}")
    items = [*mark, Lit("["), Sql(f"string_agg({text_of(json)}, ',')"), Lit("]")]
    return [Sql(f"(SELECT {text_of(items)} FROM {query})")]


@_say.register
def _same(_said: d.Same, compiler: Compiler, field: Field, place: Place) -> Json:
    return compiler.object(field.named, place, field.details)


@_say.register
def _clock(_said: d.Clock, compiler: Compiler, field: Field, _place: Place) -> Json:
    compiler.state.momentary = True
    return leaf(field.type, f"{compiler.clock()}::timestamptz", None, known=True)


@_say.register
def _caller(_said: d.Caller, compiler: Compiler, field: Field, _place: Place) -> Json:
    place = CallerPlace(compiler.placed, compiler.role)
    return compiler.object(field.named, place, field.details)


@_say.register
def _own(said: d.Own, compiler: Compiler, field: Field, _place: Place) -> Json:
    if compiler.role is not said.role:
        return [Lit("null")]
    key = literal_column(f"{compiler.names()('viewer')}::text", said.column.type)
    target = _row(compiler, field.named, compiler.names(), said.column)
    json = compiler.object(field.named, target, field.details)
    return perhaps(field, rows(target, json, target.query(lambda q: q.where(said.column == key))))


@_say.register
def _found(said: d.Found, compiler: Compiler, field: Field, _place: Place) -> Json:
    arguments = field.arguments(compiler, frozenset({said.argument}))
    given = compiler.parameters.place(arguments, lambda run: run.given(arguments)[said.argument])
    key = literal_column(f"{given}::uuid", said.column.type)
    target = _row(compiler, field.named, compiler.names(), said.column)
    json = compiler.object(field.named, target, field.details)
    gate = said.gate(compiler.role)
    query = target.query(lambda q: q.where(said.column == key, gate))
    return perhaps(field, rows(target, json, query))


@_say.register
def _located(said: d.Located, compiler: Compiler, field: Field, place: Place) -> Json:
    if said.source is not None:
        key = place.attribute(said.source).sql
        return [Sql(f"coalesce({_anywhere(said, compiler, field, key)}, {null(field)})")]
    name = said.argument or "id"
    arguments = field.arguments(compiler, frozenset({name}))
    most = said.most

    def given(run: Any) -> Any:
        value = run.given(arguments)[name]
        if most is not None and len(value) > most:
            raise FallsBack("too many ids")
        return value

    if most is None:
        key = f"{compiler.parameters.place(arguments, given)}::uuid"
        return [Sql(f"coalesce({_anywhere(said, compiler, field, key)}, {null(field)})")]
    asked = compiler.alias()
    found = _anywhere(said, compiler, field, f"{asked}.id")
    nothing = quoted(GIVE_UP if field.item_required else "null")
    ids = f"{compiler.parameters.place(arguments, given)}::uuid[]"
    return listed(
        f"SELECT string_agg(coalesce({found}, {nothing}), ',' ORDER BY place)"
        f" FROM unnest({ids}) WITH ORDINALITY AS {asked} (id, place)"
    )


def _anywhere(said: d.Located, compiler: Compiler, field: Field, key: str) -> str:
    """The object with this id in whichever of the tables has it; null where none has."""
    possible = compiler.executor.schema.get_possible_types(field.named)
    types = {shows(each): each for each in possible}
    queries = []
    for model, gate in said.tables:
        type_ = types[model]
        target = compiler.row(type_, compiler.names())
        json = compiler.object(type_, target, field.details)
        conditions = [model.id == literal_column(key, Uuid())]
        if gate is not None:
            conditions.append(gate(compiler.role))
        query = target.query(partial(_where, conditions))
        queries.append(f"({rows(target, json, query)})")
    return f"coalesce({', '.join(queries)})"


def _where(conditions: list[Any], query: Select[Any]) -> Select[Any]:
    return query.where(*conditions)


@_say.register
def _paged(said: d.Paged, compiler: Compiler, field: Field, place: Place) -> Json:
    return connection(said, compiler, field, place)
