"""How late the event loop is: what is due waits for whatever holds it, and so does every answer."""

import asyncio
from collections.abc import Iterable

from prometheus_client.metrics_core import HistogramMetricFamily, Metric

from gateway.metrics import Spread

EVERY = 0.25  # seconds between two looks
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


class LoopLag:
    """Sleeps for a while, again and again, and sees how much longer it was; for `/metrics`."""

    def __init__(self) -> None:
        self.seen = Spread(SECONDS)

    async def run(self) -> None:
        """Look, for as long as the process lives."""
        now = asyncio.get_running_loop().time
        while True:
            due = now() + EVERY
            await asyncio.sleep(EVERY)
            self.seen.observe(max(0.0, now() - due))  # a timer may be a moment early

    def collect(self) -> Iterable[Metric]:
        family = HistogramMetricFamily(
            "nexus_loop_lag_seconds", "How late the event loop did what was due."
        )
        family.add_metric((), self.seen.buckets(), self.seen.sum)
        yield family
