"""The sessions of the demo school with its coaches, past and to come, and the coaches' hours."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from models.study_session import CoachAvailability, StudySession, StudySessionAction
from models.vocabulary import EventKind, Role, SessionKind, SessionStatus
from services.demo_school.calendar import WEEKS_OF_HISTORY, Calendar
from services.demo_school.copy import Rows
from services.demo_school.dice import Dice
from services.demo_school.people import Person
from services.demo_school.pupil import Pupil
from services.demo_school.texts import phrases

Hour = tuple[int, int]
"""A weekday (0 is Monday) and an hour."""

WEDNESDAY, SATURDAY = 2, 5
OFFERED: dict[int, tuple[tuple[int, int], ...]] = {
    **{day: ((9, 12), (14, 20)) for day in range(5) if day != WEDNESDAY},
    WEDNESDAY: ((9, 12), (13, 20)),
    SATURDAY: ((9, 12), (14, 17)),
}
"""When every coach works; Saturday is kept for the stages."""

EVENINGS: tuple[Hour, ...] = tuple(
    (day, hour) for day in range(5) for hour in range(13 if day == WEDNESDAY else 16, 20)
)
DAYTIME: tuple[Hour, ...] = tuple(
    (day, hour) for day in range(5) for hour in (9, 10, 11, 14, 15) if day != WEDNESDAY
)
STAGES: tuple[Hour, ...] = ((SATURDAY, 9), (SATURDAY, 14))
STAGE_HOURS = 3
WEEKS_AHEAD = 5

COMING = (
    (SessionStatus.CONFIRME, True),
    (SessionStatus.PROPOSE, True),
    (SessionStatus.PROPOSE, False),
    (SessionStatus.CONFIRME, False),
    (SessionStatus.ANNULE, False),
)
"""How the coming sessions of a pupil stand, in turn, and whether the pupil asked for them."""


class Diary:
    """Who is taken when: nobody is in two places at once."""

    def __init__(self) -> None:
        self._taken: set[tuple[str, int, Hour]] = set()

    def book(
        self, who: tuple[str, str], week: int, hours: tuple[Hour, ...], start: int
    ) -> Hour | None:
        """Take the first hour of a week, from the preferred one on, that is free for all."""
        for turn in range(len(hours)):
            hour = hours[(start + turn) % len(hours)]
            wanted = {(one, week, hour) for one in who}
            if not wanted & self._taken:
                self._taken |= wanted
                return hour
        return None


@dataclass(frozen=True, slots=True)
class Slot:
    kind: SessionKind
    day: date
    hour: int
    minutes: int


def write_lessons(pupil: Pupil, diary: Diary) -> None:
    """An hour a week with the coach, the same each week where it is free, and some Saturdays.

    A rich pupil has a second one now and then.
    """
    dice, calendar = pupil.dice, pupil.calendar
    hours = DAYTIME if pupil.libre else EVENINGS
    usual, other = dice.below(len(hours)), dice.below(len(hours))
    who = (pupil.coach.id, pupil.id)
    past = range(2 - WEEKS_OF_HISTORY, 0)
    weeks = [*past, 0, 1, 2] if pupil.rich else [*dice.sample(past, 3), dice.below(2), 2]
    wanted = [(week, usual) for week in weeks]
    if pupil.rich:
        wanted += [(week, other) for week in (*dice.sample(past, 4), 0, 1, 2)]
    slots = []
    for week, preferred in sorted(wanted):
        if hour := diary.book(who, week, hours, preferred):
            kind = SessionKind.VISIO if dice.chance(0.6) else SessionKind.PRESENTIEL
            slots.append(Slot(kind, calendar.day(week, hour[0]), hour[1], dice.pick((45, 60, 60))))
    stages = (-9, -4, 1) if pupil.rich else (dice.pick(past),) if dice.chance(0.3) else ()
    for week in stages:
        if hour := diary.book(who, week, STAGES, 0):
            day = calendar.day(week, hour[0])
            slots.append(Slot(SessionKind.STAGE, day, hour[1], 60 * STAGE_HOURS))
    coming = dice.below(len(COMING)) if not pupil.rich else 0
    for slot in slots:
        if slot.day < calendar.today:
            status = SessionStatus.ANNULE if dice.chance(0.15) else SessionStatus.CONFIRME
            _write(pupil, slot, status, asked=dice.chance(0.5))
        else:
            status, asked = COMING[coming % len(COMING)]
            _write(pupil, slot, status, asked=asked)
            coming += 1


def _write(pupil: Pupil, slot: Slot, status: SessionStatus, *, asked: bool) -> None:
    """Write a session and how it came about: the pupil asks and the coach confirms, or conversely.

    Coaches cancel; a proposal that is called off may never have been confirmed.
    """
    dice, calendar, journal = pupil.dice, pupil.calendar, pupil.journal
    start = calendar.at(slot.day, slot.hour)
    eve = calendar.eve
    asked_on = max(
        min(slot.day - dice.days(6, 9), eve - dice.days(3, 4)),
        calendar.start + timedelta(days=5 if asked else 4),
    )
    at = pupil.own(asked_on) if asked else pupil.moment(asked_on, 9, 16)
    key = dice.key(at)
    first = EventKind.SESSION_BOOKED if asked else EventKind.SESSION_PROPOSED
    awaiting = Role.COACH if asked else Role.STUDENT
    journal.note(
        at,
        first,
        pupil.actor if asked else pupil.coach_actor,
        StudySession,
        key,
        after={
            "status": SessionStatus.PROPOSE.name,
            "kind": slot.kind.name,
            "slotStart": start.isoformat(),
            "awaiting": awaiting.name,
        },
    )
    before = SessionStatus.PROPOSE
    if status is SessionStatus.CONFIRME or (status is SessionStatus.ANNULE and dice.chance(0.6)):
        confirmed = _confirmed(pupil, asked_on, asked=asked)
        actor = pupil.coach_actor if asked else pupil.actor
        action = StudySessionAction.CONFIRM
        journal.move(confirmed, action, actor, StudySession, key, before=before)
        before = SessionStatus.CONFIRME
    if status is SessionStatus.ANNULE:
        day = min(max(asked_on + timedelta(days=3), slot.day - timedelta(days=2)), eve)
        cancelled = pupil.moment(day, 17, 20)
        action = StudySessionAction.CANCEL
        journal.move(cancelled, action, pupil.coach_actor, StudySession, key, before=before)
    _count(pupil, slot, status)
    _add(pupil, slot, status, key, at, awaiting if status is SessionStatus.PROPOSE else None)


def _confirmed(pupil: Pupil, asked_on: date, *, asked: bool) -> datetime:
    """The day after: the coach in the morning, the pupil in the evening if it is no day of rest."""
    if asked:
        return pupil.moment(asked_on + timedelta(days=1), 9, 12)
    day = asked_on + timedelta(days=1)
    return pupil.own(day + timedelta(days=1) if day == pupil.rest_day else day, within=(17, 21))


def _count(pupil: Pupil, slot: Slot, status: SessionStatus) -> None:
    if slot.day < pupil.calendar.today:
        (pupil.cancelled if status is SessionStatus.ANNULE else pupil.held).append(slot.day)


def _add(
    pupil: Pupil, slot: Slot, status: SessionStatus, key: str, at: datetime, awaiting: Role | None
) -> None:
    dice = pupil.dice
    start = pupil.calendar.at(slot.day, slot.hour)
    at_a_distance = slot.kind is SessionKind.VISIO
    titles = phrases()["sessions"][slot.kind.name]
    pupil.rows.add(
        StudySession,
        id=key,
        student_id=pupil.id,
        title=pupil.words(titles, pupil.chapter())[:300],
        kind=slot.kind,
        status=status,
        slot_start=start,
        slot_end=start + timedelta(minutes=slot.minutes),
        coach_id=pupil.coach.id,
        coach_name=pupil.coach.name,
        awaiting=awaiting,
        join_url=f"https://visio.example/{key}" if at_a_distance else None,
        place=None if at_a_distance else dice.pick(phrases()["places"]),
        created_at=at,
    )


def write_hours(rows: Rows, calendar: Calendar, coach: Person) -> None:
    """The hours that a coach offers from today on."""
    dice = Dice("hours", coach.id, calendar.today)
    for week in range(WEEKS_AHEAD):
        for weekday, spans in OFFERED.items():
            day = calendar.day(week, weekday)
            if day < calendar.today:
                continue
            for start, end in spans:
                saturday = weekday == SATURDAY
                first = SessionKind.STAGE if saturday else SessionKind.VISIO
                rows.add(
                    CoachAvailability,
                    id=dice.key(calendar.at(calendar.eve, 8)),
                    coach_id=coach.id,
                    coach_name=coach.name,
                    slot_start=calendar.at(day, start),
                    slot_end=calendar.at(day, end),
                    kinds=(first.value, SessionKind.PRESENTIEL.value),
                )
