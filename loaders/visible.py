"""Rows by key that a gate lets through: for root fields, and for relations that leave a student.

The gate comes from the caller (`services.access`), as a predicate made for the viewer's role.
"""

from collections.abc import Callable
from functools import cache
from typing import Any
from uuid import UUID

from aiodataloader import DataLoader
from sqlalchemy import ARRAY, ColumnElement, any_, bindparam, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from loaders.by_column import Loaders
from loaders.columns import columns_of
from loaders.rows import Row, Statement, compiled
from models.base import Entity
from models.vocabulary import Role

Gate = Callable[[Role], ColumnElement[bool]]
Nodes = tuple[tuple[type[Entity], Gate], ...]


@cache
def _visible(column: InstrumentedAttribute[Any], gate: Gate, role: Role) -> Statement:
    model: Any = column.class_
    keys = bindparam("keys", type_=ARRAY(column.type))
    return compiled(select(*columns_of(model)).where(column == any_(keys), gate(role)), model)


def visible(
    loaders: Loaders, column: InstrumentedAttribute[Any], gate: Gate
) -> DataLoader[Any, Row | None]:
    """The row whose unique column is the key, if the viewer may see it; else None."""
    reader = loaders.reader

    async def batch(keys: list[Any]) -> list[Row | None]:
        rows = await reader.rows(
            _visible(column, gate, reader.role), keys=keys, sorted_at=reader.clock
        )
        found = {row[column.key]: row for row in rows}
        return [found.get(key) for key in keys]

    return loaders.loader(("visible", column, gate), batch)


@cache
def _located(nodes: Nodes, role: Role) -> Statement:
    tables = [
        select(literal(i).label("place"), model.id.label("id")).where(
            model.id == any_(bindparam("keys", type_=ARRAY(model.id.type))), gate(role)
        )
        for i, (model, gate) in enumerate(nodes)
    ]
    return compiled(union_all(*tables))


def node(loaders: Loaders, nodes: Nodes) -> DataLoader[UUID, Row | None]:
    """The row with this id in whichever of the tables has it and shows it to the viewer."""
    reader = loaders.reader

    async def batch(keys: list[UUID]) -> list[Row | None]:
        places = await reader.rows(_located(nodes, reader.role), keys=keys)
        by_table: dict[int, list[UUID]] = {}
        for row in places:
            by_table.setdefault(row.place, []).append(row.id)
        found: dict[UUID, Row | None] = {}
        for place, ids in by_table.items():
            rows = await loaders.one(nodes[place][0].id).load_many(ids)
            found |= dict(zip(ids, rows, strict=True))
        return [found.get(key) for key in keys]

    return loaders.loader(("node", nodes), batch)
