"""A list in an order that drifts stands no longer than it is right, whoever is behind."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from conftest import CLOCK, DOCUMENTS, reading
from factories import insert, pupil
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.compiled import CompiledPlans, Lanes
from gateway.documents import Operation
from gateway.versioned.instants import instant
from models.vocabulary import Role
from services.access import Viewer

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
LATER = [CLOCK + h * HOUR for h in (0.5, 1, 2, 3, 5, 8, 11)]
FIRST = (
    "query Q($id: ID!, $n: Int!) { student(id: $id) { tasks(orderBy: PRIORITY, first: $n) {E} } }"
)
LAST = FIRST.replace("first", "last")
DASHBOARD = (
    "query Q($id: ID!, $n: Int!) { student(id: $id) { dashboard { tasks(first: $n) { id } } } }"
)
TEXTS = [FIRST.replace("E", "nodes { id }"), LAST.replace("E", "nodes { id }"), DASHBOARD]

DUE = 2.5  # days: a task that overtakes others soon
URGENT = 1 + 2 / (1 + DUE / 3)
BEHIND = (2.985 / URGENT - 1, DUE)  # a little less than a task of weight 2 that is due never
tasks = st.lists(
    st.tuples(
        st.sampled_from([0.0, 1.99, 2.0, BEHIND[0]]) | st.floats(0, 5),
        st.none() | st.sampled_from([-1.0, 0.2, DUE]) | st.floats(0, 6),
    ),
    min_size=2,
    max_size=6,
)


class School:
    """A pupil with tasks, and one connection to ask of them."""

    def __init__(self, owner: asyncpg.Connection, lanes: Lanes, id: UUID) -> None:
        self._owner = owner
        self._plans = CompiledPlans(lanes, dated=True, at_once=True)
        self._id = id

    async def sets(self, given: list[tuple[float, float | None]]) -> None:
        await self._owner.execute("DELETE FROM nexus_app.tasks WHERE student_id = $1", self._id)
        for weight, days in given:
            due = None if days is None else CLOCK + timedelta(days=days)
            await insert(
                self._owner, "tasks", student_id=self._id, label="t", weight=weight, due_at=due
            )

    async def asked(self, text: str, size: int, clock: datetime) -> tuple[bytes, datetime]:
        """The answer, and until when it stands."""
        variables = {"id": str(self._id), "n": size}
        prepared = DOCUMENTS.prepared(Operation(text, variables, None))
        pool: Any = None  # nothing of it is left to the reference path
        context = reading(Viewer("admin", Role.ADMIN), pool, clock)
        found = self._plans.plan(prepared, variables, context)
        assert found is not None
        answered = await self._plans.carry_out(*found)
        assert answered is not None
        return answered.body, instant(found[1].until)


@pytest.fixture
async def school(empty_database: str, anyio_backend: str) -> AsyncIterator[School]:
    owner = await asyncpg.connect(empty_database)
    lanes = Lanes(empty_database, size=1, statement_timeout_ms=10_000)
    yield School(owner, lanes, await pupil(owner))
    await lanes.close()
    await owner.close()


@pytest.mark.parametrize("text", TEXTS, ids=["first", "last", "dashboard"])
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given=tasks, size=st.integers(1, 3))
@example(given=[(2.0, None), (1.99, None), BEHIND], size=1)  # from behind the first not shown
@example(given=[(2.0, None), (2.0, None), BEHIND], size=1)  # and behind a tie
@example(given=[(2.0, None), BEHIND, BEHIND], size=1)  # of two in step, the one that is not shown
async def test_what_stands_is_what_would_be_answered(
    school: School, text: str, given: list[tuple[float, float | None]], size: int
) -> None:
    await school.sets(given)
    shown, until = await school.asked(text, size, CLOCK)
    for clock in LATER:
        if clock < until:
            assert (await school.asked(text, size, clock))[0] == shown
