"""However deep one reads from the viewer down, nothing of another family comes out."""

import re
from uuid import UUID

import asyncpg
import orjson
import pytest
from graphql import (
    FieldNode,
    GraphQLObjectType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse,
    visit,
)
from selections import objects, walks
from two_families import ADMIN, STRANGERS, Families

from gateway.documents import CONTRACT
from models.base import SCHEMA, Entity
from models.vocabulary import Role

pytestmark = pytest.mark.anyio

WALKS = walks()
ROLES = (Role.STUDENT, Role.PARENT, Role.COACH)
AN_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# what a pupil's rows do not lead to: the roots of other questions, and what is pushed
ELSEWHERE = {"Query", "EpreuveReglementaire", "Slot", "Subscription", "DashboardUpdate"}
# what only a mutation answers: tests/changes asks for it
OF_CHANGES = {
    name
    for name in CONTRACT.type_map
    if name == "Mutation" or name.endswith(("Payload", "Error", "Result", "Run"))
} - {"CompetenceResult"}


def test_the_walks_select_every_field_of_every_type() -> None:
    selected: set[tuple[str, str]] = set()

    class Seen(Visitor):
        def enter_field(self, node: FieldNode, *_: object) -> None:
            parent = info.get_parent_type()
            assert parent is not None
            selected.add((get_named_type(parent).name, node.name.value))

    for document in WALKS:
        info = TypeInfo(CONTRACT)
        visit(parse(document), TypeInfoVisitor(info, Seen()))
    every = {
        (type_.name, name)
        for type_ in objects()
        if isinstance(type_, GraphQLObjectType) and type_.name not in ELSEWHERE | OF_CHANGES
        for name in type_.fields
    }
    assert every - selected == set()


async def test_an_admin_finds_the_texts_of_both_families(families: Families, inquire) -> None:
    """The canaries sing where they may: their silence elsewhere means something."""
    told = str([await inquire(ADMIN, document) for document in WALKS])
    for family in (families.ours, families.theirs):
        for text in ("pupil", "task", "session", "feedback", "correction", "report", "payload"):
            assert f"{family.mark} {text}" in told, text


@pytest.mark.parametrize("role", ROLES)
async def test_nobody_finds_a_text_or_an_id_of_the_other_family(
    families: Families, inquire, role: Role
) -> None:
    foreign = {str(id) for ids in families.theirs.rows.values() for id in ids}
    for document in WALKS:
        answer = await inquire(families.ours.viewer(role), document)
        assert answer["errors"] == []
        told = str(answer)
        assert "theirs" not in told
        assert foreign.isdisjoint(AN_ID.findall(told))


@pytest.mark.parametrize("viewer", STRANGERS, ids=[v.role for v in STRANGERS])
async def test_whom_nobody_knows_finds_no_id_at_all(families: Families, inquire, viewer) -> None:
    for document in WALKS:
        assert AN_ID.findall(str(await inquire(viewer, document))) == []


LINKS = {
    Role.STUDENT: "SELECT id FROM nexus_app.students WHERE user_id = $1",
    Role.PARENT: "SELECT student_id FROM nexus_app.guardianships WHERE person_id = $1",
    Role.COACH: "SELECT student_id FROM nexus_app.coachings WHERE person_id = $1",
}


@pytest.mark.parametrize("role", ROLES)
async def test_the_demo_school_shows_each_only_the_pupils_that_are_theirs(
    role: Role, student, parent, coach, school: str, ask
) -> None:
    viewer = dict(zip(ROLES, (student, parent, coach), strict=True))[role]
    owner = await asyncpg.connect(school)
    visible = {id for (id,) in await owner.fetch(LINKS[role], viewer.id)}
    ids, names = await _others(owner, visible)
    await owner.close()
    assert visible
    for document in walks(depth=1):
        variables = {"size": 3} if "$size" in document else {}
        told = orjson.dumps((await ask(viewer, document, **variables)).data).decode()
        assert ids.isdisjoint(AN_ID.findall(told))
        assert not [name for name in names if f'"{name}"' in told]


async def _others(owner: asyncpg.Connection, visible: set[UUID]) -> tuple[set[str], set[str]]:
    """The ids of all rows of the pupils outside `visible`, and their names."""
    ids: set[str] = set()
    for table in Entity.metadata.sorted_tables:
        column = {"students": "id"}.get(table.name, "student_id")
        if column in table.columns:
            rows = await owner.fetch(
                f"SELECT id FROM {SCHEMA}.{table.name} WHERE {column} <> ALL ($1::uuid[])",  # noqa: S608
                list(visible),
            )
            ids |= {str(row["id"]) for row in rows}
    pupils = await owner.fetch("SELECT id, display_name FROM nexus_app.students")
    known = {name for id, name in pupils if id in visible}
    return ids, {name for id, name in pupils if id not in visible} - known
