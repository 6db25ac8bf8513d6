"""The demo school is whole, true to the rules of the house, and the same every time."""

from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import orjson
import pytest

from models.base import Entity
from models.curriculum import EpreuveKind, Profile, Track
from models.evaluation import EvaluationAction
from models.study_session import StudySessionAction
from models.task import TaskAction
from models.vocabulary import (
    EvaluationStatus,
    EventKind,
    SessionKind,
    SessionStatus,
    TaskCategory,
    TaskStatus,
    Tier,
)
from services import demo_school
from services.catalogue.programme import chapters_by_code
from services.dashboard import streak_days
from services.demo_school.school import batches
from services.papers import Feedback, LanguageChoice, ReportKpis

pytestmark = pytest.mark.anyio

TODAY = date(2026, 11, 23)
PARIS = ZoneInfo("Europe/Paris")
MORNING = datetime(2026, 11, 23, tzinfo=PARIS)
RICH = 3
TABLES = [table.name for table in Entity.metadata.sorted_tables]

LIFECYCLES = {
    "tasks": (TaskStatus, TaskAction, {EventKind.TASK_CREATED}),
    "sessions": (
        SessionStatus,
        StudySessionAction,
        {EventKind.SESSION_PROPOSED, EventKind.SESSION_BOOKED},
    ),
    "evaluations": (EvaluationStatus, EvaluationAction, {EventKind.EVALUATION_GENERATED}),
}


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


async def digests(connection: asyncpg.Connection) -> dict[str, str]:
    return {
        table: await connection.fetchval(
            f"SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM {table} t"  # noqa: S608
        )
        for table in TABLES
    }


# loading


async def test_the_same_day_makes_the_same_rows(read, empty):
    await demo_school.load(empty, TODAY)
    assert await digests(empty) == await digests(read)


async def test_an_empty_database_is_not_a_loaded_school(read, empty):
    assert not await demo_school.is_loaded(empty)
    assert await demo_school.is_loaded(read)


async def test_a_school_does_not_load_twice(empty):
    await demo_school.load(empty, TODAY, scale=1)
    before = await digests(empty)
    with pytest.raises(ValueError, match="empty"):
        await demo_school.load(empty, TODAY)
    assert await digests(empty) == before


@pytest.mark.parametrize(
    "day",
    [date(2026, 7, 5), date(2026, 9, 2), date(2027, 3, 28), date(2028, 2, 29), date(2031, 1, 1)],
)
async def test_the_school_opens_on_any_day(empty, day):
    await demo_school.load(empty, day)
    assert await empty.fetchval("SELECT count(*) FROM students") == 63
    assert not await empty.fetchval(
        "SELECT count(*) FROM events WHERE (at AT TIME ZONE 'Europe/Paris')::date >= $1", day
    )


@pytest.mark.parametrize("scale", [1, 2, 70, 130])
async def test_a_scale_is_a_number_of_pupils(empty, scale):
    await demo_school.load(empty, TODAY, scale=scale)
    people = await demo_school.people(empty)
    assert len(people.students) == scale
    assert len(people.coaches) == (scale + 62) // 63 * 2 - (scale == 2 or scale == 1)


def test_a_larger_school_begins_with_the_same_names():
    small, large = (next(batches(TODAY, size)) for size in (63, 126))
    names = [[row[1] for row in one._rows["students"]] for one in (small, large)]
    assert names[1][: len(names[0])] == names[0]


# people


async def test_the_three_rich_pupils_come_first(read):
    people = await demo_school.people(read)
    assert [(one.track, one.profile) for one in people.students[:RICH]] == [
        (Track.PREMIERE, Profile.SCOLARISE),
        (Track.TERMINALE, Profile.SCOLARISE),
        (Track.TERMINALE, Profile.CANDIDAT_LIBRE),
    ]
    assert len(people.students) == 63
    assert len({one.user_id for one in people.students}) == 63


async def test_a_parent_has_the_first_two_pupils_as_wards(read):
    people = await demo_school.people(read)
    assert people.parents[0].wards == tuple(one.id for one in people.students[:2])
    assert all(len(parent.wards) == 1 for parent in people.parents[1:])


async def test_two_coaches_share_the_pupils_and_one_pupil_has_both(read):
    people = await demo_school.people(read)
    assert len(people.coaches) == 2
    both = await read.fetch(
        "SELECT student_id FROM coachings GROUP BY 1 HAVING count(DISTINCT person_id) = 2"
    )
    assert len(both) == 1
    first = [
        await read.fetchval("SELECT person_id FROM coachings WHERE student_id = $1", one.id)
        for one in people.students[:RICH]
    ]
    assert first == [people.coaches[0].id, people.coaches[0].id, people.coaches[1].id]


async def test_some_pupils_have_no_guardian_and_one_has_two(read):
    counts = await read.fetch(
        "SELECT count(g.id) AS n FROM students s LEFT JOIN guardianships g ON g.student_id = s.id"
        " GROUP BY s.id"
    )
    numbers = [row["n"] for row in counts]
    assert numbers.count(2) == 1
    assert numbers.count(0) >= 5


async def test_every_kind_of_pupil_is_there(read):
    row = await read.fetchrow(
        "SELECT count(DISTINCT track) AS tracks, count(DISTINCT profile) AS profiles,"
        " count(DISTINCT voie) FILTER (WHERE voie <> 'GENERALE') AS series,"
        " count(DISTINCT exam_path) AS paths,"
        " array_agg(DISTINCT exam_session ORDER BY exam_session) AS sessions FROM students"
    )
    assert (row["tracks"], row["profiles"]) == (2, 2)
    assert row["series"] >= 3
    assert row["paths"] >= 4
    assert row["sessions"] == [2027, 2028]


async def test_the_first_pupil_learns_german_as_a_third_language(read):
    languages = [
        LanguageChoice.model_validate(one)
        for one in orjson.loads(
            await read.fetchval("SELECT languages FROM students ORDER BY created_at LIMIT 1")
        )
    ]
    assert [(one.rank, one.language) for one in languages] == [
        ("LVA", "ANGLAIS"),
        ("LVB", "ESPAGNOL"),
        ("LVC", "ALLEMAND"),
    ]


async def test_every_tier_is_there_and_one_has_run_out(read):
    rows = await read.fetch("SELECT tier, expires_at FROM entitlements")
    assert {Tier(row["tier"]) for row in rows} == set(Tier)
    assert sum(row["expires_at"] is not None and row["expires_at"] < MORNING for row in rows) == 1


# the journal


async def test_the_journal_has_no_gap_and_its_head_is_the_version(read):
    wrong = await read.fetch(
        "SELECT s.id FROM students s JOIN events e ON e.student_id = s.id GROUP BY s.id"
        " HAVING array_agg(e.seq ORDER BY e.seq) <> ARRAY(SELECT generate_series(1, s.version))"
    )
    assert wrong == []


async def test_the_journal_is_in_the_order_of_time(read):
    late = await read.fetchval(
        "SELECT count(*) FROM events a JOIN events b"
        " ON b.student_id = a.student_id AND b.seq = a.seq + 1 WHERE b.at < a.at"
    )
    assert late == 0


async def test_the_journal_begins_with_the_pupil_and_ends_before_today(read):
    assert {
        row["kind"] for row in await read.fetch("SELECT DISTINCT kind FROM events WHERE seq = 1")
    } == {"STUDENT_CREATED"}
    assert await read.fetchval("SELECT max(at) FROM events") < MORNING


@pytest.mark.parametrize("table", LIFECYCLES)
async def test_replaying_the_journal_gives_what_the_table_holds(read, table):
    statuses, actions, births = LIFECYCLES[table]
    moves = {
        (action.event, source.name): action.target
        for action in actions
        for source in action.sources
    }
    replayed = {}
    for event in await read.fetch(
        "SELECT * FROM events WHERE entity_table = $1 ORDER BY student_id, seq", table
    ):
        payload = orjson.loads(event["payload_json"])
        after = statuses[payload["after"]["status"]]
        if EventKind(event["kind"]) in births:
            assert event["entity_id"] not in replayed
        else:
            before = replayed[event["entity_id"]]
            assert payload["before"]["status"] == before.name
            assert moves[EventKind(event["kind"]), before.name] is after
        replayed[event["entity_id"]] = after
    stored = await read.fetch(f"SELECT id, status FROM {table}")  # noqa: S608
    assert replayed == {row["id"]: statuses(row["status"]) for row in stored}


async def test_favorites_follow_from_the_journal(read):
    kept = set()
    for event in await read.fetch(
        "SELECT * FROM events WHERE kind IN ('RESOURCE_FAVORITED', 'RESOURCE_UNFAVORITED')"
        " ORDER BY student_id, seq"
    ):
        pair = event["student_id"], event["entity_id"]
        if event["kind"] == "RESOURCE_FAVORITED":
            kept.add(pair)
        else:
            kept.remove(pair)
    rows = await read.fetch("SELECT student_id, resource_id FROM favorites")
    assert kept == {(row["student_id"], row["resource_id"]) for row in rows}


@pytest.mark.parametrize("table", ["tasks", "sessions", "evaluations", "progress", "reports"])
async def test_every_event_names_a_row_that_exists(read, table):
    lost = await read.fetchval(
        f"SELECT count(*) FROM events e LEFT JOIN {table} t"  # noqa: S608
        " ON t.id = e.entity_id AND t.student_id = e.student_id"
        " WHERE e.entity_table = $1 AND t.id IS NULL",
        table,
    )
    assert lost == 0


async def test_streaks_differ_and_the_first_pupil_has_a_long_one(read):
    days = defaultdict(set)
    for row in await read.fetch(
        "SELECT s.display_name, s.created_at, e.at FROM students s"
        " JOIN events e ON e.student_id = s.id WHERE e.actor_role = 'STUDENT'"
    ):
        days[row["created_at"]].add(row["at"].astimezone(PARIS).date())
    streaks = [streak_days(acts, TODAY) for _, acts in sorted(days.items())]
    assert len(streaks) == 63
    assert streaks[0] >= 5
    assert len(set(streaks)) >= 5


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
        assert statuses.count("Todo") >= 12
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


@pytest.mark.parametrize(
    "table", ["tasks", "progress", "evaluation_items", "resources", "progress_points"]
)
async def test_every_pupil_and_chapter_is_of_the_programme(read, table):
    if table == "progress_points":
        rows = await read.fetch("SELECT DISTINCT subject FROM progress_points")
        assert {row["subject"] for row in rows} <= {one.subject for one in CHAPTERS.values()}
        return
    rows = await read.fetch(
        f"SELECT DISTINCT chapter_code FROM {table} WHERE chapter_code IS NOT NULL"  # noqa: S608
    )
    assert {row["chapter_code"] for row in rows} <= set(CHAPTERS)


CHAPTERS = chapters_by_code()


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
