"""Chance that always falls the same way: a seeded generator that also makes time-ordered keys."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar
from uuid import NAMESPACE_URL, uuid5

T = TypeVar("T")

SEED = "nexus/demo"
LOW_62 = (1 << 62) - 1
LOW_48 = (1 << 48) - 1


def subject_of_token(*what: object) -> str:
    """The subject of a demo person's token: the same every day, so that tokens outlive a reload."""
    return str(uuid5(NAMESPACE_URL, "/".join((SEED, *map(str, what)))))


class Dice(Random):
    """One generator for each pupil, so that a pupil does not depend on those before it."""

    def __init__(self, *what: object) -> None:
        super().__init__("/".join((SEED, *map(str, what))))

    def key(self, at: datetime) -> str:
        """A key in the layout of UUID v7 (RFC 9562 § 5.7), made at this instant."""
        moment = f"{int(at.timestamp() * 1000):012x}"
        chance = self.getrandbits(74)
        low = chance & LOW_62
        return (
            f"{moment[:8]}-{moment[8:]}-7{chance >> 62:03x}"
            f"-{0x8000 | low >> 48:04x}-{low & LOW_48:012x}"
        )

    def chance(self, probability: float) -> bool:
        return self.random() < probability

    def below(self, count: int) -> int:
        return int(self.random() * count)

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + int(self.random() * (high - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        return options[int(self.random() * len(options))]

    def around(self, middle: float, spread: float) -> float:
        """A number near the middle, kept between 0 and 1."""
        return min(1.0, max(0.0, middle + (self.random() + self.random() - 1) * spread))

    def days(self, low: int, high: int) -> timedelta:
        return timedelta(days=self.between(low, high))
