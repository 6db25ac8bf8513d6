"""A database that fails when it is told to: before a statement, at the commit, or for good."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

Told = Callable[[str], None]


class Fault(Exception):
    """What no part of the program knows how to answer."""


@contextmanager
def listening(engine: AsyncEngine, told: Told) -> Iterator[None]:
    """`told` hears each statement before it is carried out; what it raises stands for it."""

    def before(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        told(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", before)
    try:
        yield
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", before)


@contextmanager
def counted(engine: AsyncEngine) -> Iterator[list[str]]:
    """The statements of changes, in order."""
    statements: list[str] = []
    with listening(engine, statements.append):
        yield statements


@contextmanager
def failing_before(engine: AsyncEngine, number: int) -> Iterator[None]:
    """The statement of this number, from 0, fails; those after it would not."""
    seen: list[str] = []

    def told(statement: str) -> None:
        seen.append(statement)
        if len(seen) == number + 1:
            raise Fault(f"before {statement}")

    with listening(engine, told):
        yield
    assert len(seen) > number


@contextmanager
def losing_connection_before(engine: AsyncEngine, number: int) -> Iterator[None]:
    """The connection breaks before the statement of this number."""
    seen = 0

    def before(connection: Any, *_: Any) -> None:
        nonlocal seen
        if seen == number:
            _break(connection)
        seen += 1

    event.listen(engine.sync_engine, "before_cursor_execute", before)
    try:
        yield
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", before)
    assert seen > number


def _break(connection: Any) -> None:
    connection.connection.driver_connection.terminate()


@contextmanager
def failing_at_commit(engine: AsyncEngine, *, lost: bool = False) -> Iterator[None]:
    """All is carried out, and nothing is committed."""

    def refuse(connection: Any) -> None:
        if not lost:
            raise Fault("at the commit")
        _break(connection)

    event.listen(engine.sync_engine, "commit", refuse)
    try:
        yield
    finally:
        event.remove(engine.sync_engine, "commit", refuse)
