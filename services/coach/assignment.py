"""The coach's decision: needs, heaviest first, on the days of the coming weeks that have room."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from models.curriculum import Subject
from models.vocabulary import TaskCategory, TaskStatus
from services.coach.corrections import corrections
from services.coach.exams import papers
from services.coach.load import MINUTES, REVISED, WEEK, monday, stated, weekly_minutes
from services.coach.methods import methods
from services.coach.milestones import deadlines
from services.coach.motives import (
    WORK,
    History,
    Need,
    plain,
    root_of,
    same_words,
    stakes,
)
from services.coach.revision import revisions
from services.coach.starting import starts
from services.coach.state import CoachState, KnownTask
from services.coach.withdrawal import ASKED, CROWDED, Withdrawn, withdrawals
from services.coach.words import number

SOON = 2
"""New work is set for this week and the next."""

LATER = 4
"""What is set already may be put off as far as this many weeks."""

DAY = timedelta(days=1)
REVISION = TaskCategory.REVISION


@dataclass(frozen=True, slots=True)
class Assigned:
    """A task as it is to be; `task` is what stands already, if anything does."""

    motive: str
    label: str
    category: TaskCategory
    subject: Subject | None
    chapter_code: str | None
    weight: float
    due_on: date
    reason: str
    task: KnownTask | None

    @property
    def differs(self) -> bool:
        """Whether what stands is to be changed. Its label stays as it was set."""
        stands = self.task
        return stands is not None and (
            (stands.weight, stands.due_on, stands.reason) != (self.weight, self.due_on, self.reason)
        )


@dataclass(frozen=True, slots=True)
class Assignments:
    """What the coach wants of its open tasks, heaviest first.

    `withdrawn` are its own that have no use or no room any more, and why; `stuck` what was skipped
    twice in every form, for a person to talk about; `crowded` deadlines that no week had room for;
    `minutes` what each week then holds, by its Monday.
    """

    wanted: tuple[Assigned, ...]
    withdrawn: tuple[Withdrawn, ...]
    stuck: tuple[str, ...]
    crowded: tuple[str, ...]
    minutes: dict[date, int]

    @property
    def created(self) -> tuple[Assigned, ...]:
        return tuple(one for one in self.wanted if one.task is None)

    @property
    def changed(self) -> tuple[Assigned, ...]:
        return tuple(one for one in self.wanted if one.differs)


def coach(state: CoachState, today: date) -> Assignments:
    """The work of the coming weeks.

    Never more than the weekly load, of which everybody's open tasks and what was done this week
    take their part, but for deadlines that a text sets, which come first and are never left out;
    nothing that somebody's open task asks for already; nothing due after the exam it is for. What
    is set already keeps its day as long as it weighs the same and there is room. The result given
    back as the state gives itself.
    """
    history = History(state)
    found = list(_needs(state, history, today))
    needs = [need for forms in found for need in history.meant(forms, today)]
    kept = sorted((task for task in state.tasks if task.kept), key=lambda task: task.id)
    own = {task.motive: task for task in reversed(kept)}  # of two for one need, the older
    weeks = _Weeks(state, today)
    others = _Others(state)
    placed: list[tuple[Need, Assigned]] = []
    crowded: list[str] = []
    why: dict[UUID, str] = {}
    for need in sorted(needs, key=lambda one: (not one.legal, one.rank)):
        standing = own.get(need.motive)
        asked = others.ask_for(need)
        if asked or (standing is None and not need.fresh):
            if standing is not None:
                why[standing.id] = ASKED
            continue
        day = weeks.place(need, standing)
        if day is not None:
            placed.append((need, _assigned(state, need, standing, day)))
            continue
        if standing is not None:
            why[standing.id] = CROWDED
        if need.fixed and need.latest and need.latest > today:
            crowded.append(need.label)
    wanted = [one for _, one in sorted(placed, key=lambda each: each[0].rank)]
    used = {one.task.id for one in wanted if one.task is not None}
    roots = {forms[0].root for forms in found}
    return Assignments(
        wanted=tuple(wanted),
        withdrawn=tuple(withdrawals(kept, used, why, roots)),
        stuck=tuple(forms[0].label for forms in found if history.stuck(forms)),
        crowded=tuple(crowded),
        minutes=dict(sorted(weeks.minutes.items())),
    )


def _needs(state: CoachState, history: History, today: date) -> Iterator[tuple[Need, ...]]:
    riding = stakes(state, today)
    until = monday(today) + SOON * WEEK - DAY
    yield from revisions(state, riding, history, today, until)
    yield from corrections(state, riding, history, today)
    yield from papers(state, history, today)
    yield from methods(state, riding, history, today)
    yield from starts(state, riding, history, today)
    yield from deadlines(state, history, today)


def _assigned(state: CoachState, need: Need, task: KnownTask | None, day: date) -> Assigned:
    load = stated(state, monday(day), need.category)
    return Assigned(
        motive=need.motive,
        label=need.label,
        category=need.category,
        subject=need.subject,
        chapter_code=need.chapter_code,
        weight=need.weight,
        due_on=day,
        reason=f"{need.reason} Importance : {number(need.weight)} sur 5. {load}",
        task=task,
    )


class _Others:
    """What open tasks that are not the coach's own ask for."""

    def __init__(self, state: CoachState) -> None:
        tasks = [task for task in state.tasks if task.open and not task.kept]
        self._roots = {root_of(task.motive) for task in tasks if task.motive}
        self._chapters = {task.chapter_code for task in tasks if task.category in WORK}
        self._labels = {words for task in tasks if (words := plain(task.label))}

    def ask_for(self, need: Need) -> bool:
        if need.root in self._roots:
            return True
        if need.chapter_code and need.chapter_code in self._chapters:
            return True
        words = [plain(text) for text in (need.label, need.words) if text]
        return any(same_words(one, label) for label in self._labels for one in words)


class _Weeks:
    """What each week holds, by its Monday, while tasks are placed in it."""

    def __init__(self, state: CoachState, today: date) -> None:
        self.state, self.today, self.this_week = state, today, monday(today)
        self.minutes: Counter[date] = Counter()
        self._days: Counter[date] = Counter()
        self._revised: Counter[date] = Counter()
        self._most: dict[date, int] = {}
        self._done = 0
        for task in state.tasks:
            if task.open and not task.kept:
                due = task.due_on or today
                if due >= today - WEEK:  # what was left for longer must not stop all the rest
                    self._take(due, task.category)
            elif task.status is TaskStatus.DONE and self._this_week(task.closed_on):
                self._done += MINUTES[task.category]
        self.minutes[self.this_week] += self._done

    def place(self, need: Need, task: KnownTask | None) -> date | None:
        """The day on which it is due, taken; None where there is no room."""
        minutes = MINUTES[need.category]
        there = self._there(need, task, minutes)
        if there is None or (task and need.weight > task.weight):
            found = self._found(need, task, minutes)
            there = min((day for day in (there, found) if day), default=None)
        if there is None and need.legal:
            there = self._forced(need, task)
        if there is not None:
            self._take(there, need.category)
            if need.category is REVISION:
                self._revised[max(monday(there), self.this_week)] += minutes
        return there

    def _there(self, need: Need, task: KnownTask | None, minutes: int) -> date | None:
        """The day that it has, if that is still as good."""
        if task is None or task.due_on is None:
            return None
        week = max(monday(task.due_on), self.this_week)
        late = need.latest is not None and task.due_on > need.latest
        return None if late or not self._room(week, need.category) else task.due_on

    def _forced(self, need: Need, task: KnownTask | None) -> date | None:
        """The day of a deadline that finds every week full."""
        latest, tomorrow = need.latest or date.max, self.today + DAY
        if task and task.due_on and task.due_on <= latest:
            return task.due_on
        day = tomorrow if need.since <= self.today else latest
        return day if tomorrow <= day <= latest else None

    def _found(self, need: Need, task: KnownTask | None, minutes: int) -> date | None:
        earliest = max(need.earliest, self.today + DAY)
        late = need.since <= self.today  # it should be done already: as soon as may be
        if need.fixed and need.latest:
            span = (monday(need.latest) - self.this_week).days // 7 + 1
            order = [self.this_week + WEEK * i for i in range(max(span, 0))]
            if not late:
                order.reverse()
        else:
            order = [self.this_week + WEEK * i for i in range(LATER if task else SOON)]
        for week in order:
            last = week + WEEK - DAY
            days = [week + DAY * i for i in range(7)]
            days = [day for day in days if earliest <= day <= (need.latest or last)]
            if days and self._room(week, need.category) and self._time(week, minutes):
                if need.fixed and not late:
                    return days[-1]  # the end of a deadline's week
                return min(days, key=lambda day: self._days[day])
        return None

    def _this_week(self, day: date | None) -> bool:
        return day is not None and self.this_week <= day <= self.today

    def _room(self, week: date, category: TaskCategory) -> bool:
        most, minutes = self._holds(week), MINUTES[category]
        if category is REVISION and self._revised[week] + minutes > most * REVISED:
            return False
        return self.minutes[week] + minutes <= most

    def _holds(self, week: date) -> int:
        if week not in self._most:
            self._most[week] = weekly_minutes(self.state, week)
        return self._most[week]

    def _time(self, week: date, minutes: int) -> bool:
        """Of a week that has begun, only the share of its days that is left can be filled anew."""
        if week != self.this_week:
            return True
        left = (week + WEEK - DAY - self.today).days
        open = self.minutes[week] - self._done
        return (open + minutes) * 7 <= self._holds(week) * left

    def _take(self, day: date, category: TaskCategory) -> None:
        self.minutes[max(monday(day), self.this_week)] += MINUTES[category]
        self._days[day] += MINUTES[category]
