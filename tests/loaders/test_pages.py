"""Pages, put end to end, are the list: whatever their size, direction and order."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise, repeat
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from conftest import CLOCK, database
from factories import insert, pupil
from graphql import GraphQLError
from hypothesis import given, settings
from hypothesis import strategies as st
from walking import Listing, ids

from gateway.embedded import Servers
from loaders.by_column import Loaders
from loaders.columns import columns_of
from loaders.keyset import Key, Order, Window
from loaders.pages import Pages
from loaders.rows import Reader, compiled, open_pool
from models.task import Task
from models.vocabulary import Role, TaskOrder
from schema.tasks import TASK_ORDER, TASKS

pytestmark = pytest.mark.anyio

DUES = (None, CLOCK - timedelta(days=2), CLOCK + timedelta(hours=5), CLOCK + timedelta(days=9))
WEIGHTS = (0.0, 1.0, 5.0)
LABELS = ("Étudier", "Etudier", "réviser", "Zoé", "abc")
LAST_DUE = datetime(9999, 12, 31, tzinfo=UTC)

ALL_TASKS: Any = compiled(Task.__table__.select().with_only_columns(*columns_of(Task)), Task)
KEYS: dict[str, tuple[Any, Any]] = {
    "weight": (Task.weight, lambda row: row.weight),
    "due": (TASK_ORDER.orders[TaskOrder.DUE_AT].keys[0].expression, lambda r: r.due_at or LAST_DUE),
    "created": (Task.created_at, lambda row: row.created_at),
    "label": (Task.label, lambda row: row.label),
    "priority": (TASK_ORDER.orders[TaskOrder.PRIORITY].keys[0].expression, lambda r: r.priority),
    "id": (Task.id, lambda row: row.id),
}
OFFERED = {
    TaskOrder.PRIORITY: (("priority", True), ("id", False)),
    TaskOrder.DUE_AT: (("due", False), ("id", False)),
    TaskOrder.CREATED_AT: (("created", True), ("id", True)),
}

sizes = st.lists(st.integers(1, 12), min_size=1, max_size=5).map(lambda found: [*found, 7])
spelled = st.sampled_from([*OFFERED.values()]) | st.tuples(
    st.lists(st.tuples(st.sampled_from(sorted(KEYS)), st.booleans()), max_size=3),
    st.booleans(),
).map(lambda found: (*found[0], ("id", found[1])))


def order_of(terms: Any) -> Order:
    """An order by the named keys, each ascending or descending."""
    keys = tuple(Key(KEYS[name][0], descending) for name, descending in terms)
    return Order(repr(terms), keys, clocked=any(name == "priority" for name, _ in terms))


def in_order(rows: list[Any], terms: Any) -> list[UUID]:
    """The same order, by Python: from the last key to the first, for sorting is stable."""
    for name, descending in reversed(terms):
        rows = sorted(rows, key=KEYS[name][1], reverse=descending)
    return [row.id for row in rows]


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
async def parents(writer: asyncpg.Connection) -> list[UUID]:
    """Three pupils with 37, 1 and no tasks; every key but the id has ties."""
    found = [await pupil(writer) for _ in range(3)]
    await insert(writer, "epreuves_plan", student_id=found[0], subject="MATHS",
                 scheduled_at=datetime(2027, 3, 15, tzinfo=UTC))  # fmt: skip
    await insert(writer, "progress", student_id=found[0], score=0.1)
    for n in range(37):
        await insert(writer, "tasks", student_id=found[0], **task(n))
    await insert(writer, "tasks", student_id=found[1], **task(0))
    return found


def task(n: int) -> dict[str, Any]:
    known = n % 3 == 0
    return {
        "label": LABELS[n % 5],
        "weight": WEIGHTS[n % 3],
        "due_at": DUES[n * 7 % 4],
        "created_at": CLOCK - timedelta(days=n % 4),
        "subject": "MATHS" if known else None,
        "chapter_code": "MATHS-T-SUITES" if known else None,
    }


async def rows_of(pool: asyncpg.Pool, parent: UUID, clock: datetime = CLOCK) -> list[Any]:
    reader = Reader(pool, viewer="admin", role=Role.ADMIN, clock=clock)
    return [
        row for row in await reader.rows(ALL_TASKS, sorted_at=clock) if row.student_id == parent
    ]


@settings(max_examples=40)
@given(spelled, sizes, st.booleans())
async def test_pages_of_any_size_are_the_list_in_order_and_once(
    lists, parents, terms, sizes, backward
):
    listing = Listing(lists, TASKS, order_of(terms), parents[0])
    pages = await listing.walk(chain(sizes, repeat(5)), backward=backward)
    walked = chain.from_iterable(map(ids, pages[::-1] if backward else pages))
    assert list(walked) == in_order(await rows_of(lists, parents[0]), terms)


@settings(max_examples=40)
@given(spelled, st.integers(0, 36), st.integers(0, 40))
async def test_both_directions_agree_on_what_lies_around_a_row(lists, parents, terms, i, size):
    listing = Listing(lists, TASKS, order_of(terms), parents[0])
    expected = in_order(await rows_of(lists, parents[0]), terms)
    place = (await listing.page(first=100)).edges[i].cursor
    before = ids(await listing.page(last=size, before=place))
    after = ids(await listing.page(first=size, after=place))
    assert before == expected[max(0, i - size) : i]
    assert after == expected[i + 1 : i + 1 + size]


@settings(max_examples=40)
@given(spelled, st.integers(0, 36), st.integers(0, 36), st.integers(0, 40), st.booleans())
async def test_a_page_between_two_cursors_holds_what_lies_between(
    lists, parents, terms, i, j, size, backward
):
    listing = Listing(lists, TASKS, order_of(terms), parents[0])
    whole = await listing.page(first=100)
    after, before = (whole.edges[n].cursor for n in (i, j))
    page = await listing.page(**{"last" if backward else "first": size}, after=after, before=before)
    between = ids(whole)[i + 1 : j]
    assert ids(page) == (between[max(0, len(between) - size) :] if backward else between[:size])


@given(st.sampled_from(TaskOrder), st.integers(0, 40), st.booleans())
async def test_a_page_knows_whether_the_list_goes_on(lists, parents, order, size, backward):
    listing = Listing(lists, TASKS, TASK_ORDER.orders[order], parents[0])
    info = (await listing.page(**{"last" if backward else "first": size})).page_info
    onward, behind = info.has_next_page, info.has_previous_page
    if backward:
        onward, behind = behind, onward
    assert (onward, behind) == (size < 37, False)


@given(st.sampled_from(TaskOrder), st.integers(1, 12))
async def test_all_pages_but_the_last_have_a_next_and_all_but_the_first_a_previous(
    lists, parents, order, size
):
    listing = Listing(lists, TASKS, TASK_ORDER.orders[order], parents[0])
    infos = [page.page_info for page in await listing.walk(repeat(size))]
    assert [info.has_next_page for info in infos] == [True] * (len(infos) - 1) + [False]
    assert [info.has_previous_page for info in infos] == [False] + [True] * (len(infos) - 1)


async def test_the_cursors_of_a_page_are_those_of_its_first_and_last_row(lists, parents):
    listing = Listing(lists, TASKS, TASK_ORDER.orders[TaskOrder.DUE_AT], parents[0])
    page = await listing.page(first=5)
    info = page.page_info
    assert (info.start_cursor, info.end_cursor) == (page.edges[0].cursor, page.edges[-1].cursor)


@pytest.mark.parametrize("given_page", [{"first": 0}, {"last": 0}])
async def test_an_empty_page_has_no_cursors(lists, parents, given_page):
    listing = Listing(lists, TASKS, TASK_ORDER.orders[TaskOrder.DUE_AT], parents[0])
    info = (await listing.page(**given_page)).page_info
    assert (info.start_cursor, info.end_cursor) == (None, None)


@pytest.mark.parametrize("order", TaskOrder)
async def test_tasks_without_a_due_date_are_walked_like_the_others(lists, parents, order):
    rows = await rows_of(lists, parents[0])
    undated = {row.id for row in rows if row.due_at is None}
    listing = Listing(lists, TASKS, TASK_ORDER.orders[order], parents[0])
    walked = [id for page in await listing.walk(repeat(2)) for id in ids(page)]
    assert len(undated) > 2
    assert undated <= set(walked)
    if order is TaskOrder.DUE_AT:
        assert set(walked[-len(undated) :]) == undated


async def test_a_walk_by_priority_keeps_the_instant_of_its_first_page(lists, parents):
    later = CLOCK + timedelta(days=8)
    terms = OFFERED[TaskOrder.PRIORITY]
    now = in_order(await rows_of(lists, parents[0]), terms)
    assert now != in_order(await rows_of(lists, parents[0], later), terms)
    listing = Listing(lists, TASKS, TASK_ORDER.orders[TaskOrder.PRIORITY], parents[0])
    start = await listing.page(first=3)
    rest = await listing.page(first=100, after=start.page_info.end_cursor, clock=later)
    assert ids(start) + ids(rest) == now


async def test_a_walk_by_priority_shows_the_priorities_it_is_sorted_by(lists, parents):
    listing = Listing(lists, TASKS, TASK_ORDER.orders[TaskOrder.PRIORITY], parents[0])
    pages = await listing.walk(repeat(4))
    shown = [row.priority for page in pages for row in page.nodes]
    assert all(a >= b for a, b in pairwise(shown))


changes = st.lists(
    st.tuples(st.just("insert"), st.integers(0, 36)) | st.tuples(st.just("delete"), st.integers(0)),
    max_size=3,
)


@settings(max_examples=60)
@given(
    st.sampled_from(TaskOrder), st.integers(1, 12), st.integers(1, 4), st.booleans(),
    st.lists(changes, max_size=6),
)  # fmt: skip
async def test_rows_written_meanwhile_neither_repeat_nor_hide_others(
    lists, writer, order, many, size, backward, script
):
    parent = await pupil(writer)
    for n in range(many):
        await insert(writer, "tasks", student_id=parent, **task(n))
    terms = OFFERED[order]
    present = in_order(await rows_of(lists, parent), terms)
    deleted: set[UUID] = set()
    seen: list[UUID] = []

    async def between(number, page):
        assert not deleted & set(ids(page))
        seen.extend(ids(page)[::-1] if backward else ids(page))
        for change, n in script[number] if number < len(script) else ():
            if change == "insert":
                await insert(writer, "tasks", student_id=parent, **task(n))
            else:
                gone = present[n % len(present)]
                deleted.add(gone)
                await writer.execute("DELETE FROM nexus_app.tasks WHERE id = $1", gone)

    listing = Listing(lists, TASKS, TASK_ORDER.orders[order], parent)
    await listing.walk(repeat(size), backward=backward, between=between)
    stayed = [id for id in present if id not in deleted]
    assert len(seen) == len(set(seen))
    assert [id for id in seen if id in set(stayed)] == (stayed[::-1] if backward else stayed)


@pytest.mark.parametrize("order", TaskOrder)
async def test_the_pages_of_many_parents_are_one_statement(lists, parents, order):
    reader = Reader(lists, viewer="admin", role=Role.ADMIN, clock=CLOCK)
    chosen = TASK_ORDER.orders[order]
    loader = Pages(Loaders(reader)).rows(TASKS, chosen, Window(limit=4), {}, extra=0)
    found = [[row.id for row in rows] for rows in await loader.load_many(parents[::-1])]
    alone = [ids(await Listing(lists, TASKS, chosen, one).page(first=4)) for one in parents[::-1]]
    assert found == alone
    assert reader.statements == 1


async def test_a_cursor_of_one_pupil_is_refused_for_another(lists, parents):
    order = TASK_ORDER.orders[TaskOrder.DUE_AT]
    cursor = (await Listing(lists, TASKS, order, parents[0]).page(first=1)).page_info.end_cursor
    with pytest.raises(GraphQLError, match="`after` is a cursor of another list"):
        await Listing(lists, TASKS, order, parents[1]).page(after=cursor)
