"""Instants as marks tell them: microseconds since the epoch, or never."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FOREVER = datetime.max.replace(tzinfo=UTC)


NEVER = 2**62


def instant(micros: int | None) -> datetime:
    return FOREVER if micros is None or micros == NEVER else EPOCH + timedelta(microseconds=micros)


def told(moment: datetime) -> int:
    return NEVER if moment == FOREVER else (moment - EPOCH) // timedelta(microseconds=1)
