"""What a demo pupil masters: measures over the term, and the curve they draw."""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from models.curriculum import Subject
from models.progress import Progress, ProgressPoint
from models.vocabulary import EventKind
from services.catalogue.programme import Chapter
from services.dashboard import progress_overall
from services.demo_school.dice import Dice
from services.demo_school.journal import Actor
from services.demo_school.people import RICH
from services.demo_school.pupil import Pupil
from services.mastery import updated

COVERED = 0.9
"""The share of the programme that the measures of a rich pupil reach."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a measure showed of one competence of one chapter, 0..1."""

    chapter_code: str
    competence_code: str
    ratio: float


@dataclass(slots=True)
class Measure:
    """Results that came in together; `changes` says what they did to the mastery."""

    at: datetime
    day: date
    subject: Subject
    results: list[Result]
    actor: Actor
    changes: list[tuple[Result, float | None, float]] = field(default_factory=list)


@dataclass(slots=True)
class _Known:
    score: float
    evidence: int
    updated_at: datetime
    last_shown: float


class Mastery:
    """Mastery by competence, now, and by subject, day after day."""

    def __init__(self) -> None:
        self.known: dict[tuple[Subject, str, str], _Known] = {}
        self._days: dict[Subject, list[date]] = {}
        self._means: dict[Subject, list[float]] = {}

    @property
    def subjects(self) -> list[Subject]:
        return list(self._days)

    def at(self, subject: Subject, day: date) -> float | None:
        """The mean mastery at the end of a day, once something was measured."""
        place = bisect_right(self._days[subject], day)
        return self._means[subject][place - 1] if place else None

    def overall(self, weights: dict[Subject, float], day: date) -> float | None:
        """The dashboard's figure as it stood at the end of a day."""
        found = {one: score for one in self._days if (score := self.at(one, day)) is not None}
        return round(progress_overall(found, weights), 4) if found else None

    def take(self, measure: Measure) -> None:
        for result in measure.results:
            key = (measure.subject, result.chapter_code, result.competence_code)
            known = self.known.get(key)
            before = known.score if known else None
            after, evidence = updated(
                before,
                known.evidence if known else 0,
                result.ratio,
                age=measure.at - known.updated_at if known else timedelta(),
            )
            self.known[key] = _Known(round(after, 4), evidence, measure.at, result.ratio)
            measure.changes.append((result, before, round(after, 4)))
        scores = [one.score for key, one in self.known.items() if key[0] is measure.subject]
        self._days.setdefault(measure.subject, []).append(measure.day)
        self._means.setdefault(measure.subject, []).append(round(sum(scores) / len(scores), 4))

    def write(self, pupil: Pupil) -> dict[tuple[str, str], str]:
        """Write the rows and the curves; answers the keys by chapter and competence."""
        keys: dict[tuple[str, str], str] = {}
        for (subject, chapter, competence), known in self.known.items():
            keys[chapter, competence] = key = pupil.dice.key(known.updated_at)
            pupil.rows.add(
                Progress,
                id=key,
                student_id=pupil.id,
                subject=subject,
                chapter_code=chapter,
                competence_code=competence,
                score=known.score,
                evidence_count=known.evidence,
                last_shown=known.last_shown,
                updated_at=known.updated_at,
            )
        for subject in self._days:
            self._write_curve(pupil, subject)
        return keys

    def _write_curve(self, pupil: Pupil, subject: Subject) -> None:
        """Back from the eve: a point a day for the three pupils that everybody looks at first."""
        step = timedelta(days=1 if pupil.number < RICH else 7 if pupil.rich else 10)
        day = pupil.calendar.eve
        while (score := self.at(subject, day)) is not None:
            at = pupil.calendar.at(day, 23, 30)
            pupil.rows.add(
                ProgressPoint,
                id=pupil.dice.key(at),
                student_id=pupil.id,
                subject=subject,
                day=day,
                score=score,
            )
            day -= step


def measures_in_class(pupil: Pupil, talents: dict[Subject, float]) -> list[Measure]:
    """The coach's measures: a first one in the first week, then through the programme in order."""
    found = []
    for subject, chapters in pupil.programme.items():
        count = 9 if pupil.rich else 2
        reach = max(1, round(len(chapters) * (COVERED if pupil.rich else 0.3)))
        for turn in range(count):
            part = chapters[reach * turn // count : max(1, reach * (turn + 1) // count)]
            if turn and not part:
                part = (chapters[pupil.dice.below(reach)],)
            found.append(_measure(pupil, subject, part, talents[subject], turn / count))
    return found


def _measure(
    pupil: Pupil, subject: Subject, part: tuple[Chapter, ...], talent: float, progress: float
) -> Measure:
    calendar, dice = pupil.calendar, pupil.dice
    first = calendar.start + timedelta(days=4)
    days = (calendar.eve - first).days
    day = first + timedelta(days=int(progress * days) + (dice.below(5) if progress else 0))
    day = min(day, calendar.eve)
    results = [
        Result(chapter.code, competence.code, _shown(dice, talent, progress))
        for chapter in part
        for competence in chapter.competences[: 3 if pupil.rich else 1]
    ]
    return Measure(pupil.moment(day, 9, 16), day, subject, results, pupil.coach_actor)


def _shown(dice: Dice, talent: float, progress: float) -> float:
    return round(dice.around(talent - 0.15 + 0.25 * progress, 0.25), 4)


def note_progress(pupil: Pupil, measure: Measure, keys: dict[tuple[str, str], str]) -> None:
    """Journal a measure; the event names the row where it changed only one."""
    single = len(measure.changes) == 1
    result, before, after = measure.changes[0]
    details: dict[str, object] = {"subject": measure.subject.name, "count": len(measure.changes)}
    if single:
        details |= {
            "chapterCode": result.chapter_code,
            "competenceCode": result.competence_code,
            "before": {"score": before},
            "after": {"score": after},
        }
    pupil.journal.note(
        measure.at,
        EventKind.PROGRESS_UPDATED,
        measure.actor,
        Progress if single else None,
        keys[result.chapter_code, result.competence_code] if single else None,
        **details,
    )
