"""Scalars and enums as JSON text, to the byte what the reference path writes."""

from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLScalarType,
    is_list_type,
    is_non_null_type,
)
from sqlalchemy import Uuid
from sqlalchemy.types import TypeEngine

from gateway.compiled.sql import END, GIVE_UP, MARK, Json, Lit, Sql, quoted

FLOAT, ANY = f"{MARK}f:", f"{MARK}j:"  # a float, any JSON: for Python to write


class Unsupported(Exception):
    """What cannot be said in SQL; the message says why."""


def leaf(type_: Any, sql: str, kind: TypeEngine[Any] | None, *, known: bool) -> Json:
    """A value of a scalar, an enum, or a list of them; `known` says that it is never null."""
    required = is_non_null_type(type_)
    inner: Any = type_.of_type if required else type_
    if known and required and (plain := _plain(inner, sql, kind)):
        return plain
    written = _list(inner.of_type, sql) if is_list_type(inner) else _written(inner, sql, kind)
    if known and required and not is_list_type(inner):
        return [Sql(written)]
    return [Sql(f"coalesce({written}, {quoted(GIVE_UP if required else 'null')})")]


def _plain(type_: Any, sql: str, kind: TypeEngine[Any] | None) -> Json | None:
    """What needs nothing but quotes, or nothing at all."""
    if isinstance(type_, GraphQLEnumType) and not renamed(type_):
        return [Lit('"'), Sql(sql), Lit('"')]
    if isinstance(type_, GraphQLScalarType):
        if type_.name == "ID" and isinstance(kind, Uuid):
            return [Lit('"'), Sql(sql), Lit('"')]
        if type_.name == "Int":
            return [Sql(sql)]
    return None


def renamed(type_: GraphQLEnumType) -> dict[str, str]:
    """What clients call the labels that have another name."""
    named = {str(value.value): name for name, value in type_.values.items()}
    return named if any(label != name for label, name in named.items()) else {}


def _written(type_: Any, sql: str, kind: TypeEngine[Any] | None) -> str:
    """The value as text; null where it is null."""
    if isinstance(type_, GraphQLEnumType):
        return _name(type_, sql)
    if not isinstance(type_, GraphQLScalarType):
        raise Unsupported(f"{type_} is no leaf")
    match type_.name:
        case "ID" if isinstance(kind, Uuid):
            return f"'\"' || {sql} || '\"'"
        case "ID" | "String":
            return f"to_json({sql}::text)::text"
        case "Int" | "Boolean":
            return f"({sql})::text"
        case "Float":
            return _float(sql)
        case "DateTime":
            # Python writes no fraction or six digits of it
            six = f"to_char({sql}, 'YYYY-MM-DD\"T\"HH24:MI:SS.US')"
            return (
                f"CASE WHEN {sql} = {sql}::timestamptz(0) THEN to_json({sql})::text"
                f" ELSE '\"' || {six} || '+00:00\"' END"
            )
        case "Date":
            return f"to_json({sql})::text"
        case "JSON":
            return f"{quoted(ANY)} || ({sql})::text || {quoted(END)}"
    raise Unsupported(f"the scalar {type_.name} has no SQL")


def _float(sql: str) -> str:
    """Whole numbers with `.0`; what PostgreSQL would write with an exponent is left to Python."""
    return (
        f"CASE WHEN {sql} = trunc({sql}) AND abs({sql}) < 1e15::float8 THEN ({sql})::text || '.0'"
        f" WHEN abs({sql}) >= 1e-4::float8 AND abs({sql}) < 1e15::float8 THEN ({sql})::text"
        f" ELSE {quoted(FLOAT)} || ({sql})::text || {quoted(END)} END"
    )


def _name(type_: GraphQLEnumType, sql: str) -> str:
    names = renamed(type_)
    if not names:
        return f"'\"' || {sql} || '\"'"
    cases = " ".join(f"WHEN {quoted(label)} THEN '\"{name}\"'" for label, name in names.items())
    return f"CASE {sql} {cases} END"


def _list(item: Any, sql: str) -> str:
    """An array; null where it is null, or holds a null that may not be there."""
    required = is_non_null_type(item)
    inner: Any = item.of_type if required else item
    plain = isinstance(inner, GraphQLEnumType) and not renamed(inner)
    if plain or getattr(inner, "name", "") == "String":
        written = f"array_to_json({sql})::text"
    elif isinstance(inner, GraphQLEnumType):
        written = (
            f"(SELECT concat('[', string_agg(coalesce({_name(inner, 'each')}, 'null'), ',' ORDER BY"
            f" place), ']') FROM unnest({sql}) WITH ORDINALITY AS listed (each, place))"
        )
    else:
        raise Unsupported(f"a list of {item} has no SQL")
    if required:
        return f"CASE WHEN array_position({sql}, NULL) IS NULL THEN {written} END"
    return f"CASE WHEN {sql} IS NOT NULL THEN {written} END"
