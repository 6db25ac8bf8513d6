"""The declarative base every table shares: schema, naming, keys, and enums by their labels."""

import re
import secrets
import time
from datetime import datetime
from enum import StrEnum
from inspect import getmembers, isclass
from typing import Any
from uuid import UUID

from sqlalchemy import TIMESTAMP, Enum, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from models import curriculum, vocabulary

SCHEMA = "nexus_app"

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def labelled(enum: type[StrEnum]) -> Enum:
    """The native PostgreSQL enum of a vocabulary: `TaskStatus` is `nexus_app.task_status`."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", enum.__name__).lower()
    return Enum(enum, name=name, schema=SCHEMA, values_callable=lambda e: [m.value for m in e])


LABELS: dict[Any, Any] = {
    enum: labelled(enum)
    for module in (curriculum, vocabulary)
    for _, enum in getmembers(module, isclass)
    if issubclass(enum, StrEnum) and enum is not StrEnum
}


def uuid7() -> UUID:
    """A time-ordered key (RFC 9562 § 5.7): 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = secrets.randbits(74)
    high = (milliseconds << 16) | 0x7000 | (random >> 62)
    return UUID(int=(high << 64) | (0b10 << 62) | (random & (2**62 - 1)))


class Entity(DeclarativeBase):
    """A table of the schema `nexus_app`, keyed by a UUIDv7."""

    metadata = MetaData(schema=SCHEMA, naming_convention=NAMES)
    type_annotation_map = {
        datetime: TIMESTAMP(timezone=True),
        str: Text(),
        dict[str, Any]: JSONB(),
        **LABELS,
    }

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
