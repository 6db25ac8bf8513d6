"""The journal under many writers: without a gap, in the order of the commits, and true."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest
from concurrent_writers import School, Step, follow, pauses, pausing, writers
from conftest import database
from hypothesis import HealthCheck, Phase, given, settings
from replaying import held, replayed
from tutoring import DAY, tutoring

from gateway.embedded import Servers

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def dsn(servers: Servers, migrated: str) -> Iterator[str]:
    with database(servers, migrated) as made:
        yield made


@pytest.fixture(scope="module")
def names() -> Iterator[int]:
    return iter(range(1_000))


@settings(
    max_examples=6,
    derandomize=True,
    phases=[Phase.generate],  # no two runs meet alike: there is nothing to shrink
    suppress_health_check=[HealthCheck.too_slow],
)
@given(plans=writers, seconds=pauses)
async def test_the_journal_of_many_writers_has_no_gap_is_in_order_and_tells_what_is(
    dsn: str, names: Iterator[int], plans: list[list[Step]], seconds: list[float]
) -> None:
    async with tutoring(dsn) as tutored:
        await tutored.db.execute("DELETE FROM nexus_app.coach_availabilities")
        await tutored.db.execute("DELETE FROM nexus_app.sessions")
        await tutored.opens(length=2 * DAY)
        pupils = [await tutored.pupil(f"pupil-{next(names)}") for _ in range(3)]
        began = {pupil.id: await held(dsn, pupil.id) for pupil in pupils}
        school, ended = School(tutored.gate, pupils), asyncio.Event()
        for place in range(3):
            await school.write(
                [Step(verb, place, 0, place) for verb in ("createTask", "bookSession")]
            )
        reader = await asyncpg.connect(dsn)
        following = asyncio.create_task(follow(reader, pupils, ended))
        try:
            with pausing(tutored.gate, seconds):
                await asyncio.gather(*(school.write(plan) for plan in plans))
        finally:
            ended.set()
            seen = await following
            await reader.close()
        assert seen > 0
        for pupil in pupils:
            assert await replayed(dsn, pupil.id, began[pupil.id]) == await held(dsn, pupil.id)
