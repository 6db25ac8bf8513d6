"""What is due again: a chapter at a time, by the forgetting of its competences and by bad marks."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from models.curriculum import Subject
from models.vocabulary import TaskCategory
from services.catalogue.programme import Chapter, chapter, subject_label
from services.coach.motives import History, Need, Stake, best, weighed
from services.coach.state import CoachState, Measure, Paper
from services.coach.words import counted, day_of, number, within
from services.recall import COUNTED, interval, rating

FRESH = timedelta(days=28)
"""So long a bad mark calls for a revision."""

PASS = 10.0
A_SUBJECT = 4
"""So many chapters of a subject are set anew at once: a week has other subjects."""

NAMED = 2
LABEL = 300


def revisions(
    state: CoachState, stakes: Mapping[Subject, Stake], history: History, today: date, until: date
) -> Iterator[tuple[Need, ...]]:
    """One entry a chapter that is due until then, each in the forms in which it may be asked."""
    by_subject: defaultdict[Subject, list[tuple[Need, ...]]] = defaultdict(list)
    for found, measures in _measured(state):
        stake = stakes.get(found.subject) if state.exams else Stake(0.0, None, None)
        if stake is None:
            continue
        paper = _bad_paper(state.papers, found, history.reviewed(found.code), today)
        due = _due(measures, history.reviewed(found.code))
        due = min(due, paper.graded_on) if paper else due
        if due <= until:
            forms = _forms(found, measures, stake, paper, due, today)
            by_subject[found.subject].append(forms)
    for entries in by_subject.values():
        chosen = {one.motive: one for one in best((each[0] for each in entries), A_SUBJECT)}
        for each in entries:
            first = chosen[each[0].motive]
            yield tuple(replace(form, fresh=first.fresh) for form in each)


def _measured(state: CoachState) -> Iterator[tuple[Chapter, Sequence[Measure]]]:
    by_chapter: defaultdict[str, list[Measure]] = defaultdict(list)
    for measure in state.measures:
        by_chapter[measure.chapter_code].append(measure)
    for code, measures in by_chapter.items():
        if found := chapter(code):
            yield found, measures


def _due(measures: Sequence[Measure], reviewed: date | None) -> date:
    """The first of its competences to be due; work done since counts as one more measure."""
    return min(_due_of(measure, reviewed) for measure in measures)


def _due_of(measure: Measure, reviewed: date | None) -> date:
    if reviewed is None or reviewed < measure.measured_on:
        return measure.due_on
    again = min(measure.evidence_count + 1, COUNTED)
    return max(measure.due_on, reviewed + interval(rating(measure.score), again))


def _bad_paper(
    papers: Sequence[Paper], found: Chapter, reviewed: date | None, today: date
) -> Paper | None:
    """The latest paper about the chapter, where it went badly and nothing was done about it."""
    about = [
        paper
        for paper in papers
        if paper.subject is found.subject
        and (found.code in paper.chapters or not paper.chapters)
        and today - FRESH < paper.graded_on <= today
    ]
    last = max(about, key=lambda paper: (paper.graded_on, -paper.score_20), default=None)
    if last is None or last.score_20 >= PASS or (reviewed and reviewed >= last.graded_on):
        return None
    return last


def _forms(
    found: Chapter,
    measures: Sequence[Measure],
    stake: Stake,
    paper: Paper | None,
    due: date,
    today: date,
) -> tuple[Need, Need]:
    percent = round(100 * sum(one.score for one in measures) / len(measures))
    weakest = sorted(measures, key=lambda one: (one.due_on, one.score, one.competence_code))
    weight = weighed(
        1
        + 2 * (1 - percent / 100)
        + 1.5 * stake.share
        + 0.5 * stake.nearness(today)
        + ((PASS - paper.score_20) / PASS if paper else 0)
    )
    subject = subject_label(found.subject)
    names = [_competence(found, one.competence_code) for one in weakest]
    root = f"revision/{found.code}"
    whole = Need(
        root=root,
        motive=root,
        label=within(f"Réviser « {found.label} » ({subject}) : {', '.join(names[:NAMED])}", LABEL),
        category=TaskCategory.REVISION,
        weight=weight,
        reason=_reason(percent, measures, stake, paper, due, subject),
        earliest=max(due, today + timedelta(days=1)),
        latest=stake.latest,
        since=due,
        subject=found.subject,
        chapter_code=found.code,
    )
    short = Need(
        root=root,
        motive=f"{root}:exercice",
        label=within(f"Un seul exercice sur « {found.label} » ({subject}) : {names[0]}", LABEL),
        category=TaskCategory.EXERCICE,
        weight=weight,
        reason=whole.reason,
        earliest=whole.earliest,
        latest=whole.latest,
        since=due,
        subject=found.subject,
        chapter_code=found.code,
    )
    return whole, short


def _reason(
    percent: int,
    measures: Sequence[Measure],
    stake: Stake,
    paper: Paper | None,
    due: date,
    subject: str,
) -> str:
    count = counted(sum(one.evidence_count for one in measures), "mesure")
    last = day_of(max(one.measured_on for one in measures))
    texts = [
        f"Maîtrise mesurée : {percent} % ({count}, la dernière le {last}) ; à revoir à partir du"
        f" {day_of(due)} d’après l’espacement FSRS (probabilité de rappel visée : 90 %)."
    ]
    if paper:
        mark, day = number(paper.score_20), day_of(paper.graded_on)
        texts[0] = (
            f"Évaluation corrigée le {day} : {mark}/20, à reprendre sans attendre."
            f" Maîtrise mesurée : {percent} % ({count}, la dernière le {last})."
        )
    texts.append(f"{subject} : {stake.said}." if stake.coefficient else f"{subject}.")
    return " ".join(texts)


def _competence(found: Chapter, code: str) -> str:
    return next((one.label for one in found.competences if one.code == code), code)
