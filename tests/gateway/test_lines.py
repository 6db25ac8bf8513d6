"""Lines of operations are written soon and together, what matters more at once; none is lost."""

import asyncio
import io
import logging
from collections.abc import Iterator

import pytest

from gateway.logs import MOST, TOGETHER, Lines, Seen
from gateway.observations import Observation

pytestmark = pytest.mark.anyio


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def logger(stream: io.StringIO) -> Iterator[logging.Logger]:
    made, handler = logging.Logger("lines"), Lines(stream)
    made.addHandler(handler)
    yield made
    handler.close()


def operation() -> Seen:
    return Seen("lines", Observation("an id"))


async def test_lines_of_operations_wait_for_one_another(
    logger: logging.Logger, stream: io.StringIO
) -> None:
    for _ in range(3):
        logger.handle(operation())
    assert stream.getvalue() == ""
    await asyncio.sleep(2 * TOGETHER)
    assert stream.getvalue() == "operation\n" * 3


async def test_a_warning_takes_all_that_waits_along_in_order(
    logger: logging.Logger, stream: io.StringIO
) -> None:
    logger.handle(operation())
    logger.warning("look")
    assert stream.getvalue() == "operation\nlook\n"


async def test_no_more_than_so_many_wait(logger: logging.Logger, stream: io.StringIO) -> None:
    for _ in range(MOST):
        logger.handle(operation())
    assert stream.getvalue() == "operation\n" * MOST


async def test_what_waits_is_written_at_the_end(
    logger: logging.Logger, stream: io.StringIO
) -> None:
    logger.handle(operation())
    logger.handlers[0].flush()
    assert stream.getvalue() == "operation\n"


def test_where_nothing_could_write_it_later_it_is_written_now(
    logger: logging.Logger, stream: io.StringIO
) -> None:
    logger.handle(operation())
    assert stream.getvalue() == "operation\n"
