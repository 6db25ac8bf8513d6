"""The periods that reports cover, and their French names."""

from dataclasses import dataclass
from datetime import date

from models.vocabulary import ReportPeriodKind

MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Period:
    """Both days are included."""

    kind: ReportPeriodKind
    start: date
    end: date

    @property
    def label(self) -> str:
        """`Semaine du 16 au 22 novembre 2026`, `Novembre 2026`, `Trimestre du 1er septembre …`."""
        if self.kind is ReportPeriodKind.MONTH:
            return f"{MONTHS[self.start.month - 1]} {self.start.year}".capitalize()
        name = "Semaine du" if self.kind is ReportPeriodKind.WEEK else "Trimestre du"
        return f"{name} {_day(self.start, self.end)} au {_day(self.end)}"


def _day(day: date, until: date | None = None) -> str:
    """A French date, without what the date `until` will say anyway."""
    number = "1er" if day.day == 1 else str(day.day)
    if until and (day.year, day.month) == (until.year, until.month):
        return number
    month = f"{number} {MONTHS[day.month - 1]}"
    return month if until and day.year == until.year else f"{month} {day.year}"
