"""Fixtures: a database with two families, and a way to ask as one of them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
import two_families
from conftest import DOCUMENTS, reading
from family_rows import NOW
from graphql import OperationType
from two_families import Families

from gateway.documents import Operation, Prepared
from gateway.embedded import Servers
from gateway.execution import run
from gateway.refusals import Rejected
from gateway.streams.opening import Streams
from gateway.tracing import Untraced
from loaders.rows import open_pool
from resolvers.context import Context
from services.access import Viewer

Inquire = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture(scope="session")
async def families_dsn(servers: Servers, migrated: str, anyio_backend: str) -> AsyncIterator[str]:
    owner = await asyncpg.connect(servers.database_url)
    await owner.execute(f"CREATE DATABASE two_families TEMPLATE {migrated}")
    yield urlsplit(servers.database_url)._replace(path="/two_families").geturl()
    await owner.execute("DROP DATABASE two_families WITH (FORCE)")
    await owner.close()


@pytest.fixture(scope="session")
async def owner(families_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that no lock binds."""
    connection = await asyncpg.connect(families_dsn)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def families(owner: asyncpg.Connection) -> Families:
    """Shared: read them, and roll back what is written."""
    return await two_families.write(owner)


@pytest.fixture(scope="session")
async def gate_alone(families_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections that PostgreSQL's row lock does not bind: the services' gate stands alone."""
    opened = await open_pool(families_dsn, size=1, statement_timeout_ms=10_000)
    async with opened.acquire() as connection:
        await connection.execute("SET ROLE NONE")
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
async def both_locks(families_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections as the gateway has them."""
    opened = await open_pool(families_dsn, size=5, statement_timeout_ms=10_000)
    yield opened
    await opened.close()


async def opened(prepared: Prepared, operation: Operation, context: Context) -> dict[str, Any]:
    """What a viewer is told who subscribes: a stream that begins, or why not."""
    streams = Streams(lambda **_: context, suggestions=True, tracing=Untraced())
    try:
        stream = await streams.open(prepared, operation, context.viewer, context.request_id)
    except Rejected as rejected:
        data, errors = None, [error.formatted for error in rejected.errors]
    else:
        data, errors = "a stream", []
        await stream.aclose()
    return {"data": data, "errors": errors, "statements": context.reader.statements}


@pytest.fixture(scope="session")
def inquire(families: Families, gate_alone: asyncpg.Pool) -> Inquire:
    """What a viewer is answered behind the gate alone, and in how many statements."""

    async def inquired(
        viewer: Viewer,
        document: str,
        *,
        clock: datetime = NOW,
        pool: asyncpg.Pool = gate_alone,
        **variables: Any,
    ) -> dict[str, Any]:
        operation = Operation(document, variables, None)
        context = reading(viewer, pool, clock)
        prepared = DOCUMENTS.prepared(operation)
        if prepared.kind is OperationType.SUBSCRIPTION:
            return await opened(prepared, operation, context)
        found = (await run(prepared, operation, context)).content
        return {
            "data": found.data,
            "errors": [error.formatted for error in found.errors or ()],
            "statements": context.reader.statements,
        }

    return inquired
