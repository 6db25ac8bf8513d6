"""The dashboard's arithmetic does what its docstrings say."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from types import SimpleNamespace
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.curriculum import Subject
from models.vocabulary import SessionKind, UpcomingKind
from services.dashboard import (
    civil_day,
    kpis,
    progress_overall,
    streak_days,
    upcoming,
)

TODAY = date(2026, 11, 23)
ZONES = (
    "Europe/Paris",
    "America/Guadeloupe",
    "Pacific/Noumea",
    "Pacific/Tahiti",
    "America/Havana",  # its days end at 1 h summer time once a year, and begin at 1 h once
    "Africa/Cairo",  # its clocks change at midnight
    "Australia/Lord_Howe",  # by half an hour
    "UTC",
)

scores = st.floats(0, 1)
coefficients = st.floats(0.5, 100)
subjects = st.sampled_from(Subject)
masteries = st.dictionaries(subjects, scores, max_size=8)
measured = st.dictionaries(subjects, scores, min_size=1, max_size=8)
plans = st.dictionaries(subjects, coefficients, max_size=12)
days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
moments = st.datetimes(datetime(2020, 1, 2), datetime(2035, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from(ZONES)
near = st.integers(-30, 5).map(lambda n: TODAY + timedelta(days=n))


# --- progress_overall


@given(masteries, st.none() | plans)
def test_progress_lies_between_0_and_1(mastery, weights):
    assert 0.0 <= progress_overall(mastery, weights) <= 1.0


@given(measured, st.data())
def test_progress_lies_between_the_least_and_the_best_known_subject(mastery, data):
    weights = {subject: data.draw(coefficients) for subject in mastery}
    overall = progress_overall(mastery, weights)
    assert min(mastery.values()) - 1e-12 <= overall <= max(mastery.values()) + 1e-12


@given(measured)
def test_without_a_plan_every_subject_weighs_the_same(mastery):
    equal = dict.fromkeys(mastery, 7.0)
    assert progress_overall(mastery, None) == pytest.approx(sum(mastery.values()) / len(mastery))
    assert progress_overall(mastery, None) == pytest.approx(progress_overall(mastery, equal))


@given(measured, plans, st.floats(0.01, 100))
def test_only_the_proportion_of_the_coefficients_matters(mastery, weights, scale):
    scaled = {subject: weight * scale for subject, weight in weights.items()}
    assert progress_overall(mastery, scaled) == pytest.approx(progress_overall(mastery, weights))


@given(masteries, plans, subjects, scores)
def test_a_subject_outside_the_plan_weighs_nothing(mastery, weights, outside, score):
    weights = {subject: w for subject, w in weights.items() if subject is not outside}
    without = {subject: m for subject, m in mastery.items() if subject is not outside}
    assert progress_overall({**without, outside: score}, weights) == pytest.approx(
        progress_overall(without, weights)
    )


@given(measured, st.data())
def test_progress_never_falls_when_a_subject_is_better_known(mastery, data):
    weights = {subject: data.draw(coefficients) for subject in mastery}
    subject = data.draw(st.sampled_from(list(mastery)))
    better = data.draw(st.floats(mastery[subject], 1))
    improved = progress_overall({**mastery, subject: better}, weights)
    assert improved >= progress_overall(mastery, weights) - 1e-12


@pytest.mark.parametrize("weights", [None, {}, {Subject.MATHS: 16.0}, {Subject.SVT: 0.0}])
def test_progress_is_0_where_nothing_that_counts_is_measured(weights):
    mastery = {} if weights is None else {Subject.SVT: 0.9}
    assert progress_overall(mastery, weights) == 0.0


def test_maths_with_16_and_eps_with_6_weigh_as_the_plan_says():
    mastery = {Subject.MATHS: 0.25, Subject.EPS: 0.8, Subject.NSI: 1.0}
    weights = {Subject.MATHS: 16.0, Subject.EPS: 6.0, Subject.PHILOSOPHIE: 8.0}
    assert progress_overall(mastery, weights) == pytest.approx((16 * 0.25 + 6 * 0.8) / 22)


# --- streak_days


def naive_streak(active, today):
    """The longest run of days on end that stops today, or yesterday while today is empty."""
    stops = [today] if today in active else [today - timedelta(days=1)]
    runs = [
        length
        for stop in stops
        for length in range(1, len(active) + 1)
        if all(stop - timedelta(days=n) in active for n in range(length))
    ]
    return max(runs, default=0)


@given(st.sets(near), near)
def test_a_streak_is_what_its_definition_says(active, today):
    assert streak_days(active, today) == naive_streak(active, today)


@given(st.lists(near), near)
def test_a_day_with_many_acts_is_one_day(active, today):
    assert streak_days(active * 2, today) == streak_days(set(active), today)


@given(st.sets(near), near)
def test_days_to_come_do_not_count(active, today):
    past = {day for day in active if day <= today}
    assert streak_days(active, today) == streak_days(past, today)


@given(st.sets(near), near)
def test_an_act_of_today_adds_a_day_to_a_streak_that_ended_yesterday(active, today):
    active.discard(today)
    assert streak_days(active | {today}, today) == streak_days(active, today) + 1


def test_a_streak_that_ended_the_day_before_yesterday_is_over():
    active = [TODAY - timedelta(days=n) for n in range(2, 10)]
    assert streak_days(active, TODAY) == 0


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("changes", [date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 1)])
def test_a_streak_of_late_evenings_holds_when_the_clocks_change(zone, changes):
    evenings = [
        datetime.combine(changes + timedelta(days=n), time(23, 30), ZoneInfo(zone)).astimezone(UTC)
        for n in range(-3, 4)
    ]
    active = [civil_day(evening, zone) for evening in evenings]
    assert streak_days(active, changes + timedelta(days=3)) == 7


@given(moments, zones, st.integers(1, 10_000))
def test_civil_days_never_run_backwards(moment, zone, seconds):
    later = moment + timedelta(seconds=seconds)
    assert civil_day(moment, zone) <= civil_day(later, zone)


def test_the_same_moment_falls_on_two_days_in_paris_and_in_noumea():
    moment = datetime(2026, 11, 23, 14, tzinfo=UTC)
    assert civil_day(moment, "Europe/Paris") == date(2026, 11, 23)
    assert civil_day(moment, "Pacific/Noumea") == date(2026, 11, 24)


# --- upcoming


def session(id, at, kind=SessionKind.VISIO):
    return SimpleNamespace(id=id, slot_start=at, kind=kind, title="Une séance")


def epreuve(id, day, *, provisional=False):
    return SimpleNamespace(id=id, scheduled_at=day, provisional=provisional, label="Philosophie")


def task(id, at):
    return SimpleNamespace(id=id, due_at=at, label="Réviser")


sessions = st.lists(st.builds(session, st.uuids(), moments, st.sampled_from(SessionKind)))
epreuves = st.lists(st.builds(epreuve, st.uuids(), days, provisional=st.booleans()))
tasks = st.lists(st.builds(task, st.uuids(), moments))


@given(sessions, epreuves, tasks, zones, st.integers(0, 12))
def test_what_comes_next_is_sorted_bounded_and_misses_nothing_sooner(s, e, t, zone, first):
    given_all = {"sessions": s, "epreuves": e, "tasks": t, "time_zone": zone}
    every = upcoming(**given_all, first=1_000)
    assert all((a.at, str(a.id)) <= (b.at, str(b.id)) for a, b in pairwise(every))
    assert Counter(id(one.source) for one in every) == Counter(map(id, (*s, *e, *t)))
    assert upcoming(**given_all, first=first) == every[:first]


@given(days, zones)
def test_an_epreuve_stands_at_the_first_instant_of_its_day_where_the_pupil_lives(day, zone):
    (found,) = upcoming(
        sessions=[], epreuves=[epreuve(UUID(int=1), day)], tasks=[], time_zone=zone, first=7
    )
    assert civil_day(found.at, zone) == day
    assert civil_day(found.at - timedelta(microseconds=1), zone) == day - timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        (date(2027, 6, 15), "Europe/Paris", datetime(2027, 6, 14, 22, tzinfo=UTC)),
        (date(2026, 11, 23), "Europe/Paris", datetime(2026, 11, 22, 23, tzinfo=UTC)),
        (date(2026, 10, 25), "Europe/Paris", datetime(2026, 10, 24, 22, tzinfo=UTC)),
        (date(2027, 6, 15), "Pacific/Noumea", datetime(2027, 6, 14, 13, tzinfo=UTC)),
        (date(2027, 6, 15), "America/Guadeloupe", datetime(2027, 6, 15, 4, tzinfo=UTC)),
    ],
)
def test_known_days_begin_at_known_instants(day, zone, instant):
    (found,) = upcoming(
        sessions=[], epreuves=[epreuve(UUID(int=1), day)], tasks=[], time_zone=zone, first=7
    )
    assert found.at == instant


@pytest.mark.parametrize(
    ("provisional", "title"), [(True, "Philosophie (date estimée)"), (False, "Philosophie")]
)
def test_the_title_of_an_epreuve_says_when_its_date_is_an_estimate(provisional, title):
    given_one = [epreuve(UUID(int=1), TODAY, provisional=provisional)]
    (found,) = upcoming(sessions=[], epreuves=given_one, tasks=[], time_zone="UTC", first=7)
    assert (found.kind, found.title) == (UpcomingKind.EPREUVE, title)


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (SessionKind.VISIO, UpcomingKind.VISIO),
        (SessionKind.PRESENTIEL, UpcomingKind.PRESENTIEL),
        (SessionKind.STAGE, UpcomingKind.PRESENTIEL),
    ],
)
def test_every_kind_of_session_is_shown_as_visio_or_presentiel(kind, shown):
    at = datetime(2026, 11, 24, 17, tzinfo=UTC)
    given_one = [session(UUID(int=1), at, kind)]
    (found,) = upcoming(sessions=given_one, epreuves=[], tasks=[], time_zone="UTC", first=7)
    assert (found.kind, found.at, found.title) == (shown, at, "Une séance")


def test_a_task_is_a_reminder_at_its_due_date():
    at = datetime(2026, 11, 24, 17, tzinfo=UTC)
    (found,) = upcoming(
        sessions=[], epreuves=[], tasks=[task(UUID(int=1), at)], time_zone="UTC", first=7
    )
    assert (found.kind, found.at, found.title) == (UpcomingKind.RAPPEL, at, "Réviser")


# --- kpis


def facts(**changed):
    return SimpleNamespace(
        **{
            "time_zone": "Pacific/Noumea",
            "progress_overall": 0.5,
            "active_on": date(2026, 11, 24),
            "active_days": 1,
            "last_eval_score": 12.5,
            "open_task_count": 3,
            "next_session_at": None,
            **changed,
        }
    )


def test_the_streak_ends_on_the_day_it_is_where_the_pupil_lives():
    clock = datetime(2026, 11, 23, 14, tzinfo=UTC)  # 1 h on the 24th in Nouméa
    assert kpis(facts(), clock).streak_days == 1
    assert kpis(facts(time_zone="Europe/Paris"), clock).streak_days == 0
