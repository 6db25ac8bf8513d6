"""The demo school is whole, true to the rules of the house, and the same every time."""

from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

import asyncpg
import orjson
import pytest

from models.base import Entity
from models.curriculum import Profile, Track
from models.evaluation import EvaluationAction
from models.study_session import StudySessionAction
from models.task import TaskAction
from models.vocabulary import (
    EvaluationStatus,
    EventKind,
    SessionStatus,
    TaskStatus,
    Tier,
)
from services import demo_school
from services.dashboard import streak_days
from services.papers import LanguageChoice

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


@pytest.mark.parametrize(("scale", "coaches"), [(1, 1), (2, 1), (70, 4), (130, 6)])
async def test_a_scale_is_a_number_of_pupils(empty, scale, coaches):
    await demo_school.load(empty, TODAY, scale=scale)
    people = await demo_school.people(empty)
    assert len(people.students) == scale
    assert len(people.coaches) == coaches


async def test_a_larger_school_begins_with_the_same_people(read, empty):
    await demo_school.load(empty, TODAY, scale=70)
    small, large = [await demo_school.people(one) for one in (read, empty)]
    assert [one.user_id for one in large.students[:63]] == [one.user_id for one in small.students]
    assert [one.name for one in large.students[:63]] == [one.name for one in small.students]


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
        LanguageChoice(**one)
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
