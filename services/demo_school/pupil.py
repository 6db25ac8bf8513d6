"""One pupil while its file is being made up: who it is, what it follows, which days it worked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property

from models.curriculum import Profile, Subject, Track
from models.vocabulary import Role, TaskStatus, Tier
from services.catalogue.programme import Chapter, programme, subject_label, subjects_of
from services.coach.state import KnownTask
from services.demo_school.calendar import Calendar
from services.demo_school.copy import Rows
from services.demo_school.dice import Dice
from services.demo_school.journal import Actor, Journal, person
from services.demo_school.people import RICH, SIZE, Person
from services.demo_school.profiles import Choices
from services.planner.plan import PlannedEpreuve

LIGHT_SUBJECTS = 3
LIGHT_CORE = (
    Subject.FRANCAIS,
    Subject.PHILOSOPHIE,
    Subject.MATHS_TECHNO,
    Subject.HISTOIRE_GEO,
)
NOT_TAUGHT_HERE = frozenset(
    {Subject.EPS, Subject.EMC, Subject.LANGUES_VIVANTES, Subject.GRAND_ORAL}
)
"""Their chapters are too wide for a task or a session."""


@dataclass(frozen=True, slots=True)
class TaskFact:
    """What the reports count of a task."""

    status: TaskStatus
    due: datetime | None
    closed_on: date | None


@dataclass
class Pupil:
    """`dice` decides, `rows` and `journal` take what is made up; the lists are for the reports
    and the coach.
    """

    number: int
    id: str
    user_id: str
    name: str
    choices: Choices
    coaches: tuple[Person, ...]
    tier: Tier
    joined: datetime
    streak: int
    calendar: Calendar
    dice: Dice
    rows: Rows
    journal: Journal = field(default_factory=Journal)
    acts: set[date] = field(default_factory=set)
    said: set[str] = field(default_factory=set)
    tasks: list[TaskFact] = field(default_factory=list)
    known_tasks: list[KnownTask] = field(default_factory=list)
    planned: Sequence[PlannedEpreuve] = ()
    held: list[date] = field(default_factory=list)
    cancelled: list[date] = field(default_factory=list)
    marks: list[tuple[date, Subject, float]] = field(default_factory=list)

    @property
    def rich(self) -> bool:
        return self.number % SIZE < RICH

    @property
    def libre(self) -> bool:
        return self.choices.profile is Profile.CANDIDAT_LIBRE

    @property
    def terminale(self) -> bool:
        return self.choices.track is Track.TERMINALE

    @property
    def session(self) -> int:
        return self.calendar.session(self.choices.track)

    @property
    def first_name(self) -> str:
        return self.name.split()[0]

    @property
    def coach(self) -> Person:
        return self.coaches[0]

    @cached_property
    def actor(self) -> Actor:
        return person(Person(self.user_id, self.name), Role.STUDENT)

    @cached_property
    def coach_actor(self) -> Actor:
        return person(self.coach, Role.COACH)

    @cached_property
    def programme(self) -> dict[Subject, tuple[Chapter, ...]]:
        """The chapters of what the pupil follows and the school tracks."""
        c = self.choices
        followed = subjects_of(c.track, c.voie, c.specialities, c.options)
        found = {subject: programme(subject, c.track, c.voie) for subject in followed}
        tracked = {subject: chapters for subject, chapters in found.items() if chapters}
        if self.rich:
            return tracked
        mine = [one for one in (*c.specialities, *LIGHT_CORE, *tracked) if one in tracked]
        return {one: tracked[one] for one in list(dict.fromkeys(mine))[:LIGHT_SUBJECTS]}

    def chapter(self, subject: Subject | None = None) -> Chapter:
        """A chapter of the year's first half, more often one of a speciality."""
        subject = subject or self.subject()
        chapters = self.programme[subject]
        return chapters[self.dice.below(max(1, len(chapters) * 2 // 3))]

    def subject(self) -> Subject:
        known = [one for one in self.choices.specialities if one in self.programme]
        if known and self.dice.chance(0.6):
            return self.dice.pick(known)
        return self.dice.pick([one for one in self.programme if one not in NOT_TAUGHT_HERE])

    @property
    def rest_day(self) -> date:
        """The day without an act of the pupil's own that its streak begins after."""
        return self.calendar.eve - timedelta(days=self.streak)

    def own(self, day: date, *, within: tuple[int, int] = (16, 21)) -> datetime:
        """A moment of that day, or of the one before if it is the day of rest, for an own act."""
        if day == self.rest_day:
            day -= timedelta(days=1)
        self.acts.add(day)
        return self.moment(day, *within)

    def moment(self, day: date, start: int, end: int) -> datetime:
        """A moment of that day between two hours."""
        dice = self.dice
        hour = start + dice.below(end - start)
        return self.calendar.at(day, hour, dice.below(60), dice.below(60))

    def words(self, texts: Sequence[str], chapter: Chapter) -> str:
        """One of the texts about the chapter, if there is one that was not said before."""
        subject = subject_label(chapter.subject)
        found = [text.format(chapter=chapter.label, subject=subject) for text in texts]
        text = self.dice.pick([text for text in found if text not in self.said] or found)
        self.said.add(text)
        return text
