"""A loader reads each key once, whoever waits for it and whatever becomes of them."""

import asyncio
from typing import Any

import pytest

from loaders.by_column import Loader

pytestmark = pytest.mark.anyio


class Doubling:
    """A batch that remembers what it was asked; the key 0 cannot be read."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    async def __call__(self, keys: list[Any]) -> list[Any]:
        self.asked.append(keys)
        await asyncio.sleep(0)
        return [2 * key if key else LookupError("no such key") for key in keys]


@pytest.fixture
def doubling() -> Doubling:
    return Doubling()


@pytest.fixture
async def loader(doubling: Doubling) -> Loader:
    async def batch(keys: list[Any]) -> list[Any]:
        return await doubling(keys)

    return Loader(batch)


async def test_keys_that_are_asked_for_together_are_read_together(loader, doubling) -> None:
    async def ask(key: int) -> Any:
        return await loader.load(key)

    assert await asyncio.gather(loader.load(1), ask(2), ask(1), loader.load(3)) == [2, 4, 2, 6]
    assert doubling.asked == [[1, 3, 2]]


async def test_what_was_read_is_not_read_again(loader, doubling) -> None:
    assert (await loader.load(1), await loader.load(1)) == (2, 2)
    assert doubling.asked == [[1]]


async def test_who_gives_up_calls_nothing_off_for_others(loader) -> None:
    one, other = loader.load(1), loader.load(1)
    await asyncio.sleep(0)
    one.cancel()
    assert await other == 2


async def test_what_cannot_be_read_is_told_to_all_and_tried_once(loader, doubling) -> None:
    for _ in range(2):
        with pytest.raises(LookupError):
            await loader.load(0)
    assert await loader.load(5) == 10
    assert doubling.asked == [[0], [5]]


async def test_a_batch_that_fails_is_told_to_all_and_tried_once() -> None:
    asked = 0

    async def batch(keys: list[Any]) -> list[Any]:
        nonlocal asked
        asked += 1
        raise RuntimeError("gone")

    loader = Loader(batch)
    found = await asyncio.gather(loader.load(1), loader.load(2), return_exceptions=True)
    assert [str(error) for error in found] == ["gone", "gone"]
    with pytest.raises(RuntimeError, match="gone"):
        await loader.load(1)
    assert asked == 1
