"""Who joins the making of an answer is given one that holds at their own instant."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.versioned.answers import Missed, VersionedAnswers
from gateway.versioned.store import Kept, Question

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC)
MIDNIGHT = NOW + timedelta(seconds=1)
ELSEWHERE: Any = object()


class Slow(VersionedAnswers):
    """Makes answers that are over at midnight, or a day later, when it is told to."""

    def __init__(self) -> None:
        super().__init__(ELSEWHERE, ELSEWHERE, freshness=timedelta(seconds=30))
        self.made_for: list[datetime] = []
        self.go = asyncio.Event()

    async def _made(self, question: Question, stamps: bytes, *given: Any) -> Kept:
        clock = given[-1].clock
        self.made_for.append(clock)
        await self.go.wait()
        until = MIDNIGHT if clock < MIDNIGHT else MIDNIGHT + timedelta(days=1)
        return Kept(stamps, clock, until, clock.isoformat().encode(), "a tag", 1)

    async def asked(self, clock: datetime) -> str:
        missed = Missed(self, "a key", Question((), b"scope"), b"stamps")
        found = await self.make(missed, ELSEWHERE, {}, reading_at(clock))
        assert found is not None
        return found.body.decode()


def reading_at(clock: datetime) -> Any:
    return SimpleNamespace(clock=clock)


@pytest.mark.parametrize("later", [timedelta(0), timedelta(milliseconds=999)])
async def test_who_comes_while_it_is_made_is_given_the_same(later: timedelta) -> None:
    answers = Slow()
    both = asyncio.gather(answers.asked(NOW), answers.asked(NOW + later))
    await asyncio.sleep(0)
    answers.go.set()
    assert await both == [NOW.isoformat()] * 2
    assert answers.made_for == [NOW]


async def test_who_waited_for_what_is_over_meanwhile_is_given_a_new_one() -> None:
    answers = Slow()
    both = asyncio.gather(answers.asked(NOW), answers.asked(MIDNIGHT))
    await asyncio.sleep(0)
    answers.go.set()
    assert await both == [NOW.isoformat(), MIDNIGHT.isoformat()]
    assert answers.made_for == [NOW, MIDNIGHT]


async def test_whose_clock_is_before_that_of_who_made_it_is_given_their_own() -> None:
    answers = Slow()
    both = asyncio.gather(answers.asked(MIDNIGHT), answers.asked(NOW))
    await asyncio.sleep(0)
    answers.go.set()
    assert await both == [MIDNIGHT.isoformat(), NOW.isoformat()]
