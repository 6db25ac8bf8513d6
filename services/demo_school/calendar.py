"""The days of the demo school: its school year, its weeks and the instants of a civil day."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from models.curriculum import Track

TIME_ZONE = "Europe/Paris"
WEEKS_OF_HISTORY = 13
AUGUST = 8
FRESH = timedelta(days=75)

_zone = ZoneInfo(TIME_ZONE)


@dataclass(frozen=True)
class Calendar:
    """Everything that happened lies between `start` and `eve`; from `today` on it is planned."""

    today: date
    _offsets: dict[date, timedelta] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def eve(self) -> date:
        return self.today - timedelta(days=1)

    @cached_property
    def start(self) -> date:
        return self.monday(-WEEKS_OF_HISTORY)

    @property
    def autumn(self) -> int:
        """The year of the September that the school year began in; it is prepared from August."""
        return self.today.year if self.today.month >= AUGUST else self.today.year - 1

    def session(self, track: Track) -> int:
        """The summer of the baccalauréat: next for a Terminale, the one after for a Première."""
        return self.autumn + (1 if track is Track.TERMINALE else 2)

    def monday(self, week: int) -> date:
        """The Monday of a week, 0 being the week of today."""
        return self.today + timedelta(weeks=week, days=-self.today.weekday())

    def day(self, week: int, weekday: int) -> date:
        return self.monday(week) + timedelta(days=weekday)

    def at(self, day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
        """The instant of a time of day (from 03:00 on) in the school's zone."""
        offset = self._offsets.get(day)
        if offset is None:
            offset = datetime.combine(day, time(12), tzinfo=_zone).utcoffset() or timedelta()
            self._offsets[day] = offset
        return datetime.combine(day, time(hour, minute, second), tzinfo=UTC) - offset

    def weeks(self, count: int) -> list[tuple[date, date]]:
        """The last whole weeks, latest first."""
        sunday = self.today - timedelta(days=self.today.weekday() + 1)
        return [
            (sunday - timedelta(weeks=n, days=6), sunday - timedelta(weeks=n)) for n in range(count)
        ]

    def months(self, count: int) -> list[tuple[date, date]]:
        """The last whole months, latest first."""
        found = []
        first = self.today.replace(day=1)
        for _ in range(count):
            last = first - timedelta(days=1)
            first = last.replace(day=1)
            found.append((first, last))
        return found

    def trimestre(self) -> tuple[date, date]:
        """The trimestre that ended lately, or else the running one up to the eve."""
        terms = [
            (date(year + past, month, 1), date(year + past_end, end, 1) - timedelta(days=1))
            for year in (self.autumn - 1, self.autumn)
            for past, month, past_end, end in ((0, 9, 0, 12), (0, 12, 1, 3), (1, 3, 1, 7))
        ]
        ended = [term for term in terms if term[1] <= self.eve][-1]
        running = [term for term in terms if term[0] < self.eve < term[1]]
        if running and self.eve - ended[1] > FRESH:
            return running[0][0], self.eve
        return ended
