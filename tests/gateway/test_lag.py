"""How late the event loop is: told to Prometheus, by a probe that lives as long as the process."""

import asyncio
import time

import pytest
from following import eventually
from over_http import client_of
from starlette.applications import Starlette

from gateway import lag
from gateway.app import create_app
from gateway.lag import LoopLag
from gateway.settings import Settings

pytestmark = pytest.mark.anyio

HELD = 0.3  # seconds


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lag, "EVERY", 0.01)


async def test_a_loop_that_is_held_is_late_by_as_much() -> None:
    probe = LoopLag()
    running = asyncio.create_task(probe.run())
    await eventually(lambda: any(probe.seen.counts))
    time.sleep(HELD)  # noqa: ASYNC251 - this is what is to be seen
    await eventually(lambda: probe.seen.sum >= HELD - lag.EVERY)
    running.cancel()
    assert sum(probe.seen.counts[lag.SECONDS.index(0.25) + 1 :]) >= 1


async def test_it_is_told_while_the_process_lives_and_looked_at_no_longer(
    gateway_settings: Settings,
) -> None:
    app: Starlette = create_app(gateway_settings.model_copy(update={"paths": "reference"}))

    async def looked() -> float:
        async with client_of(app) as client:
            text = (await client.get("http://127.0.0.1/metrics")).text
        (line,) = (
            line for line in text.splitlines() if line.startswith("nexus_loop_lag_seconds_count")
        )
        return float(line.split()[1])

    before = asyncio.all_tasks()
    async with app.router.lifespan_context(app):
        first = await looked()
        async with asyncio.timeout(20):
            while await looked() == first:  # noqa: ASYNC110 (there is no event for it)
                await asyncio.sleep(0.01)
    assert asyncio.all_tasks() <= before
