"""The three paths side by side: what the reference path answers, and what the others do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from conftest import CLOCK, DOCUMENTS, Gate, gate, reading

from gateway.answers import body_of
from gateway.compiled import CompiledPlans, Lanes
from gateway.compiled.plans import begun, shape
from gateway.documents import Operation, Prepared
from gateway.execution import Answer, run
from gateway.versioned import VersionedAnswers, Versions
from services.access import Viewer

TIMEOUT_MS = 10_000
FRESHNESS = timedelta(seconds=40)


@dataclass
class Compared:
    """The bodies; `compiled` and `versioned` are None where that path gave the operation up.

    What is kept may be as of an instant before: `then` is what the reference path says of that.
    """

    reference: bytes
    compiled: bytes | None
    versioned: bytes | None
    then: bytes | None
    kept: bool  # it was made for an earlier question
    errors: bool
    fields: int  # of the document, in SQL
    fallen: list[Any] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        return self.reference == self.compiled


class Comparison:
    """A database that both paths read."""

    def __init__(self, gate: Gate, lanes: Lanes, versions: Versions) -> None:
        self.gate = gate
        self.lanes = lanes
        self.plans = CompiledPlans(lanes)
        self.versioned = VersionedAnswers(lanes, versions, freshness=FRESHNESS, at_once=True)

    async def compare(
        self, viewer: Viewer, text: str, *, clock: datetime = CLOCK, **variables: Any
    ) -> Compared:
        """One operation by all paths, at the same instant."""
        operation = Operation(text, variables, None)
        prepared = DOCUMENTS.prepared(operation)
        answer = await self.refer(prepared, operation, viewer, clock)
        context = reading(viewer, self.gate.pool, clock)
        self.plans.trust(prepared)
        found = await self.plans.answer(prepared, variables, context)
        fields, fallen = 0, []
        begun_ = begun(prepared, variables, context)
        if begun_ is not None:
            plan = self.plans._plans.get((prepared, viewer.role, shape(prepared, begun_)))
            if plan is not None:
                fields, fallen = plan.fields, plan.fallen
        kept = await self.versioned.answer(
            prepared, variables, reading(viewer, self.gate.pool, clock)
        )
        versioned, then = None, None
        if kept is not None and kept.path == "versioned" and kept.since is not None:
            assert kept.since <= clock
            versioned = kept.body
            then = body_of(await self.refer(prepared, operation, viewer, kept.since))
            if clock - kept.since >= FRESHNESS:
                assert then == body_of(answer)  # so old only where it stands still
        return Compared(
            body_of(answer),
            found and found.body,
            versioned,
            then,
            kept is not None and kept.statements == 1,
            bool(answer.errors),
            fields,
            fallen,
        )

    async def refer(
        self, prepared: Prepared, operation: Operation, viewer: Viewer, clock: datetime
    ) -> Answer:
        """What the reference path says."""
        return await run(prepared, operation, reading(viewer, self.gate.pool, clock))


@asynccontextmanager
async def comparison(dsn: str) -> AsyncIterator[Comparison]:
    async with gate(dsn) as opened:
        lanes = Lanes(dsn, size=2, statement_timeout_ms=TIMEOUT_MS)
        versions = Versions(dsn, patience=10.0)
        await lanes.open()
        try:
            yield Comparison(opened, lanes, versions)
        finally:
            await versions.close()
            await lanes.close()


@pytest.fixture(scope="session")
async def both(school: str, anyio_backend: str) -> AsyncIterator[Comparison]:
    """Both paths on the demo school: ask, never change."""
    async with comparison(school) as opened:
        yield opened


@pytest.fixture
async def both_own(own_school: str, anyio_backend: str) -> AsyncIterator[Comparison]:
    """Both paths on a school of the test's own."""
    async with comparison(own_school) as opened:
        yield opened
