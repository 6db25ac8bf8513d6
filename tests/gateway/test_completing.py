"""The executor that is spared what plain fields do not need says what graphql-core says."""

from enum import Enum
from types import SimpleNamespace
from typing import Any

import pytest
import strawberry
from graphql import ExecutionResult, execute, parse

from gateway.completing import Lean, is_awaitable


@strawberry.enum
class Colour(Enum):
    RED = "Rouge"


@strawberry.type
class Thing:
    name: str
    number: int | None
    weight: float
    colour: Colour | None
    names: list[str]

    @strawberry.field
    def shouted(self) -> str:
        return f"{self.name}!"


@strawberry.type
class Query:
    thing: Thing | None


CONTRACT = strawberry.Schema(Query)._schema
ASKED = parse(
    "{ __typename thing { __typename name number weight colour names again: name shouted } }"
)
GOOD = {"name": "a", "number": 1, "weight": 1.5, "colour": Colour.RED, "names": ["b"]}


class Broken(SimpleNamespace):
    """A source whose attribute cannot be read."""

    @property
    def weight(self) -> float:
        raise RuntimeError("not now")


def of(source: Any, **lean: Any) -> ExecutionResult:
    found = execute(CONTRACT, ASKED, SimpleNamespace(thing=source), **lean)
    assert isinstance(found, ExecutionResult)
    return found


@pytest.mark.parametrize(
    "source",
    [
        SimpleNamespace(**GOOD),
        SimpleNamespace(**GOOD | {"number": None, "colour": None}),
        SimpleNamespace(**GOOD | {"name": None}),
        SimpleNamespace(**GOOD | {"number": "many"}),
        SimpleNamespace(**GOOD | {"number": 2**40}),
        SimpleNamespace(**GOOD | {"weight": float("inf")}),
        SimpleNamespace(**GOOD | {"colour": "no colour"}),
        SimpleNamespace(**GOOD | {"name": ValueError("returned, not raised")}),
        SimpleNamespace(name="a"),
        Broken(**{name: value for name, value in GOOD.items() if name != "weight"}),
        None,
    ],
    ids=lambda source: type(source).__name__,
)
def test_it_completes_what_graphql_core_completes(source: Any) -> None:
    lean = of(source, executor_class=Lean, is_awaitable=is_awaitable)
    assert lean.formatted == of(source).formatted


async def later() -> None:
    """Something to wait for."""


def test_a_coroutine_is_to_be_awaited_and_a_text_is_not() -> None:
    waiting = later()
    assert (is_awaitable(waiting), is_awaitable("text"), is_awaitable(None)) == (True, False, False)
    waiting.close()
