"""What must never be stored is refused by the tables themselves, whoever writes."""

from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest
from conftest import database
from factories import CREATED, insert, pupil

from gateway.embedded import Servers
from models.base import uuid7

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
NAN = float("nan")
STUDENT, EVALUATION, RESOURCE, TASK = (uuid7() for _ in range(4))
UNOWNED = {"students", "coach_availabilities", "resources", "uploads", "jobs", "idempotency_keys"}
SUBMITTED = {"submitted_at": CREATED}
GRADED = {**SUBMITTED, "status": "Corrigé", "score_20": 12.0, "graded_at": CREATED}
FREE = {"status": "Annulé"}

# the constraint, its table, and the values that break it
CHECKS: list[tuple[str, str, dict[str, Any]]] = [
    ("ck_students_display_name_length", "students", {"display_name": ""}),
    ("ck_students_display_name_length", "students", {"display_name": "é" * 201}),
    ("ck_students_exam_session_range", "students", {"exam_session": 2020}),
    ("ck_students_exam_session_range", "students", {"exam_session": 2101}),
    ("ck_students_version_not_negative", "students", {"version": -1}),
    ("ck_students_languages_are_a_list", "students", {"languages": "{}"}),
    ("ck_progress_last_shown_range", "progress", {"last_shown": -0.001}),
    ("ck_progress_last_shown_range", "progress", {"last_shown": 1.001}),
    ("ck_progress_score_range", "progress", {"score": -0.001}),
    ("ck_progress_score_range", "progress", {"score": 1.001}),
    ("ck_progress_score_range", "progress", {"score": NAN}),
    ("ck_progress_evidence_count_not_negative", "progress", {"evidence_count": -1}),
    ("ck_progress_points_score_range", "progress_points", {"score": 1.001}),
    ("ck_tasks_label_length", "tasks", {"label": ""}),
    ("ck_tasks_label_length", "tasks", {"label": "é" * 301}),
    ("ck_tasks_weight_range", "tasks", {"weight": -0.001}),
    ("ck_tasks_weight_range", "tasks", {"weight": 5.001}),
    ("ck_tasks_weight_range", "tasks", {"weight": NAN}),
    ("ck_tasks_closed_when_not_open", "tasks", {"closed_at": CREATED}),
    ("ck_tasks_closed_when_not_open", "tasks", {"status": "Done"}),
    ("ck_tasks_closed_when_not_open", "tasks", {"status": "Skipped"}),
    ("ck_sessions_slot_end_after_start", "sessions", {"slot_end": CREATED}),
    ("ck_sessions_title_length", "sessions", {"title": ""}),
    ("ck_sessions_title_length", "sessions", {"title": "é" * 301}),
    ("ck_sessions_proposal_awaits", "sessions", {"status": "Proposé"}),
    ("ck_sessions_proposal_awaits", "sessions", {"awaiting": "COACH"}),
    ("ck_tasks_reason_length", "tasks", {"reason": "é" * 1001}),
    ("ck_sessions_cancel_reason_length", "sessions", {"cancel_reason": "é" * 501}),
    ("ck_coach_availabilities_slot_end_after_start", "coach_availabilities", {"slot_end": CREATED}),
    ("ck_coach_availabilities_kinds_not_empty", "coach_availabilities", {"kinds": []}),
    ("ck_evaluations_score_20_range", "evaluations", {"score_20": -0.001}),
    ("ck_evaluations_score_20_range", "evaluations", {**GRADED, "score_20": 20.001}),
    ("ck_evaluations_score_20_range", "evaluations", {**GRADED, "score_20": NAN}),
    ("ck_evaluations_duration_min_range", "evaluations", {"duration_min": 0}),
    ("ck_evaluations_duration_min_range", "evaluations", {"duration_min": 601}),
    ("ck_evaluations_graded_at_known", "evaluations", {**GRADED, "graded_at": None}),
    ("ck_evaluations_graded_at_known", "evaluations", {"graded_at": CREATED}),
    ("ck_evaluations_graded_has_score", "evaluations", {**GRADED, "score_20": None}),
    ("ck_evaluations_submitted_known", "evaluations", {"status": "Soumis"}),
    ("ck_evaluations_submitted_known", "evaluations", {**GRADED, "submitted_at": None}),
    ("ck_evaluation_items_number_positive", "evaluation_items", {"number": 0}),
    ("ck_evaluation_items_points_positive", "evaluation_items", {"points": 0.0}),
    ("ck_copies_size_bytes_not_negative", "copies", {"size_bytes": -1}),
    ("ck_copies_page_count_positive", "copies", {"page_count": 0}),
    ("ck_copies_ocr_confidence_range", "copies", {"ocr_confidence": 1.001}),
    ("ck_uploads_size_bytes_not_negative", "uploads", {"size_bytes": -1}),
    ("ck_uploads_page_count_positive", "uploads", {"page_count": 0}),
    ("ck_epreuves_plan_weight_range", "epreuves_plan", {"weight": -0.001}),
    ("ck_epreuves_plan_weight_range", "epreuves_plan", {"weight": 100.001}),
    ("ck_epreuves_plan_duration_min_positive", "epreuves_plan", {"duration_min": 0}),
    ("ck_epreuves_plan_mark_20_range", "epreuves_plan", {"mark_20": -0.001}),
    ("ck_epreuves_plan_mark_20_range", "epreuves_plan", {"mark_20": 20.001}),
    (
        "ck_epreuves_plan_window_forwards",
        "epreuves_plan",
        {"window_start": date(2027, 6, 18), "window_end": date(2027, 6, 17)},
    ),
    ("ck_resources_title_length", "resources", {"title": ""}),
    ("ck_resources_title_length", "resources", {"title": "é" * 301}),
    ("ck_resource_chunks_page_positive", "resource_chunks", {"page": 0}),
    ("ck_events_seq_positive", "events", {"seq": 0}),
    ("ck_events_actor_is_person_or_agent", "events", {"actor_role": "STUDENT"}),
    ("ck_events_actor_is_person_or_agent", "events", {"actor_agent": None}),
    ("ck_events_entity_is_whole", "events", {"entity_table": "tasks"}),
    ("ck_events_entity_is_whole", "events", {"entity_id": TASK}),
    ("ck_reports_period_end_after_start", "reports", {"period_end": date(2026, 9, 6)}),
    ("ck_jobs_progress_range", "jobs", {"progress": -0.001}),
    ("ck_jobs_progress_range", "jobs", {"progress": 1.001}),
    ("ck_jobs_ended_is_dated", "jobs", {"status": "SUCCEEDED"}),
    ("ck_jobs_ended_is_dated", "jobs", {"status": "FAILED"}),
    ("ck_jobs_ended_is_dated", "jobs", {"finished_at": CREATED}),
]
HALF_AN_HOUR_LATER = {"slot_start": CREATED + HOUR / 2, "slot_end": CREATED + 2 * HOUR}
BY_A_COACH = {"coach_id": "coach"}

# the constraint, its table, and two rows that cannot both be
CLASHES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("uq_students_user_id", "students", {"user_id": "same"}, {"user_id": "same"}),
    ("uq_entitlements_student_id", "entitlements", {}, {"tier": "Pro"}),
    ("uq_guardianships_student_id_person_id", "guardianships", {}, {"display_name": "Autre"}),
    ("uq_coachings_student_id_person_id", "coachings", {}, {"display_name": "Autre"}),
    ("uq_progress_student_id_chapter_code_competence_code", "progress", {}, {"score": 0.1}),
    ("uq_progress_points_student_id_subject_day", "progress_points", {}, {"score": 0.1}),
    ("uq_evaluation_items_evaluation_id_number", "evaluation_items", {}, {"points": 1.0}),
    ("uq_epreuves_plan_student_id_code", "epreuves_plan", {}, {"label": "Autre"}),
    ("uq_resource_chunks_resource_id_number", "resource_chunks", {}, {"text": "Autre"}),
    ("uq_favorites_student_id_resource_id", "favorites", {}, {"created_at": CREATED + HOUR}),
    ("uq_events_student_id_seq", "events", {}, {"kind": "TASK_COMPLETED"}),
    ("uq_reports_student_id_period_kind_period_start", "reports", {},
     {"period_end": date(2026, 9, 14)}),
    ("uq_idempotency_keys_actor_id_key", "idempotency_keys", {}, {"fingerprint": "autre"}),
    ("ex_sessions_student_slot", "sessions", {}, HALF_AN_HOUR_LATER),
    ("ex_sessions_coach_slot", "sessions", BY_A_COACH,
     {**BY_A_COACH, **HALF_AN_HOUR_LATER, "student_id": uuid7()}),
    ("ex_coach_availabilities_slot", "coach_availabilities", {}, HALF_AN_HOUR_LATER),
]  # fmt: skip
AFTER = {"slot_start": CREATED + HOUR, "slot_end": CREATED + 2 * HOUR}

# what stands at the edge of a rule, and is allowed
ALLOWED: list[tuple[str, list[dict[str, Any]]]] = [
    ("students", [{"display_name": "é" * 200}, {"exam_session": 2100}, {"user_id": None}]),
    ("progress", [{"score": 0.0}, {"score": 1.0, "competence_code": "other"}]),
    ("tasks", [{"weight": 0.0}, {"weight": 5.0}, {"label": "é" * 300}, {"label": "x"}]),
    ("tasks", [{"status": "Done", "closed_at": CREATED}]),
    ("evaluations", [{**GRADED, "score_20": 0.0}, {**GRADED, "score_20": 20.0}]),
    ("sessions", [{}, AFTER]),  # one ends as the next begins
    ("sessions", [{}, FREE, {**FREE, **HALF_AN_HOUR_LATER}]),  # the cancelled take no room
    ("sessions", [BY_A_COACH, {"student_id": uuid7()}]),  # nobody's, at the same time
    ("sessions", [BY_A_COACH, {**BY_A_COACH, **FREE, "student_id": uuid7()}]),
    ("coach_availabilities", [{}, AFTER, {"coach_id": "another"}]),
    ("epreuves_plan", [{"weight": 0.0}, {"weight": 100.0, "code": "other"}]),
    ("reports", [{"period_end": date(2026, 9, 7)}, {"period_kind": "MONTH"}]),
    ("jobs", [{"status": "FAILED", "finished_at": CREATED, "progress": 1.0}]),
]


@pytest.fixture(scope="module")
def dsn(servers: Servers, migrated: str) -> Iterator[str]:
    with database(servers, migrated) as found:
        yield found


@pytest.fixture(scope="module")
async def connection(dsn: str, anyio_backend: str) -> AsyncIterator[asyncpg.Connection]:
    """The superuser's: no row lock, no rule of ours but the tables' own."""
    opened = await asyncpg.connect(dsn)
    await pupil(opened, id=STUDENT)
    await insert(opened, "evaluations", id=EVALUATION, student_id=STUDENT)
    await insert(opened, "resources", id=RESOURCE)
    yield opened
    await opened.close()


@pytest.fixture
async def db(connection: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:
    """The same, taken back afterwards."""
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()


async def put(db: asyncpg.Connection, table: str, values: dict[str, Any]) -> None:
    """A row with the owners it needs; a student that is not there yet is made."""
    owned = {} if table in UNOWNED or table == "resource_chunks" else {"student_id": STUDENT}
    if table in {"evaluation_items", "copies"}:
        owned["evaluation_id"] = EVALUATION
    if table in {"resource_chunks", "favorites"}:
        owned["resource_id"] = RESOURCE
    if "student_id" in values:
        await pupil(db, id=values["student_id"])
    await insert(db, table, **{**owned, **values})


@pytest.mark.parametrize(("name", "table", "values"), CHECKS)
async def test_a_row_that_breaks_a_rule_is_refused(db, name, table, values):
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await put(db, table, values)
    assert refused.value.constraint_name == name


@pytest.mark.parametrize(("name", "table", "first", "second"), CLASHES)
async def test_of_two_rows_that_clash_the_second_is_refused(db, name, table, first, second):
    await put(db, table, first)
    kinds = (asyncpg.UniqueViolationError, asyncpg.ExclusionViolationError)
    with pytest.raises(kinds) as refused:
        await put(db, table, second)
    assert refused.value.constraint_name == name


@pytest.mark.parametrize(("table", "rows"), ALLOWED)
async def test_what_stands_at_the_edge_of_a_rule_is_stored(db, table, rows):
    before = await db.fetchval(f"SELECT count(*) FROM nexus_app.{table}")  # noqa: S608
    for values in rows:
        await put(db, table, values)
    after = await db.fetchval(f"SELECT count(*) FROM nexus_app.{table}")  # noqa: S608
    assert after - before >= len(rows)


async def test_every_rule_of_the_tables_is_tried_above(db):
    rules = await db.fetch(
        """SELECT conname FROM pg_constraint
        WHERE connamespace = 'nexus_app'::regnamespace AND contype IN ('c', 'u', 'x')
          AND conrelid::regclass::text !~ '^nexus_app[.]pgqueuer'  -- the queue's library's own"""
    )
    tried = {name for name, *_ in CHECKS} | {name for name, *_ in CLASHES}
    assert {rule["conname"] for rule in rules} == tried


OWNED = """
    SELECT table_name FROM information_schema.columns
    WHERE table_schema = 'nexus_app' AND column_name = 'student_id'
      AND table_name <> 'mv_dashboard_summary'
"""


async def test_a_pupil_leaves_with_everything_that_is_its_own(db):
    owned = [table for (table,) in await db.fetch(OWNED) if table != "jobs"]
    for table in owned:
        await put(db, table, {})
    await insert(db, "jobs", student_id=STUDENT)
    await db.execute("DELETE FROM nexus_app.students WHERE id = $1", STUDENT)
    left = {
        table: await db.fetchval(f"SELECT count(*) FROM nexus_app.{table}")  # noqa: S608
        for table in (*owned, "jobs")
    }
    assert left == dict.fromkeys(left, 0)


async def test_a_task_outlives_its_resource_and_an_evaluation_its_job(db):
    task = await insert(db, "tasks", student_id=STUDENT, resource_id=RESOURCE)
    job = await insert(db, "jobs")
    paper = await insert(db, "evaluations", student_id=STUDENT, grading_job_id=job)
    await db.execute("DELETE FROM nexus_app.resources WHERE id = $1", RESOURCE)
    await db.execute("DELETE FROM nexus_app.jobs WHERE id = $1", job)
    tasks = await db.fetch("SELECT resource_id FROM nexus_app.tasks WHERE id = $1", task)
    papers = await db.fetch("SELECT grading_job_id FROM nexus_app.evaluations WHERE id = $1", paper)
    assert [tuple(row) for row in (*tasks, *papers)] == [(None,), (None,)]
