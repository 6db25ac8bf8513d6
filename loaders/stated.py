"""Values said in SQL over the columns of a row: what is computed, as a query beside the facts."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Stated:
    """A query whose columns are named as the attributes of the object that it stands for.

    `:name` is a column of the row it is said of; `:clock` the instant of the operation; `:first`
    how many are wanted, where the query is a list.

    `until` says of a column from which instant on, after the clock, it may say something else with
    no row changed: an expression over the query's columns and `:name`s, null for never. Of a list
    it says so of each item, under any name. A column that is not named there stays; without an
    `until` all may be another at any instant.
    """

    sql: str
    until: Mapping[str, str] | None = None


TODAY = "(:clock AT TIME ZONE :time_zone)::date"
TOMORROW = f"{TODAY} + 1"


def midnight(day: str, zone: str) -> str:
    """When a civil day begins, for SQL texts; the first time where its midnight comes twice."""
    # PostgreSQL takes the second of two
    second = f"(({day})::timestamp AT TIME ZONE {zone})"
    return (
        f"CASE WHEN ({second} - interval '1 hour') AT TIME ZONE {zone} = ({day})::timestamp"
        f" THEN {second} - interval '1 hour' ELSE {second} END"
    )
