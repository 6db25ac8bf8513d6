"""Lists in an order that drifts with the clock: until when it stays as it is, found with the list.

Two rows change places no sooner than the one behind can make up for what is between them. Whatever
shows the drifting value itself, a cursor among it, is another answer at every instant.
"""

from sqlalchemy import literal_column, select

from gateway.compiled.compiler import Compiler
from gateway.compiled.places import RowPlace
from gateway.compiled.sql import Json, Names, said
from loaders.columns import COMPUTED
from loaders.keyset import Order

SAFE = 0.99  # of the time it takes to make up for it, for the sake of the last bits
NEXT_MIDNIGHT = (
    "(date_trunc('day', {clock} AT TIME ZONE 'UTC') + interval '1 day') AT TIME ZONE 'UTC'"
)


class Drifting:
    """One such list in the making: what is selected of its rows is known, its query is not yet."""

    def __init__(self, compiler: Compiler, row: RowPlace, order: Order) -> None:
        self._compiler = compiler
        self._row = row
        shown = any(
            name in COMPUTED.get(row.model, {}) or name.startswith("sort_") for name in row.needed
        )
        self.dated = compiler.dated and order.drift is not None and not shown
        self._order = order
        if self.dated and order.drift is not None:
            self._read = [
                row.expression(f"drift_{i}", column).sql.removeprefix(f"{row.alias}.")
                for i, column in enumerate(order.drift.read)
            ]

    def names(self, names: Names) -> Names:
        """The parameters of its query: the clock is asked for, but not as what moves it."""
        if not self.dated:
            return names
        return lambda name: (
            self._compiler.instant() if name in ("clock", "sorted_at") else names(name)
        )

    def with_gaps(self, ordered: str, size: str) -> str:
        """All the rows, each with the days in which what is shown may change at the earliest.

        `size` of them are shown. These may change places with the one before; any other, however
        far behind, may take the place of the last.
        """
        if not self.dated or self._order.drift is None:
            return ordered
        drift = self._order.drift
        read = [
            literal_column(f"apart.{name}", column.type)
            for name, column in zip(self._read, drift.read, strict=True)
        ]
        moved_by = drift.moved_by(*read)
        names = [f"moved_{i}" for i in range(len(moved_by))]
        labelled = [each.label(name) for name, each in zip(names, moved_by, strict=True)]
        named = said(select(*labelled), self._row.names).removeprefix("SELECT ")
        moved = [
            literal_column(name, each.type) for name, each in zip(names, moved_by, strict=True)
        ]
        growth = f"({said(select(drift.growth(*moved)), self._row.names)})"
        rivals = ", ".join(
            f"CASE WHEN nth <= {size} THEN lag({name}) OVER ()"
            f" ELSE nth_value({name}, greatest({size}, 1)) OVER everyone END AS rival_{name}"
            for name in ("sort_0", "growth", *names)
        )
        same = " AND ".join(f"rival_{name} IS NOT DISTINCT FROM {name}" for name in names)
        # who is behind has to make up for it, while who is ahead may stand still
        behind = """CASE sign(rival_sort_0 - sort_0) WHEN 1 THEN growth
            WHEN -1 THEN rival_growth ELSE greatest(growth, rival_growth) END"""
        days = f"abs(ln(rival_sort_0 / sort_0)) / nullif({behind}, 0)"
        soonest = f"min(CASE WHEN NOT ({same}) THEN {days} END) OVER () AS gap"
        explained = (
            f"SELECT *, row_number() OVER () AS nth, {named} FROM ({ordered} OFFSET 0) apart"
            " OFFSET 0"
        )
        moving = f"SELECT *, {growth} AS growth FROM ({explained}) explained"
        beside = (
            f"SELECT *, {rivals} FROM ({moving}) moving WINDOW everyone AS"
            " (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"
        )
        return f"SELECT *, {soonest} FROM ({beside}) beside"

    def mark(self) -> Json:
        """Until when the rows stand in this order; beside an aggregate over them."""
        if not self.dated or self._order.drift is None:
            return []
        clock = f"{self._compiler.instant()}::timestamptz"
        days = f"min({self._row.alias}.gap) * {SAFE}"
        midnight = NEXT_MIDNIGHT.format(clock=clock)
        # a list that never changes places stands for more days than there are
        return self._compiler.until(
            f"least({clock} + least({days}, 2) * interval '1 day', {midnight})"
        )
