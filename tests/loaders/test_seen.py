"""Each statement tells PostgreSQL who is looking, before it reads, and for itself alone."""

import asyncio
from itertools import permutations
from typing import Any

import pytest
from conftest import CLOCK

from gateway.settings import ROOT
from loaders.rows import Reader, Statement, as_seen
from services.access import Viewer

pytestmark = pytest.mark.anyio

# what a statement would be without any predicate of ours
EVERYONE = Statement("SELECT id FROM students ORDER BY id", ())
SETTINGS = ("nexus.viewer", "nexus.role", "nexus.sees")


async def seen(pool: Any, viewer: Viewer) -> list[Any]:
    reader = Reader(pool, viewer=viewer.id, role=viewer.role, clock=CLOCK)
    return [row.id for row in await reader.rows(EVERYONE)]


@pytest.fixture
async def expected(people, student, parent, coach, admin, pool) -> dict[Viewer, list[Any]]:
    """Whom each may see, by the first lock alone."""
    every = await seen(pool, admin)
    wards = {person.id: person.wards for person in people.parents}
    assert len(every) > len(wards[parent.id]) > 1
    stranger = Viewer("nobody", student.role)
    return {
        student: [people.students[0].id],
        parent: sorted(wards[parent.id]),
        stranger: [],
        admin: every,
    }


async def test_the_lock_holds_where_a_statement_forgets_its_gate(pool, expected) -> None:
    for viewers in permutations(expected):
        together = await asyncio.gather(*(seen(pool, viewer) for viewer in viewers))
        assert together == [expected[viewer] for viewer in viewers]


async def test_who_was_looking_is_forgotten_with_the_statement(pool, admin) -> None:
    assert await seen(pool, admin)
    async with pool.acquire() as connection:
        for setting in SETTINGS:
            told = await connection.fetchval("SELECT current_setting($1, true)", setting)
            assert told in ("", None)
        assert await connection.fetchval("SELECT count(*) FROM students") == 0


async def test_nothing_is_read_before_it_is_told(ask, pool, people, student, monkeypatch) -> None:
    sent: list[tuple[str, list[Any]]] = []
    fetched = Reader._fetched

    async def noted(reader: Reader, statement: Statement, arguments: list[Any]) -> Any:
        sent.append((as_seen(statement.sql, len(arguments)), arguments))
        return await fetched(reader, statement, arguments)

    monkeypatch.setattr(Reader, "_fetched", noted)
    given = {"studentId": str(people.students[0].id), "now": CLOCK.isoformat()}
    for name in ("Dashboard", "CoachPupils"):
        text = (ROOT / "schema" / "documents" / f"{name}.graphql").read_text()
        assert (await ask(student, text, **given)).errors is None
    assert len(sent) == 12
    async with pool.acquire() as connection:
        for sql, arguments in sent:
            ((plan,),) = await connection.fetch(
                f"EXPLAIN (FORMAT JSON) {sql}", *arguments, student.id, student.role.value
            )
            told, read = [one for one in plan[0]["Plan"]["Plans"] if "Subplan Name" not in one]
            assert (told["CTE Name"], told["Parent Relationship"]) == ("sees", "Outer")
            assert "sees.students IS NOT NULL" in read["One-Time Filter"]
