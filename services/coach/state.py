"""What the coach is told of a pupil: values, with every moment as a civil day of the pupil's."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from models.curriculum import EpreuveKind, ExamPath, Profile, Subject, Track, Voie
from models.vocabulary import TaskCategory, TaskSource, TaskStatus


@dataclass(frozen=True, slots=True)
class Exam:
    """An épreuve of the plan. `day` is the first it can be, `end` the last, None where unknown."""

    code: str
    label: str
    subject: Subject | None
    kind: EpreuveKind
    weight: float
    day: date | None
    end: date | None
    provisional: bool
    marked: bool
    oral: bool = False
    practical: bool = False
    """At a bench or a machine of the school: no paper of it can be written at home."""

    def coming(self, today: date) -> bool:
        """Whether there is still something to prepare for."""
        last = self.end or self.day
        return not self.marked and (last is None or last >= today)


def practical(format: str) -> bool:
    """Whether an épreuve of this format, in the regulation's words, is a practical one alone."""
    told = format.casefold()
    bench = "pratique" in told or "expérimental" in told
    return bench and "écrit" not in told and not told.startswith("oral")


@dataclass(frozen=True, slots=True)
class Measure:
    """A competence's mastery (0..1), the measures it rests on, and since when it is due again."""

    subject: Subject
    chapter_code: str
    competence_code: str
    score: float
    evidence_count: int
    measured_on: date
    due_on: date


@dataclass(frozen=True, slots=True)
class Paper:
    """A graded evaluation, out of 20, and the chapters that it was about."""

    subject: Subject
    score_20: float
    graded_on: date
    chapters: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class KnownTask:
    """A task as it stands, whoever set it; `closed_on` is None while it is open."""

    id: UUID
    label: str
    category: TaskCategory
    status: TaskStatus
    source: TaskSource
    weight: float
    due_on: date | None
    subject: Subject | None = None
    chapter_code: str | None = None
    closed_on: date | None = None
    motive: str | None = None
    reason: str | None = None
    taken_over: bool = False

    @property
    def open(self) -> bool:
        return self.status is TaskStatus.TODO

    @property
    def kept(self) -> bool:
        """The coach set it and nobody changed it: it may be moved, or taken away."""
        ours = self.source is TaskSource.AGENT and self.motive is not None
        return self.open and ours and not self.taken_over


@dataclass(frozen=True, slots=True)
class Refusal:
    """A task that a person took away: as good as skipped."""

    motive: str
    day: date


@dataclass(frozen=True, slots=True)
class CoachState:
    """All that the coach decides from."""

    track: Track
    voie: Voie
    profile: Profile
    exam_path: ExamPath
    exam_session: int
    specialities: tuple[Subject, ...] = ()
    exams: Sequence[Exam] = ()
    measures: Sequence[Measure] = ()
    papers: Sequence[Paper] = ()
    tasks: Sequence[KnownTask] = ()
    refusals: Sequence[Refusal] = field(default=())
