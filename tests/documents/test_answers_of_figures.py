"""What is reckoned for a pupil follows from what is stored: figures, calendar, mastery."""

from datetime import timedelta

import pytest
from conftest import CLOCK, TODAY
from reading import data, pick, read

from models.curriculum import Subject, Track, Voie
from services.catalogue.programme import programme

pytestmark = pytest.mark.anyio

PUPILS = "{{ viewer {{ students(first: 100) {{ nodes {{ id {} }} }} }} }}"


async def of_all(ask, viewer, selection):
    """Something of every pupil, by its id."""
    found = data(await ask(viewer, PUPILS.format(selection)))["viewer"]["students"]["nodes"]
    return {pupil.pop("id"): pupil for pupil in found}


@pytest.fixture(params=[0, 1, 2], ids=["premiere", "terminale", "libre"])
def id(people, request) -> str:
    """Each of the three pupils that are rich in data."""
    return str(people.students[request.param].id)


STREAKS = """
    WITH acts AS (
      SELECT DISTINCT student_id, (at AT TIME ZONE time_zone)::date AS day
      FROM events JOIN students s ON s.id = student_id WHERE actor_role = 'STUDENT' AND at <= $1
    ), runs AS (
      SELECT student_id, max(day) AS stop, count(*) AS days
      FROM (SELECT *, day - row_number() OVER (PARTITION BY student_id ORDER BY day)::int AS run
            FROM acts) numbered
      GROUP BY student_id, run
    )
    SELECT s.id, coalesce(max(days) FILTER (WHERE stop >= $2::date - 1), 0) AS streak
    FROM students s LEFT JOIN runs ON student_id = s.id GROUP BY s.id
"""


@pytest.mark.parametrize("later", [timedelta(days=n) for n in (0, 1)])
async def test_a_streak_is_the_run_of_days_with_an_act_of_the_pupil(ask, admin, school, later):
    clock = CLOCK + later
    rows = await read(school, STREAKS, clock, clock.date())
    document = PUPILS.format("dashboard { kpis { streakDays } }")
    found = data(await ask(admin, document, clock=clock))["viewer"]["students"]["nodes"]
    streaks = {pupil["id"]: pupil["dashboard"]["kpis"]["streakDays"] for pupil in found}
    assert streaks == {row["id"]: row["streak"] for row in rows}
    assert any(streaks.values()) is (later <= timedelta())  # the school's last act was yesterday


UPCOMING = """
    SELECT id, slot_start AS at, CASE kind WHEN 'Visio' THEN 'VISIO' ELSE 'PRESENTIEL' END AS kind,
      title, json_build_object('__typename', 'Session', 'id', id) AS source
    FROM sessions WHERE student_id = $1 AND status <> 'Annulé' AND slot_start >= $2
    UNION ALL
    SELECT e.id, scheduled_at::timestamp AT TIME ZONE time_zone, 'EPREUVE',
      label || CASE WHEN provisional THEN ' (date estimée)' ELSE '' END,
      json_build_object('__typename', 'Epreuve', 'id', e.id)::json
    FROM epreuves_plan e JOIN students s ON s.id = student_id
    WHERE student_id = $1 AND scheduled_at >= ($2::timestamptz AT TIME ZONE time_zone)::date
    UNION ALL
    SELECT id, due_at, 'RAPPEL', label, json_build_object('__typename', 'Task', 'id', id)
    FROM tasks WHERE student_id = $1 AND status = 'Todo' AND due_at >= $2
    ORDER BY at, id LIMIT $3
"""


@pytest.mark.parametrize("first", [0, 1, 7, 100])
async def test_upcoming_is_sessions_epreuves_and_due_tasks_soonest_first(
    ask, admin, school, id, first
):
    document = """query Q($id: ID!, $first: Int!) { student(id: $id) { dashboard {
      upcoming(first: $first) { id at kind title source {
        __typename ... on Session { id } ... on Epreuve { id } ... on Task { id }
      } }
    } } }"""
    found = data(await ask(admin, document, id=id, first=first))["student"]["dashboard"]
    assert found["upcoming"] == await read(school, UPCOMING, id, CLOCK, first)
    if first == 100:
        assert {one["kind"] for one in found["upcoming"]} >= {"VISIO", "EPREUVE", "RAPPEL"}


async def test_upcoming_has_seven_and_tasks_five_unless_asked_otherwise(ask, admin, id):
    document = """query Q($id: ID!) { student(id: $id) { dashboard {
      upcoming { id } tasks { id }
    } } }"""
    found = data(await ask(admin, document, id=id))["student"]["dashboard"]
    assert (len(found["upcoming"]), len(found["tasks"])) == (7, 5)


async def test_the_tasks_of_a_dashboard_are_the_open_ones_of_highest_priority(ask, admin, id):
    document = """query Q($id: ID!) { student(id: $id) {
      dashboard { tasks(first: 8) { id priority } }
      tasks(status: [TODO], orderBy: PRIORITY, first: 8) { nodes { id priority } }
    } }"""
    found = data(await ask(admin, document, id=id))["student"]
    assert found["dashboard"]["tasks"] == found["tasks"]["nodes"]
    assert len(found["tasks"]["nodes"]) == 8


PROGRESSION = """progression {
  subject score coverage
  chapters { chapter { code } score coverage competences {
    id subject chapter { code } competence { code } score evidenceCount updatedAt
  } }
}"""
MEASURED = """
    SELECT student_id, id, subject, json_build_object('code', chapter_code) AS chapter,
      json_build_object('code', competence_code) AS competence, score,
      evidence_count AS "evidenceCount", updated_at AS "updatedAt"
    FROM progress ORDER BY student_id, chapter_code, competence_code
"""


async def test_the_competences_of_a_progression_are_the_measures(ask, admin, school):
    found = await of_all(ask, admin, PROGRESSION)
    told = {
        id: sorted(
            (
                measure
                for subject in pupil["progression"]
                for chapter in subject["chapters"]
                for measure in chapter["competences"]
            ),
            key=lambda one: one["id"],
        )
        for id, pupil in found.items()
    }
    stored: dict[str, list] = {id: [] for id in found}
    for row in await read(school, MEASURED):
        stored[row.pop("student_id")].append(row)
    assert told == {id: sorted(rows, key=lambda one: one["id"]) for id, rows in stored.items()}


async def test_the_score_of_a_subject_is_the_mean_of_its_measures(ask, admin, school):
    found = await of_all(ask, admin, PROGRESSION)
    rows = await read(
        school, "SELECT student_id, subject, avg(score) AS mean FROM progress GROUP BY 1, 2"
    )
    means = {(row["student_id"], row["subject"]): row["mean"] for row in rows}
    told = {
        (id, one["subject"]): one["score"] for id, pupil in found.items()
        for one in pupil["progression"]
    }  # fmt: skip
    assert told == {place: pytest.approx(means.get(place, 0.0)) for place in told}
    assert means.keys() <= told.keys()


async def test_the_score_of_a_chapter_is_the_mean_of_its_measures(ask, admin, school):
    found = await of_all(ask, admin, PROGRESSION)
    rows = await read(
        school, "SELECT student_id, chapter_code, avg(score) AS mean FROM progress GROUP BY 1, 2"
    )
    means = {(row["student_id"], row["chapter_code"]): row["mean"] for row in rows}
    told = {
        (id, chapter["chapter"]["code"]): chapter["score"]
        for id, pupil in found.items()
        for subject in pupil["progression"]
        for chapter in subject["chapters"]
    }
    assert told == {place: pytest.approx(means.get(place, 0.0)) for place in told}
    assert means.keys() <= told.keys()


async def test_coverage_is_the_share_of_the_programme_that_is_measured(ask, admin, school):
    pupils = await of_all(ask, admin, f"track voie {PROGRESSION}")
    rows = await read(school, MEASURED)
    for id, pupil in pupils.items():
        measured = {
            (row["chapter"]["code"], row["competence"]["code"])
            for row in rows
            if row["student_id"] == id
        }
        for one in pupil["progression"]:
            taught = {
                (chapter.code, competence.code)
                for chapter in programme(
                    Subject[one["subject"]], Track[pupil["track"]], Voie[pupil["voie"]]
                )
                for competence in chapter.competences
            }
            share = len(taught & measured) / len(taught) if taught else 0.0
            assert one["coverage"] == pytest.approx(share)


@pytest.mark.parametrize("subject", ["ENSEIGNEMENT_SCIENTIFIQUE", "HISTOIRE_GEO"])
async def test_a_progression_of_one_subject_is_that_of_the_whole(ask, admin, id, subject):
    document = """query Q($id: ID!, $subject: Subject!) { student(id: $id) {
      progression { subject score } one: progression(subject: $subject) { subject score }
    } }"""
    found = data(await ask(admin, document, id=id, subject=subject))["student"]
    assert found["one"] == [one for one in found["progression"] if one["subject"] == subject]


@pytest.mark.parametrize("days", [1, 30, 90, 1000])
async def test_a_trend_is_the_points_of_its_days_oldest_first(ask, admin, school, id, days):
    document = """query Q($id: ID!, $days: Int!) { student(id: $id) { progression {
      subject trend(days: $days) { day score }
    } } }"""
    found = data(await ask(admin, document, id=id, days=days))["student"]["progression"]
    rows = await read(
        school,
        """SELECT subject, day, score FROM progress_points
        WHERE student_id = $1 AND day > $2 ORDER BY subject, day""",
        id,
        TODAY - timedelta(days=days),
    )
    stored: dict[str, list] = {subject: [] for subject in pick(found, "subject")}
    for row in rows:
        stored[row.pop("subject")].append(row)
    assert {one["subject"]: one["trend"] for one in found} == stored
    assert days == 1 or any(stored.values())


async def test_a_trend_covers_90_days_unless_asked_otherwise(ask, admin, id):
    document = """query Q($id: ID!) { student(id: $id) { progression {
      trend { day } asked: trend(days: 90) { day }
    } } }"""
    found = data(await ask(admin, document, id=id))["student"]["progression"]
    assert pick(found, "trend") == pick(found, "asked")
