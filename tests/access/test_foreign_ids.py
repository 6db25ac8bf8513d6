"""An id that belongs to another family is answered like an id that does not exist."""

import asyncpg
import pytest
from selections import IdTaker, question, takers_of_ids
from two_families import ADMIN, STRANGERS, Families

from models.base import Entity, uuid7
from models.vocabulary import Role
from resolvers.nodes import NODES

pytestmark = pytest.mark.anyio

ROLES = (Role.STUDENT, Role.PARENT, Role.COACH)
FIELDS = takers_of_ids()
TABLES = sorted(table.name for table in Entity.metadata.sorted_tables)
WITHOUT_OWNER = {"coach_availabilities", "resource_chunks"}
SHOWN = sorted(model.__tablename__ for model, _ in NODES)
NODE = question(IdTaker("Query.node", "id", listed=False))


async def test_every_table_has_a_row_of_both_families(families: Families) -> None:
    for family in (families.ours, families.theirs):
        assert set(family.rows) == set(TABLES) - WITHOUT_OWNER


@pytest.mark.parametrize("table", sorted(set(TABLES) - WITHOUT_OWNER))
@pytest.mark.parametrize("taker", FIELDS, ids=[taker.field for taker in FIELDS])
@pytest.mark.parametrize("role", ROLES)
async def test_a_foreign_id_is_answered_like_one_that_does_not_exist(
    families: Families, inquire, role: Role, taker: IdTaker, table: str
) -> None:
    document = question(taker)
    viewer = families.ours.viewer(role)
    nothing = await inquire(viewer, document, id=str(uuid7()))
    for id in families.theirs.rows[table]:
        assert await inquire(viewer, document, id=str(id)) == nothing


@pytest.mark.parametrize("table", SHOWN)
@pytest.mark.parametrize("role", ROLES)
async def test_an_id_of_ones_own_family_is_answered(
    families: Families, inquire, role: Role, table: str
) -> None:
    family = families.ours
    ids = family.rows[table]
    if table == "resources":  # private: one each
        ids = ids[ROLES.index(role) :][:1]
    if table == "jobs":  # about the student, or asked for by oneself
        ids = [ids[0], ids[1 + ROLES.index(role)]]
    for id in ids:
        answer = await inquire(family.viewer(role), NODE, id=str(id))
        assert answer["errors"] == []
        assert list(answer["data"]["node"].values()).count(str(id)) == 1


@pytest.mark.parametrize("table", SHOWN)
async def test_an_admin_reads_every_row(families: Families, inquire, table: str) -> None:
    for family in (families.ours, families.theirs):
        for id in family.rows[table]:
            answer = await inquire(ADMIN, NODE, id=str(id))
            assert str(id) in answer["data"]["node"].values()


@pytest.mark.parametrize("table", sorted(set(TABLES) - WITHOUT_OWNER))
@pytest.mark.parametrize("viewer", STRANGERS, ids=[v.role for v in STRANGERS])
async def test_whom_nobody_knows_reads_no_row(
    families: Families, inquire, viewer, table: str
) -> None:
    for id in families.ours.rows[table]:
        answer = await inquire(viewer, NODE, id=str(id))
        assert answer["data"] == {"node": None}


@pytest.mark.parametrize(("role", "others"), [(0, (1, 2)), (1, (0, 2)), (2, (0, 1))])
async def test_what_one_of_the_family_keeps_private_the_others_do_not_see(
    families: Families, inquire, role: int, others: tuple[int, int]
) -> None:
    viewer = families.ours.viewers[role]
    for other in others:
        resource = families.ours.rows["resources"][other]
        job = families.ours.rows["jobs"][1 + other]
        for id in (resource, job):
            assert (await inquire(viewer, NODE, id=str(id)))["data"] == {"node": None}


@pytest.mark.parametrize("role", ROLES)
async def test_among_many_ids_only_those_one_may_see_are_answered(
    families: Families, inquire, role: Role
) -> None:
    ids = [families.theirs.student, families.ours.student, uuid7(), families.theirs.student]
    answer = await inquire(
        families.ours.viewer(role),
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
        ids=[str(id) for id in ids],
    )
    assert answer["data"]["nodes"] == [None, {"id": str(families.ours.student)}, None, None]


@pytest.mark.parametrize("role", ROLES)
async def test_a_search_finds_only_those_one_may_see(
    families: Families, inquire, role: Role
) -> None:
    document = "{ viewer { students(search: %s) { totalCount nodes { displayName } } } }"
    found = await inquire(families.ours.viewer(role), document % '"pupil"')
    assert found["data"]["viewer"]["students"] == {
        "totalCount": 1,
        "nodes": [{"displayName": "ours pupil"}],
    }
    hidden = await inquire(families.ours.viewer(role), document % '"theirs"')
    assert hidden["data"]["viewer"]["students"] == {"totalCount": 0, "nodes": []}


async def test_a_revoked_guardian_sees_the_ward_no_more(
    families: Families, families_dsn: str, owner: asyncpg.Connection, inquire
) -> None:
    """Each operation reads the links anew: nothing remembers who was allowed."""
    document = "{ viewer { students { totalCount } } }"
    (link,) = families.theirs.rows["guardianships"]
    viewer = families.theirs.viewer(Role.PARENT)
    seen = await inquire(viewer, document)
    await owner.execute("UPDATE nexus_app.guardianships SET person_id = 'x' WHERE id = $1", link)
    try:
        unseen = await inquire(viewer, document)
    finally:
        await owner.execute(
            "UPDATE nexus_app.guardianships SET person_id = $2 WHERE id = $1", link, viewer.id
        )
    totals = [answer["data"]["viewer"]["students"]["totalCount"] for answer in (seen, unseen)]
    assert totals == [1, 0]
