"""The file of a demo pupil holds everything that a real one would, and adds up."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import orjson
import pytest

from models.curriculum import EpreuveKind
from models.vocabulary import (
    EvaluationStatus,
    SessionKind,
    SessionStatus,
    TaskCategory,
    TaskStatus,
)
from services import demo_school
from services.catalogue.programme import chapters_by_code
from services.papers import Feedback, ReportKpis

pytestmark = pytest.mark.anyio

TODAY = date(2026, 11, 23)
MORNING = datetime(2026, 11, 23, tzinfo=ZoneInfo("Europe/Paris"))
RICH = 3


@pytest.fixture
async def read(school: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the shared demo school, in `nexus_app`."""
    connection = await asyncpg.connect(school, server_settings={"search_path": "nexus_app, public"})
    yield connection
    await connection.close()


@pytest.fixture
async def empty(empty_database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(
        empty_database, server_settings={"search_path": "nexus_app, public"}
    )
    yield connection
    await connection.close()


# work


async def test_every_category_and_status_of_task_is_there(read):
    rows = await read.fetch("SELECT DISTINCT category, status, source FROM tasks")
    assert {row["category"] for row in rows} == {one.value for one in TaskCategory}
    assert {row["status"] for row in rows} == {one.value for one in TaskStatus}
    assert {row["source"] for row in rows} == {"Agent", "Coach", "System"}


async def test_a_rich_pupil_has_much_to_do_and_much_done(read):
    for pupil in (await demo_school.people(read)).students[:RICH]:
        rows = await read.fetch("SELECT status FROM tasks WHERE student_id = $1", pupil.id)
        statuses = [row["status"] for row in rows]
        assert statuses.count("Todo") >= 10
        assert statuses.count("Done") >= 12
        assert "Skipped" in statuses


async def test_grand_oral_and_parcoursup_are_under_way_for_the_second_pupil(read):
    pupil = (await demo_school.people(read)).students[1]
    rows = await read.fetch(
        "SELECT category, status FROM tasks WHERE student_id = $1"
        " AND category IN ('GRAND_ORAL', 'PARCOURSUP')",
        pupil.id,
    )
    found = {(row["category"], row["status"]) for row in rows}
    assert {
        (category, status)
        for category in ("GRAND_ORAL", "PARCOURSUP")
        for status in ("Todo", "Done")
    } <= found


@pytest.mark.parametrize("table", ["tasks", "progress", "evaluation_items", "resources"])
async def test_every_chapter_is_of_the_programme(read, table):
    rows = await read.fetch(
        f"SELECT DISTINCT chapter_code FROM {table} WHERE chapter_code IS NOT NULL"  # noqa: S608
    )
    assert {row["chapter_code"] for row in rows} <= set(chapters_by_code())


async def test_a_task_has_the_subject_of_its_chapter(read):
    rows = await read.fetch(
        "SELECT DISTINCT chapter_code, subject FROM tasks WHERE chapter_code IS NOT NULL"
    )
    assert all(row["subject"] == chapters_by_code()[row["chapter_code"]].subject for row in rows)


@pytest.mark.parametrize(
    "table",
    [
        "tasks",
        "sessions",
        "evaluations",
        "progress",
        "progress_points",
        "reports",
        "epreuves_plan",
        "favorites",
        "entitlements",
        "coachings",
    ],
)
async def test_every_pupil_has_something_of_everything(read, table):
    without = await read.fetch(
        f"SELECT display_name FROM students s WHERE NOT EXISTS"  # noqa: S608
        f" (SELECT FROM {table} t WHERE t.student_id = s.id)"
    )
    assert without == []


# exams


async def test_every_plan_weighs_100_without_options(read):
    rows = await read.fetch(
        "SELECT sum(weight) FILTER (WHERE kind <> $1) AS total FROM epreuves_plan"
        " GROUP BY student_id",
        EpreuveKind.OPTION.value,
    )
    assert {row["total"] for row in rows} == {100.0}


async def test_only_an_official_day_is_certain(read):
    rows = await read.fetch(
        "SELECT DISTINCT code, scheduled_at FROM epreuves_plan e"
        " JOIN students s ON s.id = e.student_id"
        " WHERE NOT e.provisional AND scheduled_at > $1 AND exam_session = 2027",
        TODAY,
    )
    assert dict(map(tuple, rows)) == {
        "E2-Philosophie": date(2027, 6, 14),
        "EA-FrancaisEcrit": date(2027, 6, 15),  # of the pupil who sits everything in one year
        "EA-Maths": date(2027, 6, 21),
    }


async def test_a_session_without_regulation_takes_the_nearest_one_provisionally(empty):
    await demo_school.load(empty, date(2031, 1, 15), scale=2)
    rows = await empty.fetch("SELECT provisional, scheduled_at FROM epreuves_plan")
    assert all(row["provisional"] for row in rows)
    assert {row["scheduled_at"].year for row in rows if row["scheduled_at"]} == {2030, 2031, 2032}


# sessions


async def test_every_kind_and_status_of_session_is_there(read):
    rows = await read.fetch("SELECT DISTINCT kind, status, awaiting FROM sessions")
    assert {row["kind"] for row in rows} == {one.value for one in SessionKind}
    assert {row["status"] for row in rows} == {one.value for one in SessionStatus}
    assert {row["awaiting"] for row in rows} == {None, "STUDENT", "COACH"}


async def test_a_rich_pupil_has_sessions_of_every_status_ahead(read):
    for pupil in (await demo_school.people(read)).students[:RICH]:
        rows = await read.fetch(
            "SELECT status, awaiting FROM sessions WHERE student_id = $1 AND slot_start >= $2"
            " AND slot_start < $3",
            pupil.id,
            MORNING,
            MORNING + timedelta(weeks=2),
        )
        assert {("Proposé", "STUDENT"), ("Proposé", "COACH"), ("Confirmé", None)} <= {
            tuple(row) for row in rows
        }


async def test_no_past_session_still_waits(read):
    waiting = await read.fetchval(
        "SELECT count(*) FROM sessions WHERE status = 'Proposé' AND slot_start < $1", MORNING
    )
    assert waiting == 0


async def test_a_coming_session_lies_in_its_coachs_hours(read):
    outside = await read.fetch(
        "SELECT s.slot_start FROM sessions s WHERE s.slot_start >= $1 AND NOT EXISTS ("
        " SELECT FROM coach_availabilities a WHERE a.coach_id = s.coach_id"
        " AND a.slot_start <= s.slot_start AND a.slot_end >= s.slot_end"
        " AND s.kind = ANY (a.kinds))",
        MORNING,
    )
    assert outside == []


async def test_a_session_is_with_one_of_the_pupils_coaches(read):
    strange = await read.fetchval(
        "SELECT count(*) FROM sessions s WHERE NOT EXISTS (SELECT FROM coachings c"
        " WHERE c.student_id = s.student_id AND c.person_id = s.coach_id)"
    )
    assert strange == 0


# evaluations, progress, reports


async def test_a_rich_pupil_has_evaluations_of_every_status(read):
    for pupil in (await demo_school.people(read)).students[:RICH]:
        rows = await read.fetch("SELECT status FROM evaluations WHERE student_id = $1", pupil.id)
        assert {row["status"] for row in rows} == {one.value for one in EvaluationStatus}


async def test_feedback_adds_up_to_the_mark(read):
    for row in await read.fetch(
        "SELECT e.score_20, e.feedback_json, sum(i.points) AS points, count(*) AS items"
        " FROM evaluations e JOIN evaluation_items i ON i.evaluation_id = e.id"
        " WHERE e.status = 'Corrigé' GROUP BY e.id"
    ):
        feedback = Feedback.model_validate_json(row["feedback_json"])
        awarded = sum(item.awarded for item in feedback.items)
        assert awarded / row["points"] * 20 == pytest.approx(row["score_20"])
        assert len(feedback.items) == row["items"]
        assert all(item.awarded <= item.points for item in feedback.items)


async def test_a_paper_is_submitted_and_marked_after_it_was_set(read):
    wrong = await read.fetchval(
        "SELECT count(*) FROM evaluations WHERE submitted_at <= created_at"
        " OR graded_at <= submitted_at"
    )
    assert wrong == 0


async def test_a_copy_is_kept_for_a_time(read):
    assert await read.fetchval("SELECT min(purge_at) FROM copies") > MORNING


async def test_the_curve_ends_at_the_mastery_of_today(read):
    wrong = await read.fetch(
        "SELECT p.student_id, p.subject FROM progress_points p"
        " JOIN (SELECT student_id, subject, avg(score) AS score FROM progress GROUP BY 1, 2) m"
        " USING (student_id, subject) WHERE p.day = $1 AND abs(p.score - m.score) > 0.0002",
        TODAY - timedelta(days=1),
    )
    assert wrong == []


async def test_a_rich_pupils_curve_has_a_point_a_day(read):
    for pupil in (await demo_school.people(read)).students[:RICH]:
        rows = await read.fetch(
            "SELECT count(*) AS n FROM progress_points WHERE student_id = $1 GROUP BY subject",
            pupil.id,
        )
        assert len(rows) >= 6
        assert all(row["n"] >= 80 for row in rows)


async def test_reports_hold_the_figures_of_the_contract(read):
    rows = await read.fetch("SELECT period_kind, period_end, kpis_json FROM reports")
    assert {row["period_kind"] for row in rows} == {"WEEK", "MONTH", "TRIMESTRE"}
    for row in rows:
        kpis = ReportKpis.model_validate_json(row["kpis_json"])
        assert kpis.by_subject
        assert row["period_end"] < TODAY


async def test_the_tasks_a_report_counts_are_those_of_its_days(read):
    for row in await read.fetch(
        "SELECT r.kpis_json, count(t.id) AS done FROM reports r LEFT JOIN tasks t"
        " ON t.student_id = r.student_id AND t.status = 'Done'"
        " AND (t.closed_at AT TIME ZONE 'Europe/Paris')::date"
        " BETWEEN r.period_start AND r.period_end GROUP BY r.id"
    ):
        assert orjson.loads(row["kpis_json"])["tasks_completed"] == row["done"]


# the library


async def test_the_library_has_every_visibility_and_one_private_draft(read):
    people = await demo_school.people(read)
    rows = await read.fetch("SELECT visibility, owner_id FROM resources")
    assert len(rows) >= 40
    assert {row["visibility"] for row in rows} == {"PUBLIC", "PLUS", "PRO", "PRIVATE"}
    private = [row["owner_id"] for row in rows if row["visibility"] == "PRIVATE"]
    assert private == [people.coaches[0].id]


async def test_every_resource_can_be_searched(read):
    without = await read.fetchval(
        "SELECT count(*) FROM resources r WHERE NOT EXISTS"
        " (SELECT FROM resource_chunks c WHERE c.resource_id = r.id)"
    )
    assert without == 0
