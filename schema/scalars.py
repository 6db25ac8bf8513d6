"""How ids, instants and days travel."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.schema.types.scalar import DEFAULT_SCALAR_REGISTRY
from strawberry.types.scalar import ScalarDefinition

YEARS = range(1900, 2200)  # wide enough for any pupil, narrow enough for every time zone's sums


def _instant(value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is None:
            raise ValueError("no offset")
        found = found.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise GraphQLError(f"{value!r} is not an instant with offset (RFC 3339)") from error
    if found.year not in YEARS:
        raise GraphQLError(f"{value!r} is out of range")
    return found


def _day(value: Any) -> date:
    try:
        found = date.fromisoformat(value)
        if found.isoformat() != value:
            raise ValueError("another spelling")
    except (TypeError, ValueError) as error:
        raise GraphQLError(f"{value!r} is not a day (YYYY-MM-DD)") from error
    if found.year not in YEARS:
        raise GraphQLError(f"{value!r} is out of range")
    return found


SCALARS: dict[object, ScalarDefinition] = {
    UUID: DEFAULT_SCALAR_REGISTRY[strawberry.ID],
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant, ISO-8601 with offset (RFC 3339).",
        serialize=datetime.isoformat,
        parse_value=_instant,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A civil day, YYYY-MM-DD.",
        serialize=date.isoformat,
        parse_value=_day,
    ),
    strawberry.scalars.JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value.",
        serialize=lambda value: value,
        parse_value=lambda value: value,
    ),
}
