"""What holds of the coach's word for any pupil on any day: thousands of states, no database."""

import re
from dataclasses import replace
from datetime import date
from itertools import product
from random import Random
from uuid import UUID

import pytest
from coach_states import DAY, any_state, followed, minutes, spent
from hypothesis import given, settings
from hypothesis import strategies as st

from models.curriculum import ExamPath, Profile, Subject, Track, Voie
from models.vocabulary import TaskCategory, TaskSource, TaskStatus
from services.catalogue.programme import programme
from services.coach.assignment import Assigned, coach
from services.coach.load import monday, weekly_minutes
from services.coach.motives import WORK, nearness
from services.coach.revision import weight_of
from services.coach.state import CoachState, KnownTask, Measure
from services.coach.words import MONTHS, number

seeds = st.integers(0, 10**9)
many = settings(max_examples=150)

IMPORTANCE = re.compile(
    r"Importance : ([\d,]+) sur 5\. Compte pour .+ prévues par semaine \(.+\)\."
)
REVISION = re.compile(
    r"(?:Évaluation corrigée le .+? : (?P<mark>\d+(?:,\d+)?)/20.+?)?"
    r"(?:Maîtrise mesurée : |la note en tient lieu \()(?P<percent>\d+) %.+?"
    r"(?:coefficient (?P<coefficient>\d+(?:,\d+)?)(?:, épreuve le (?P<day>\d+(?:er)? \w+ \d+))?|$)"
)


def read(text: str) -> float:
    return float(text.replace(",", "."))


def day_said(text: str) -> date:
    day, month, year = text.split()
    return date(int(year), MONTHS.index(month) + 1, int(day.removesuffix("er")))


@given(seeds)
@many
def test_no_week_holds_more_than_its_load_unless_others_or_deadlines_filled_it(seed):
    state, today = any_state(seed)
    others = [task for task in state.tasks if task.open and not task.kept]
    alone = minutes(others, today)
    after = followed(state, coach(state, today)).tasks
    deadlines = (TaskCategory.AUTRE, TaskCategory.PARCOURSUP, TaskCategory.RENDEZ_VOUS)
    legal = minutes([one for one in after if one.kept and one.category in deadlines], today)
    for week, held in minutes(after, today).items():
        done = spent(state.tasks, today) if week == monday(today) else 0
        most = max(weekly_minutes(state, week), alone.get(week, 0) + legal.get(week, 0) + done)
        assert held + done <= most


@given(seeds)
@many
def test_revisions_leave_a_third_of_a_week_to_the_rest(seed):
    state, today = any_state(seed)
    wanted = [one for one in coach(state, today).wanted if one.category is TaskCategory.REVISION]
    for week in {max(monday(one.due_on), monday(today)) for one in wanted}:
        held = [one for one in wanted if max(monday(one.due_on), monday(today)) == week]
        assert 60 * len(held) <= weekly_minutes(state, week) * 2 / 3


@given(seeds)
@many
def test_nothing_is_due_on_the_day_of_its_exam_or_after(seed):
    state, today = any_state(seed)
    for one in coach(state, today).wanted:
        days = [
            exam.day
            for exam in state.exams
            if exam.subject is one.subject
            and one.subject
            and exam.day
            and exam.day > today
            and not exam.marked
        ]
        if one.motive.startswith("epreuve/"):  # of another sitting of the subject
            code = one.motive.removeprefix("epreuve/").split(":")[0]
            days = [exam.day for exam in state.exams if exam.code == code and exam.day]
        assert all(one.due_on < day for day in days)


@given(seeds)
@many
def test_the_coach_has_nothing_to_add_to_its_own_word(seed):
    state, today = any_state(seed)
    again = coach(followed(state, coach(state, today)), today)
    assert (again.created, again.changed, again.withdrawn) == ((), (), ())


@given(seeds)
@many
def test_the_order_in_which_a_pupil_is_read_says_nothing(seed):
    state, today = any_state(seed)
    mixed, dice = state, Random(seed)  # noqa: S311
    for name in ("exams", "measures", "papers", "tasks"):
        rows = list(getattr(state, name))
        dice.shuffle(rows)
        mixed = replace(mixed, **{name: rows})
    one, other = coach(state, today), coach(mixed, today)
    assert [told(each) for each in one.wanted] == [told(each) for each in other.wanted]


def told(one: Assigned) -> tuple[str, float, date, str]:
    return one.motive, one.weight, one.due_on, one.reason


@given(seeds)
@many
def test_the_heaviest_comes_first_and_the_reason_says_how_heavy(seed):
    state, today = any_state(seed)
    weights = []
    for one in coach(state, today).wanted:
        said = IMPORTANCE.search(one.reason)
        assert said
        assert number(one.weight) == said[1]
        weights.append(one.weight)
    assert weights == sorted(weights, reverse=True)


@given(seeds)
@many
def test_the_numbers_of_a_reason_give_the_weight_of_a_revision(seed):
    state, today = any_state(seed)
    for one in coach(state, today).wanted:
        if not one.motive.startswith("revision/"):
            continue
        said = REVISION.search(one.reason)
        assert said
        near = nearness((day_said(said["day"]) - today).days) if said["day"] else 0.0
        share = min(1.0, read(said["coefficient"] or "0") / 16)
        mark = read(said["mark"]) if said["mark"] else None
        assert one.weight == weight_of(int(said["percent"]), share, near, mark)


@given(seeds)
@many
def test_nothing_is_asked_for_twice(seed):
    state, today = any_state(seed)
    word = coach(state, today)
    roots = [one.motive.split(":")[0] for one in word.wanted]
    assert len(roots) == len(set(roots))
    asked = {
        task.motive.split(":")[0]
        for task in state.tasks
        if task.motive and task.taken_over and task.status is TaskStatus.TODO
    }
    assert not asked & set(roots)
    others = {
        task.chapter_code
        for task in state.tasks
        if task.open and not task.kept and task.category in WORK
    }
    assert not others & {one.chapter_code for one in word.wanted if one.chapter_code}


@given(seeds)
@many
def test_what_others_set_or_took_over_is_left_alone(seed):
    state, today = any_state(seed)
    word = coach(state, today)
    touched = [
        *(one.task for one in word.withdrawn),
        *(one.task for one in word.wanted if one.task),
    ]
    assert all(task.status is TaskStatus.TODO and task.motive for task in touched)
    assert not any(task.taken_over or task.source is not TaskSource.AGENT for task in touched)


@given(seeds)
@many
def test_every_reason_is_a_sentence_with_its_numbers_and_fits(seed):
    state, today = any_state(seed)
    for one in coach(state, today).wanted:
        assert one.reason[0].isupper()
        assert one.reason.endswith(".")
        assert re.search(r"\d", one.reason)
        assert len(one.reason) <= 1000
        assert 1 <= len(one.label) <= 300


@given(seeds)
@many
def test_what_was_skipped_twice_is_not_set_a_third_time_in_that_form(seed):
    state, today = any_state(seed)
    created = coach(state, today).created
    skipped = [
        KnownTask(
            UUID(int=5000 + number), one.label, one.category, TaskStatus.SKIPPED, TaskSource.AGENT,
            one.weight, None, closed_on=today - 8 * DAY, motive=one.motive,
        )
        for number, one in enumerate([*created, *created])
    ]  # fmt: skip
    again = coach(replace(state, tasks=[*state.tasks, *skipped]), today).created
    done = {
        task.motive.split(":")[0]
        for task in state.tasks
        if task.motive and task.closed_on and task.closed_on > today - 8 * DAY
    }
    anew = {f"revision/{code}" for paper in state.papers for code in paper.chapters}
    anew |= {f"reprise/{paper.subject}" for paper in state.papers}
    anew |= {f"revision/{task.chapter_code}" for task in state.tasks if task.closed_on}
    third = {one.motive for one in created} & {one.motive for one in again}
    assert {motive.split(":")[0] for motive in third} <= done | anew


@given(seeds)
@many
def test_new_work_is_due_from_tomorrow_on(seed):
    state, today = any_state(seed)
    assert all(one.due_on >= today + DAY for one in coach(state, today).created)


def test_the_states_are_worth_looking_at():
    """Of a thousand pupils, many get work of every kind, and some lose a task or move one."""
    words = [coach(*any_state(seed)) for seed in range(1000)]
    kinds = {one.motive.split("/")[0] for word in words for one in word.created}
    assert kinds == {"revision", "epreuve", "methode", "jalon", "bilan", "reprise"}
    assert sum(bool(word.withdrawn) for word in words) > 50
    assert sum(bool(word.changed) for word in words) > 50
    assert sum(bool(word.crowded) for word in words) > 5


@pytest.mark.parametrize("seed", range(3))
def test_a_pupil_of_a_seed_is_always_the_same(seed):
    assert any_state(seed) == any_state(seed)


def test_chapters_that_are_stuck_stand_in_no_others_way():
    today = date(2026, 11, 23)
    chapters = [one.code for one in programme(Subject.MATHS, Track.TERMINALE, Voie.GENERALE)][:6]
    stuck = [
        KnownTask(
            UUID(int=number), "…", TaskCategory.REVISION, TaskStatus.SKIPPED, TaskSource.AGENT, 1.0,
            None, closed_on=today - 30 * DAY, motive=f"revision/{code}{form}",
        )
        for number, (code, form) in enumerate(product(chapters[:4], ("", "", ":exercice") * 2))
    ]  # fmt: skip
    measures = [
        Measure(Subject.MATHS, code, "MATHS-C-CALCULER", place / 10, 1, today - 40 * DAY, today)
        for place, code in enumerate(chapters)
    ]
    state = CoachState(
        Track.TERMINALE, Voie.GENERALE, Profile.SCOLARISE, ExamPath.SCOLARISE, 2027,
        measures=measures, tasks=stuck,
    )  # fmt: skip
    word = coach(state, today)
    assert [one.chapter_code for one in word.created if one.chapter_code] == chapters[4:]
    assert len(word.stuck) == 4
