"""The two paths side by side: what the reference path answers, and what the compiled one does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from conftest import CLOCK, DOCUMENTS, Gate, gate, reading

from gateway.answers import body_of
from gateway.compiled import CompiledPlans, Lanes
from gateway.compiled.plans import begun, shape
from gateway.documents import Operation
from gateway.execution import run
from services.access import Viewer

TIMEOUT_MS = 10_000


@dataclass
class Compared:
    """Both bodies; `compiled` is None where that path gave the operation up."""

    reference: bytes
    compiled: bytes | None
    errors: bool
    fields: int  # of the document, in SQL
    fallen: list[Any] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        return self.reference == self.compiled


class Comparison:
    """A database that both paths read."""

    def __init__(self, gate: Gate, lanes: Lanes) -> None:
        self.gate = gate
        self.lanes = lanes
        self.plans = CompiledPlans(lanes)

    async def compare(
        self, viewer: Viewer, text: str, *, clock: datetime = CLOCK, **variables: Any
    ) -> Compared:
        """One operation by both paths, at the same instant."""
        operation = Operation(text, variables, None)
        prepared = DOCUMENTS.prepared(operation)
        answer = await run(prepared, operation, reading(viewer, self.gate.pool, clock))
        context = reading(viewer, self.gate.pool, clock)
        self.plans.trust(prepared)
        found = await self.plans.answer(prepared, variables, context)
        fields, fallen = 0, []
        begun_ = begun(prepared, variables, context)
        if begun_ is not None:
            plan = self.plans._plans.get((prepared, viewer.role, shape(prepared, begun_)))
            if plan is not None:
                fields, fallen = plan.fields, plan.fallen
        return Compared(body_of(answer), found and found.body, bool(answer.errors), fields, fallen)


@asynccontextmanager
async def comparison(dsn: str) -> AsyncIterator[Comparison]:
    async with gate(dsn) as opened:
        lanes = Lanes(dsn, size=2, statement_timeout_ms=TIMEOUT_MS)
        await lanes.open()
        try:
            yield Comparison(opened, lanes)
        finally:
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
