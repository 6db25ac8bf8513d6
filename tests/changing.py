"""Mutations as a client sends them, and the tables as they stand before and after."""

from typing import Any

from conftest import Gate

from models.base import Entity
from services.access import Viewer
from tests.reading import read

ANSWER = """
  events { seq kind payload actor { id } entity { __typename id } }
  errors {
    __typename message path
    ... on ConflictError { currentVersion }
    ... on ForbiddenError { requiredRoles }
    ... on NotFoundError { id }
  }
"""


async def change(
    gate: Gate, viewer: Viewer, name: str, shown: str = "", /, **given: Any
) -> dict[str, Any]:
    """The payload of one mutation; `given` is its input, in the client's names."""
    kind = f"{name[0].upper()}{name[1:]}Input!"
    answer = await gate.ask(
        viewer,
        f"mutation ($input: {kind}) {{ done: {name}(input: $input) {{ {shown} {ANSWER} }} }}",
        input=given,
    )
    assert answer.errors is None, answer.errors
    assert answer.data is not None
    done: dict[str, Any] = answer.data["done"]
    return done


def refusals(payload: dict[str, Any]) -> list[tuple[str, str]]:
    """The errors of a payload, each as its type and its path."""
    return [(one["__typename"], ".".join(one["path"])) for one in payload["errors"]]


async def tables(dsn: str) -> list[dict[str, Any]]:
    """What changes with any row that is written: how many there are, and who wrote them."""
    counts = (
        f"SELECT '{table.name}' AS name, count(*), sum(xmin::text::bigint) AS writers FROM {table}"  # noqa: S608
        for table in Entity.metadata.sorted_tables
    )
    return await read(dsn, " UNION ALL ".join(counts))
