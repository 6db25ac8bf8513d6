"""A filter keeps the rows it says, and no others; the total counts what it keeps."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from conftest import CLOCK, database
from factories import insert, pupil
from hypothesis import example, given
from hypothesis import strategies as st
from walking import Listing, ids

from gateway.embedded import Servers
from loaders.rows import open_pool
from models.curriculum import Subject, Track
from models.vocabulary import (
    EvaluationStatus,
    EventKind,
    ReportPeriodKind,
    SessionStatus,
    TaskCategory,
    TaskOrder,
    TaskStatus,
)
from schema.evaluations import EVALUATIONS, LATEST_EVALUATION
from schema.journal import EVENT_ORDER, EVENTS
from schema.reports import LATEST_REPORT, REPORTS
from schema.sessions import AGENDA, BY_START
from schema.tasks import TASK_ORDER, TASKS
from schema.viewer import BY_NAME, STUDENTS

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
START = datetime(2026, 11, 23, 8, tzinfo=UTC)
SUBJECTS = (Subject.MATHS, Subject.NSI, Subject.EPS)
KINDS = (EventKind.TASK_CREATED, EventKind.TASK_COMPLETED, EventKind.REPORT_GENERATED)
NAMES = (
    "Zoé Lefèvre",
    "Zoe Lefevre",
    "ÉLOÏSE Petit",
    "Élodie_100%",
    "50%_Réussite",
    r"C:\Jean",
    r"\%_",
    "Œdipe",
    "Ｌｉｎａ％",
    "D’Artagnan",
    "Strauß",
    "ı",
    "İpek",
)
texts = st.text("aeéÉèŒœßıİ%_\\％＿＼’' Zz0", max_size=4) | st.sampled_from(NAMES)


def subsets(values: Any) -> Any:
    return st.none() | st.lists(st.sampled_from(list(values)), max_size=3)


@pytest.fixture(scope="module")
def dsn(servers: Servers, migrated: str) -> Iterator[str]:
    with database(servers, migrated) as found:
        yield found


@pytest.fixture(scope="module")
async def lists(dsn: str, anyio_backend: str) -> AsyncIterator[asyncpg.Pool]:
    opened = await open_pool(dsn, size=4, statement_timeout_ms=10_000)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
async def writer(dsn: str, anyio_backend: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()


@pytest.fixture(scope="module")
async def owner(writer: asyncpg.Connection) -> UUID:
    """A pupil with a row for every combination that a filter may tell apart."""
    mine = await pupil(writer, display_name="Propriétaire")
    for name, track in zip(NAMES, ("Premiere", "Terminale") * 9, strict=False):
        await pupil(writer, display_name=name, track=track)
    for status, category in product(TaskStatus, TaskCategory):
        closed = None if status is TaskStatus.TODO else CLOCK
        await insert(writer, "tasks", student_id=mine, status=status.value,
                     category=category.value, closed_at=closed)  # fmt: skip
    for n, status in zip(range(9), [*SessionStatus] * 3, strict=True):
        await insert(writer, "sessions", student_id=mine, status=status.value,
                     slot_start=START + n * HOUR, slot_end=START + (n + 1) * HOUR,
                     awaiting="COACH" if status is SessionStatus.PROPOSE else None)  # fmt: skip
    for status, subject in product(EvaluationStatus, SUBJECTS):
        graded = status is EvaluationStatus.CORRIGE
        await insert(writer, "evaluations", student_id=mine, status=status.value,
                     subject=subject.value, submitted_at=CLOCK,
                     score_20=12.0 if graded else None,
                     graded_at=CLOCK if graded else None)  # fmt: skip
    for kind in ReportPeriodKind:
        await insert(writer, "reports", student_id=mine, period_kind=kind.value,
                     period_start=date(2026, 9, 1), period_end=date(2026, 9, 30))  # fmt: skip
    for seq in range(1, 13):
        await insert(writer, "events", student_id=mine, seq=seq, kind=KINDS[seq % 3].value)
    return mine


async def kept(pool: asyncpg.Pool, table: str, owner: UUID, keeps: Any) -> set[UUID]:
    """The rows that a predicate keeps, told by Python."""
    rows = await pool.fetch(f"SELECT * FROM nexus_app.{table} WHERE student_id = $1", owner)  # noqa: S608
    return {row["id"] for row in rows if keeps(row)}


def agrees(wanted: Any, found: Any) -> bool:
    """Whether a filter of several values lets one through; none given is no filter."""
    return wanted is None or found in wanted


async def assert_keeps(listing: Listing, expected: set[UUID], **filters: Any) -> None:
    page = await listing.page(first=100, **filters)
    assert set(ids(page)) == expected
    assert len(page.nodes) == len(expected) == await page.count()


@given(subsets(TaskStatus), subsets(TaskCategory))
async def test_tasks_are_filtered_by_status_and_category(lists, writer, owner, status, category):
    expected = await kept(
        writer, "tasks", owner,
        lambda row: agrees(status, row["status"]) and agrees(category, row["category"]),
    )  # fmt: skip
    listing = Listing(lists, TASKS, TASK_ORDER.orders[TaskOrder.DUE_AT], owner)
    await assert_keeps(listing, expected, status=status, category=category)


bounds = st.none() | st.integers(-2, 22).map(lambda n: START + n * HOUR / 2)


@given(bounds, bounds, subsets(SessionStatus))
@example(START + HOUR, START + 2 * HOUR, None)
@example(START + 2 * HOUR, START + HOUR, None)
async def test_the_agenda_keeps_what_overlaps_the_span_from_to(
    lists, writer, owner, from_, to, status
):
    expected = await kept(
        writer, "sessions", owner,
        lambda row: (from_ is None or row["slot_end"] > from_)
        and (to is None or row["slot_start"] < to)
        and agrees(status, row["status"]),
    )  # fmt: skip
    listing = Listing(lists, AGENDA, BY_START, owner)
    await assert_keeps(listing, expected, from_=from_, to=to, status=status)


@given(subsets(EvaluationStatus), st.none() | st.sampled_from([*SUBJECTS, Subject.SVT]))
async def test_evaluations_are_filtered_by_status_and_subject(
    lists, writer, owner, status, subject
):
    expected = await kept(
        writer, "evaluations", owner,
        lambda row: agrees(status, row["status"]) and subject in (None, row["subject"]),
    )  # fmt: skip
    listing = Listing(lists, EVALUATIONS, LATEST_EVALUATION, owner)
    await assert_keeps(listing, expected, status=status, subject=subject)


@pytest.mark.parametrize("kind", [None, *ReportPeriodKind])
async def test_reports_are_filtered_by_the_kind_of_their_period(lists, writer, owner, kind):
    expected = await kept(writer, "reports", owner, lambda row: kind in (None, row["period_kind"]))
    await assert_keeps(Listing(lists, REPORTS, LATEST_REPORT, owner), expected, kind=kind)


@given(st.none() | st.integers(-3, 15), subsets(KINDS))
async def test_events_are_filtered_by_kind_and_by_what_comes_after_a_seq(
    lists, writer, owner, after_seq, kinds
):
    expected = await kept(
        writer, "events", owner,
        lambda row: (after_seq is None or row["seq"] > after_seq) and agrees(kinds, row["kind"]),
    )  # fmt: skip
    listing = Listing(lists, EVENTS, EVENT_ORDER.of({"after_seq": after_seq}), owner)
    await assert_keeps(listing, expected, after_seq=after_seq, kinds=kinds)


@pytest.mark.parametrize(
    ("after_seq", "expected"), [(None, [12, 11, 10, 9]), (0, [1, 2, 3, 4]), (7, [8, 9, 10, 11])]
)
async def test_events_come_newest_first_and_oldest_first_after_a_seq(
    lists, owner, after_seq, expected
):
    listing = Listing(lists, EVENTS, EVENT_ORDER.of({"after_seq": after_seq}), owner)
    page = await listing.page(first=4, after_seq=after_seq)
    assert [row.seq for row in page.nodes] == expected


CONTAINS = """
    SELECT display_name FROM nexus_app.students
    WHERE position(lower(nexus_app.f_unaccent($1)) IN lower(nexus_app.f_unaccent(display_name))) > 0
"""


@given(texts)
@example("％")
@example("＿")
@example("＼")
async def test_a_search_finds_the_names_that_hold_the_text_whatever_its_characters(
    lists, writer, owner, search
):
    expected = {row["display_name"] for row in await writer.fetch(CONTAINS, search)}
    page = await Listing(lists, STUDENTS, BY_NAME).page(first=100, search=search)
    assert {row.display_name for row in page.nodes} == expected
    assert await page.count() == len(expected)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("zoe lefevre", {"Zoé Lefèvre", "Zoe Lefevre"}),
        ("ZOÉ", {"Zoé Lefèvre", "Zoe Lefevre"}),
        ("eloise", {"ÉLOÏSE Petit"}),
        ("100%", {"Élodie_100%"}),
        ("%_", {"50%_Réussite", r"\%_"}),
        (r"c:\j", {r"C:\Jean"}),
        ("oedipe", {"Œdipe"}),
        ("Zo%Le", set()),
        ("Zo_ Le", set()),
        ("nobody", set()),
    ],
)
async def test_a_search_ignores_case_and_accents_and_takes_no_wildcards(
    lists, owner, search, found
):
    page = await Listing(lists, STUDENTS, BY_NAME).page(first=100, search=search)
    assert {row.display_name for row in page.nodes} == found


@pytest.mark.parametrize("track", Track)
async def test_students_are_filtered_by_track(lists, writer, owner, track):
    expected = await writer.fetch("SELECT id FROM nexus_app.students WHERE track = $1", track.value)
    listing = Listing(lists, STUDENTS, BY_NAME)
    await assert_keeps(listing, {row["id"] for row in expected}, track=track)
