"""What is due again: a chapter at a time, by the forgetting of its competences and by bad marks."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from models.curriculum import Subject
from models.vocabulary import TaskCategory
from services.catalogue.programme import Chapter, chapter, subject_label
from services.coach.motives import PASS, Forms, History, Need, Stake, weighed
from services.coach.state import CoachState, Measure, Paper
from services.coach.words import counted, day_of, number, short, within
from services.recall import COUNTED, LONGEST, interval, rating

FRESH = timedelta(days=28)
"""So long a bad mark calls for a revision."""

REST = timedelta(days=7)
"""So long a chapter rests after a first revision; after each further one twice as long."""

DOUBLED = 4
A_SUBJECT = 4
"""So many chapters of a subject are set anew at once: a week has other subjects."""

NAMED = 2
LESSER = "exercice"
LABEL = 300


@dataclass(frozen=True, slots=True)
class Due:
    """A chapter that calls for work from a day on: by forgetting, or by a bad mark.

    `measures` are those of its competences, the most pressing first; `reviewed` is when work on it
    was last done.
    """

    chapter: Chapter
    measures: Sequence[Measure]
    stake: Stake
    on: date
    reviewed: date | None
    paper: Paper | None

    @property
    def root(self) -> str:
        return f"revision/{self.chapter.code}"

    def weight(self, today: date) -> float:
        mark = self.paper.score_20 if self.paper else None
        return weight_of(self.percent, self.stake.share, self.stake.nearness(today), mark)

    @property
    def percent(self) -> int:
        """The mean mastery, as it is shown and reckoned with; the mark's where none is measured."""
        if not self.measures:
            return percent_of(self.paper) if self.paper else 0
        return round(100 * sum(one.score for one in self.measures) / len(self.measures))

    @property
    def competences(self) -> int:
        return len(self.measures or self.chapter.competences)

    @property
    def title(self) -> str:
        """What the chapter is called; a language's axis only says that each has its own."""
        label = self.chapter.label
        return label if self.chapter.subject is Subject.LANGUES_VIVANTES else short(label)

    def competence(self, place: int) -> str:
        if not self.measures:
            return short(self.chapter.competences[place].label)
        code = self.measures[place].competence_code
        return next(
            (short(one.label) for one in self.chapter.competences if one.code == code), code
        )


def revisions(
    state: CoachState, stakes: Mapping[Subject, Stake], history: History, today: date, until: date
) -> Iterator[Forms]:
    """One entry a chapter that is due until then, each in the forms in which it may be asked."""
    by_subject: defaultdict[Subject, list[Due]] = defaultdict(list)
    for found, measures in _known(state):
        stake = stakes.get(found.subject) if state.exams else Stake(0.0, None, None)
        if stake is not None:
            due = _due(found, measures, stake, state.papers, history.works(found.code), today)
            if due and due.on <= until:
                by_subject[found.subject].append(due)
    for several in by_subject.values():
        yield from _chosen(several, history, today)


def _chosen(several: Iterable[Due], history: History, today: date) -> Iterator[Forms]:
    """Of a subject the heaviest that can be asked now, what is set already, and what is stuck."""
    left = A_SUBJECT
    for due in sorted(several, key=lambda due: (-due.weight(today), due.on, due.root)):
        motives = (due.root, f"{due.root}:{LESSER}")
        fresh = left > 0 and history.form(motives, today) is not None
        left -= fresh
        if fresh or due.root in history.standing or history.skips(motives[-1]):
            yield tuple(form.as_fresh(fresh) for form in _forms(due, today))


def _known(state: CoachState) -> Iterator[tuple[Chapter, Sequence[Measure]]]:
    """The chapters that were measured, or that a graded evaluation was about."""
    by_chapter: defaultdict[str, list[Measure]] = defaultdict(list)
    for measure in state.measures:
        by_chapter[measure.chapter_code].append(measure)
    for code in sorted({code for paper in state.papers for code in paper.chapters}):
        by_chapter.setdefault(code, [])
    for code, measures in by_chapter.items():
        if found := chapter(code):
            yield found, measures


def _due(
    found: Chapter,
    measures: Sequence[Measure],
    stake: Stake,
    papers: Sequence[Paper],
    works: Sequence[date],
    today: date,
) -> Due | None:
    """The first of its competences to be due decides, or a bad mark that came before."""
    reviewed = max(works, default=None)
    days = {one.competence_code: _due_of(one, works) for one in measures}
    pressing = sorted(
        measures, key=lambda one: (days[one.competence_code], one.score, one.competence_code)
    )
    paper = bad_paper(papers, found.subject, found.code, reviewed, today)
    called = [days[one.competence_code] for one in pressing[:1]]
    if paper:
        called.append(paper.graded_on)
    return Due(found, pressing, stake, min(called), reviewed, paper) if called else None


def _due_of(measure: Measure, works: Sequence[date]) -> date:
    """When a competence is due. Work done since it was measured counts as measures more, and each
    time waits twice as long at least: what stays weak must not crowd out what was never seen to."""
    since = [day for day in works if day >= measure.measured_on]
    if not since:
        return measure.due_on
    again = min(measure.evidence_count + len(since), COUNTED)
    known = rating(measure.score)
    wait = max(interval(known, again, known), REST * (1 << min(len(since) - 1, DOUBLED)))
    return max(measure.due_on, max(since) + min(wait, LONGEST))


def bad_paper(
    papers: Sequence[Paper],
    subject: Subject,
    chapter_code: str | None,
    reviewed: date | None,
    today: date,
) -> Paper | None:
    """The latest paper about the chapter, or of those that name none, where it went badly and
    nothing was done about it."""
    about = [
        paper
        for paper in papers
        if paper.subject is subject
        and (chapter_code in paper.chapters if chapter_code else not paper.chapters)
        and today - FRESH < paper.graded_on <= today
    ]
    last = max(about, key=lambda paper: (paper.graded_on, -paper.score_20), default=None)
    if last is None or last.score_20 >= PASS or (reviewed and reviewed >= last.graded_on):
        return None
    return last


def percent_of(paper: Paper) -> int:
    """What a mark shows where nothing else is known, in percent."""
    return round(paper.score_20 * 5)


def weight_of(percent: int, coefficient_share: float, near: float, mark_20: float | None) -> float:
    """How much a revision weighs, 1 to 5: the less is mastered, the more rides on it, the nearer
    the exam, the worse the last mark.

    1 + 2 × what is not mastered + 1.5 × the share of a speciality's coefficient + 0.5 × nearness
    + what a mark under 10 lacks, in tenths.
    """
    bad = (PASS - mark_20) / PASS if mark_20 is not None else 0.0
    return weighed(1 + 2 * (1 - percent / 100) + 1.5 * coefficient_share + 0.5 * near + bad)


def _forms(due: Due, today: date) -> tuple[Need, Need]:
    """The chapter as a whole; where that was skipped twice, one exercise of it."""
    found, stake = due.chapter, due.stake
    subject = subject_label(found.subject)
    named = ", ".join(due.competence(place) for place in range(min(NAMED, due.competences)))
    whole = Need(
        root=due.root,
        motive=due.root,
        label=within(f"Réviser « {due.title} » ({subject}) : {named}", LABEL),
        category=TaskCategory.REVISION,
        weight=due.weight(today),
        reason=_reason(due, subject),
        earliest=max(due.on, today + timedelta(days=1)),
        latest=stake.latest,
        since=due.on,
        subject=found.subject,
        chapter_code=found.code,
    )
    one = f"Un seul exercice sur « {due.title} » ({subject}) : {due.competence(0)}"
    lesser = replace(
        whole,
        motive=f"{due.root}:{LESSER}",
        label=within(one, LABEL),
        category=TaskCategory.EXERCICE,
    )
    return whole, lesser


def _reason(due: Due, subject: str) -> str:
    count = counted(sum(one.evidence_count for one in due.measures), "mesure")
    last = max((one.measured_on for one in due.measures), default=date.min)
    known = f"Maîtrise mesurée : {due.percent} % ({count}, la dernière le {day_of(last)})"
    if not due.measures:
        known = f"Aucune mesure du chapitre : la note en tient lieu ({due.percent} %)"
    if due.paper:
        mark, day = number(due.paper.score_20), day_of(due.paper.graded_on)
        text = f"Évaluation corrigée le {day} : {mark}/20, à reprendre sans attendre. {known}."
    else:
        since = due.reviewed if due.reviewed and due.reviewed >= last else None
        worked = f", travaillé le {day_of(since)}" if since else ""
        text = (
            f"{known}{worked} ; « {due.competence(0)} » est à revoir à partir du {day_of(due.on)}"
            " d’après l’espacement FSRS (probabilité de rappel visée : 90 %)."
        )
    return (
        f"{text} {subject} : {due.stake.said}." if due.stake.coefficient else f"{text} {subject}."
    )
