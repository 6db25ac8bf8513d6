"""How the suite is shared out among processes (`-n`): a file stays whole, the rough ones together.

Each process brings its own servers. A file's tests share fixtures, so they stay with one process;
what starts whole installations, or kills servers in a crowd, waits for its like: two at once would
only wait for the machine.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

ROUGH = (
    "tests/chaos/",
    "tests/gateway/test_embedded",
    "tests/gateway/test_run",
    "tests/jobs/test_worker_beside_run",
)


def crew(nodeid: str) -> str:
    """Whom a test goes with."""
    return "rough" if nodeid.startswith(ROUGH) else nodeid.partition("::")[0]


class Crews(LoadScopeScheduling):
    """Hands out crews in the order of the collection."""

    def _split_scope(self, nodeid: str) -> str:
        return crew(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Crews:
    config.option.loadscopereorder = False  # by their number of tests, which tells nothing
    return Crews(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: crew(item.nodeid) != "rough")  # the longest first
