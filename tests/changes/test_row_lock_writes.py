"""The second lock on writes: with the first one open, PostgreSQL itself changes no foreign row."""

import sys
from collections.abc import AsyncIterator

import pytest
from changing_families import Crossing
from conftest import Gate
from every_mutation import CASES, MUTATIONS
from sqlalchemy import true
from sqlalchemy.ext.asyncio import create_async_engine
from untouched import contents, untouched

from models.vocabulary import Role
from services import access
from services.access import Permission

pytestmark = pytest.mark.anyio

ROLES = (Role.STUDENT, Role.PARENT, Role.COACH)
GATES = ("visible_to", "visible_students", "visible_resources", "visible_jobs")
# what names a person lets that person see one's own pupil: no foreign row
PLACES = [place for place, (what, _) in CASES.items() if what != "person"]
OF_A_PUPIL = ("student", "unplanned student", "task", "done task", "proposal", "epreuve")


def forget_statements() -> None:
    """Statements that are compiled once, gate and all."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in ("loaders", "resolvers", "services"):
            for cached in vars(module).values():
                if hasattr(cached, "cache_clear"):
                    cached.cache_clear()


@pytest.fixture
def open_gate(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Every role may do everything to every row, as far as the services know."""
    for name in GATES:
        gate = getattr(access, name)
        for module in list(sys.modules.values()):
            if vars(module).get(name) is gate:
                monkeypatch.setattr(module, name, lambda *_: true())
    for role in Role:
        monkeypatch.setitem(access.GRANTS, role, frozenset(Permission))
    forget_statements()
    yield
    monkeypatch.undo()
    forget_statements()


@pytest.mark.usefixtures("open_gate")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("role", ROLES)
async def test_with_the_gate_open_the_database_changes_no_foreign_row(
    crossing: Crossing, role: Role, place: str
) -> None:
    what, case = CASES[place]
    ours, theirs = crossing.families.ours, crossing.families.theirs
    id = await crossing.rows.new(theirs, what)
    async with untouched(crossing.db):
        body = await crossing.send(ours.viewer(role), place, case(ours, id))
    assert body.refusals() or body.errors


@pytest.fixture
async def unbound(crossing: Crossing, crossing_dsn: str) -> AsyncIterator[Gate]:
    """Changes by the owner of the tables, whom no row lock binds."""
    url = crossing_dsn.replace("postgresql://", "postgresql+asyncpg://", 1)
    settings = {"search_path": "nexus_app, public"}
    engine = create_async_engine(url, connect_args={"server_settings": settings})
    yield Gate(crossing.gate.pool, engine)
    await engine.dispose()


@pytest.mark.usefixtures("open_gate")
@pytest.mark.parametrize("place", [each for each in PLACES if CASES[each][0] in OF_A_PUPIL])
async def test_without_either_lock_the_foreign_row_is_changed(
    crossing: Crossing, unbound: Gate, place: str
) -> None:
    """The test above would see it: the gate that it opens is the only other lock."""
    (what, case), name = CASES[place], place.partition(".")[0]
    ours, theirs = crossing.families.ours, crossing.families.theirs
    id = await crossing.rows.new(theirs, what)
    before = await contents(crossing.db)
    document = f"""mutation ($input: {MUTATIONS[name].args["input"].type}) {{
      done: {name}(input: $input) {{ errors {{ __typename message }} }} }}"""
    answer = await unbound.ask(ours.viewer(Role.STUDENT), document, input=case(theirs, id))
    assert (answer.data, answer.errors) == ({"done": {"errors": []}}, None)
    assert await contents(crossing.db) != before
