"""What the coach may set: needs, the history that says how to meet them, what an exam weighs."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

from models.curriculum import EpreuveKind, Subject
from models.vocabulary import TaskCategory, TaskStatus
from services.coach.state import CoachState, Exam, KnownTask
from services.coach.words import day_of, number

FULL_STAKE = 16.0
"""The coefficient of a speciality: more than this counts no more."""

MAX_WEIGHT = 5.0
PASS = 10.0
PAUSE = timedelta(days=7)
"""What was skipped is not set again before this."""

TWICE = 2
FINAL = frozenset({EpreuveKind.TERMINALE, EpreuveKind.PONCTUELLE})
LANGUAGE = re.compile(r"LV[ABC]")
ALIKE = 12
"""So many letters a label must have for another that begins with it to mean the same."""

BETWEEN = re.compile(r"[\W_]+")
WORK = frozenset({TaskCategory.REVISION, TaskCategory.EXERCICE, TaskCategory.DEVOIR})


@dataclass(frozen=True, slots=True)
class Need:
    """One thing to do, and the limits within which it is useful.

    `motive` names it, `root` what stays the same where it is asked for in another form. It is due
    between `earliest` and `latest`; `fixed` says that it has a deadline, which is `latest`, `legal`
    that a text sets it; `since` is when it should be done. What is not `fresh` is kept where it is
    set already, and not set anew.
    """

    root: str
    motive: str
    label: str
    category: TaskCategory
    weight: float
    reason: str
    earliest: date
    latest: date | None
    since: date
    subject: Subject | None = None
    chapter_code: str | None = None
    fixed: bool = False
    fresh: bool = True
    legal: bool = False
    words: str | None = None
    """What another's task about the same would be called."""

    def as_fresh(self, fresh: bool) -> "Need":  # noqa: FBT001 - the field's name says it
        """The same need, to be set anew or not."""
        return self if self.fresh == fresh else replace(self, fresh=fresh)

    @property
    def rank(self) -> tuple[float, date, str]:
        """The heaviest first; then what has waited longest, or is due first."""
        return (-self.weight, self.since, self.motive)


Forms = tuple[Need, ...]
"""The forms in which one thing may be asked, the first one first."""


@dataclass(frozen=True, slots=True)
class Stake:
    """What still rides on a subject: its coefficients to come, and the next day it is examined."""

    coefficient: float
    exam: Exam | None
    latest: date | None
    supposed: float = 0.0
    """What of it is a speciality of première's: it is examined if it is kept."""

    @property
    def share(self) -> float:
        """From 0 to 1, a speciality's coefficient being the whole."""
        return min(1.0, self.coefficient / FULL_STAKE)

    def nearness(self, today: date) -> float:
        """1 within a month of the exam, 0.5 within three, 0 before."""
        if self.exam is None or self.exam.day is None:
            return 0.0
        return nearness((self.exam.day - today).days)

    @property
    def said(self) -> str:
        """« coefficient 16, épreuve le 16 juin 2027 (date estimée) »."""
        text = f"coefficient {number(self.coefficient)}"
        if self.exam and self.exam.day:
            text += f", épreuve le {exam_day(self.exam)}"
        if not self.supposed:
            return text
        part = "" if self.supposed == self.coefficient else f"dont {number(self.supposed)} "
        return f"{text}, {part}si la spécialité est gardée"


def nearness(days: int) -> float:
    return 1.0 if days <= 30 else 0.5 if days <= 90 else 0.0


def exam_day(exam: Exam) -> str:
    assert exam.day is not None  # noqa: S101
    return day_of(exam.day) + (" (date estimée)" if exam.provisional else "")


def weighed(value: float) -> float:
    """A task's weight: from 0 to 5, in tenths, as the reason says it."""
    return round(min(MAX_WEIGHT, max(0.0, value)), 1)


def stakes(state: CoachState, today: date) -> dict[Subject, Stake]:
    """What rides on each subject of the plan. A subject whose exams are all over has none."""
    coming: defaultdict[Subject, list[Exam]] = defaultdict(list)
    for exam in state.exams:
        if exam.subject and exam.coming(today):
            coming[exam.subject].append(exam)
    found = {subject: _stake(subject, exams, today) for subject, exams in coming.items()}
    # in première nobody has said yet which specialities are kept: any of them may be
    unnamed = [one for one in state.exams if one.subject is None and one.coming(today)]
    heaviest = max(unnamed, key=lambda one: (one.weight, one.code), default=None)
    for subject in state.specialities if heaviest else ():
        named = coming.get(subject, [])
        if heaviest and not any(exam.kind in FINAL for exam in named):
            open_stake = _stake(subject, [*named, heaviest], today)
            found[subject] = replace(open_stake, supposed=heaviest.weight)
    return found


def _stake(subject: Subject, exams: Sequence[Exam], today: date) -> Stake:
    """Its next exam is the first still to begin, a written or an oral one where there is any: what
    is done at the bench only does not end the chapters' revision."""
    ahead = [exam for exam in exams if exam.day and exam.day > today]
    serves = [exam for exam in ahead if not exam.practical] or ahead
    under_way = [exam for exam in exams if exam.day]
    first = min(serves or under_way, key=lambda exam: (exam.day, -exam.weight), default=None)
    ends = [exam.end for exam in exams if exam.end]
    last = first.day - timedelta(days=1) if first and first.day else max(ends, default=None)
    return Stake(_coefficient(subject, exams), first, last)


def _coefficient(subject: Subject, exams: Sequence[Exam]) -> float:
    """Their sum; of languages that of the heaviest one, for one is learnt at a time."""
    if subject is not Subject.LANGUES_VIVANTES:
        return sum(exam.weight for exam in exams)
    languages: defaultdict[str, float] = defaultdict(float)
    for exam in exams:
        named = LANGUAGE.search(exam.code)
        languages[named[0] if named else exam.code] += exam.weight
    return max(languages.values())


class History:
    """What became of what was asked before."""

    def __init__(self, state: CoachState) -> None:
        self._done: dict[str, date] = {}
        self._skipped: defaultdict[str, list[date]] = defaultdict(list)
        self._works: defaultdict[str, list[date]] = defaultdict(list)
        self._words: set[str] = set()
        self._cleared: dict[str, date] = {}
        self.methods: list[date] = []
        self.standing = {root_of(task.motive) for task in state.tasks if task.kept and task.motive}
        for task in state.tasks:
            if task.closed_on:
                self._take(task, task.closed_on)
        for paper in state.papers:  # a bad mark is a new beginning
            roots = [f"revision/{code}" for code in paper.chapters]
            for root in roots or [f"reprise/{paper.subject}"]:
                if paper.score_20 < PASS:
                    _latest(self._cleared, root, paper.graded_on)
        for refusal in state.refusals:
            self._skipped[refusal.motive].append(refusal.day)

    def _take(self, task: KnownTask, day: date) -> None:
        if task.status is TaskStatus.SKIPPED:
            if task.motive:
                self._skipped[task.motive].append(day)
            return
        if task.motive:
            _latest(self._done, root_of(task.motive), day)
            _latest(self._cleared, root_of(task.motive), day)
        if task.chapter_code and task.category in WORK:
            self._works[task.chapter_code].append(day)
            _latest(self._cleared, f"revision/{task.chapter_code}", day)
        if task.category is TaskCategory.METHODO:
            self.methods.append(day)
        self._words.add(plain(task.label))

    def done(self, root: str) -> date | None:
        """When it was last done, in whatever form."""
        return self._done.get(root)

    def works(self, chapter_code: str) -> Sequence[date]:
        """When work on a chapter was done, whoever asked for it."""
        return self._works.get(chapter_code, ())

    def was_done(self, words: str) -> bool:
        """Whether a task of these words was done, whoever set it."""
        return any(same_words(words, one) for one in self._words)

    def skips(self, motive: str) -> list[date]:
        """When it was skipped since it was last done or went badly, the last day last."""
        if motive not in self._skipped:
            return []
        since = self._cleared.get(root_of(motive), date.min)
        return sorted(day for day in self._skipped[motive] if day >= since)

    def form(self, motives: Sequence[str], today: date) -> int | None:
        """In which of its forms to ask: the next where one was skipped twice. None in the week
        after a skip, and where every form was skipped twice."""
        last = date.min
        for place, motive in enumerate(motives):
            skips = self.skips(motive)
            last = max([last, *skips])
            if len(skips) < TWICE:
                return None if last > today - PAUSE else place
        return None

    def meant(self, forms: Forms, today: date) -> Iterator[Need]:
        """What is asked now, if anything, with what was skipped before it."""
        place = self.form([need.motive for need in forms], today)
        if place is not None:
            before = self.skips(forms[place - 1].motive) if place else []
            skips = self.skips(forms[place].motive)
            yield _told(forms[place], skips, before) if before or skips else forms[place]

    def stuck(self, forms: Forms) -> bool:
        """Whether every form was skipped twice: it takes a person to talk about it."""
        return all(len(self.skips(need.motive)) >= TWICE for need in forms)


def _told(need: Need, skips: list[date], before: list[date]) -> Need:
    text = need.reason
    if before:
        text += (
            f" Passé {len(before)} fois sous une autre forme, la dernière le {day_of(before[-1])}."
        )
    if skips:
        text += f" Déjà passé une fois, le {day_of(skips[-1])}."
    return replace(need, reason=text)


def _latest(days: dict[str, date], key: str, day: date) -> None:
    days[key] = max(days.get(key, day), day)


def root_of(motive: str) -> str:
    """What stays the same in another form: the form stands after a colon."""
    return motive.split(":", 1)[0]


@lru_cache(maxsize=16_384)
def plain(label: str) -> str:
    """A label's letters and figures alone."""
    return BETWEEN.sub("", label.casefold())


def same_words(one: str, other: str) -> bool:
    """Whether two labels, as `plain` gives them, are the same, or one begins with the other."""
    short, long = sorted((one, other), key=len)
    return one == other != "" or (len(short) >= ALIKE and long.startswith(short))


def best(found: Iterable[Forms], count: int, history: History, today: date) -> Iterator[Forms]:
    """All of them, heaviest first; of those that can be asked now the first so many may be set
    anew, so that what was skipped stands in no other's way."""
    left = count
    for forms in sorted(found, key=lambda each: each[0].rank):
        asked = forms[0].fresh and history.form([one.motive for one in forms], today) is not None
        fresh = asked and left > 0
        left -= fresh
        yield tuple(one.as_fresh(fresh) for one in forms)
