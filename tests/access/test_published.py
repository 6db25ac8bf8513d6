"""What is not published yet, and what is no longer paid for."""

from datetime import timedelta

import pytest
from family_rows import DAY, NOW
from two_families import ADMIN, Families

from models.base import uuid7
from models.vocabulary import Role
from services.access import Viewer

pytestmark = pytest.mark.anyio

EVALUATIONS = """{ viewer { students { nodes { displayName evaluations { nodes {
  status score20 feedback { summaryMd items { commentMd } } items { correctionMd }
} } } } } }"""
NODE = "query ($id: ID!) { node(id: $id) { id } }"
SOLD_UNTIL = NOW + 30 * DAY  # the families' subscription


async def papers(families: Families, inquire, viewer) -> dict[str, dict]:
    answer = await inquire(viewer, EVALUATIONS)
    assert answer["errors"] == []
    (pupil,) = [
        pupil
        for pupil in answer["data"]["viewer"]["students"]["nodes"]
        if pupil["displayName"] == "ours pupil"
    ]
    return {paper["status"]: paper for paper in pupil["evaluations"]["nodes"]}


@pytest.mark.parametrize("status", ["PROPOSE", "SOUMIS"])
@pytest.mark.parametrize("role", [Role.STUDENT, Role.PARENT])
async def test_pupil_and_parents_read_no_marks_before_they_are_published(
    families: Families, inquire, role: Role, status: str
) -> None:
    paper = (await papers(families, inquire, families.ours.viewer(role)))[status]
    assert paper["feedback"] is None
    assert paper["items"] == [{"correctionMd": None}]
    assert paper["score20"] is None


@pytest.mark.parametrize("status", ["PROPOSE", "SOUMIS"])
@pytest.mark.parametrize("role", [Role.COACH, Role.ADMIN])
async def test_who_teaches_reads_marks_before_they_are_published(
    families: Families, inquire, role: Role, status: str
) -> None:
    viewer = ADMIN if role is Role.ADMIN else families.ours.viewer(role)
    paper = (await papers(families, inquire, viewer))[status]
    assert paper["feedback"] == {
        "summaryMd": "ours feedback",
        "items": [{"commentMd": "ours comment"}],
    }
    assert paper["items"] == [{"correctionMd": "ours correction"}]


@pytest.mark.parametrize("role", [Role.STUDENT, Role.PARENT, Role.COACH])
async def test_everyone_of_the_family_reads_published_marks(
    families: Families, inquire, role: Role
) -> None:
    paper = (await papers(families, inquire, families.ours.viewer(role)))["CORRIGE"]
    assert paper["feedback"]["summaryMd"] == "ours feedback"
    assert paper["items"] == [{"correctionMd": "ours correction"}]
    assert paper["score20"] == 12.0


@pytest.mark.parametrize("visibility", ["PUBLIC", "PLUS", "PRO"])
@pytest.mark.parametrize("role", [Role.STUDENT, Role.PARENT])
async def test_a_subscription_in_force_opens_the_library(
    families: Families, inquire, role: Role, visibility: str
) -> None:
    id = str(families.library[visibility])
    clock = SOLD_UNTIL - timedelta(seconds=1)
    answer = await inquire(families.ours.viewer(role), NODE, clock=clock, id=id)
    assert answer["data"] == {"node": {"id": id}}


@pytest.mark.parametrize("visibility", ["PLUS", "PRO"])
@pytest.mark.parametrize("role", [Role.STUDENT, Role.PARENT])
async def test_what_is_sold_is_gone_the_instant_the_subscription_ends(
    families: Families, inquire, role: Role, visibility: str
) -> None:
    viewer, id = families.ours.viewer(role), str(families.library[visibility])
    answer = await inquire(viewer, NODE, clock=SOLD_UNTIL, id=id)
    assert answer == await inquire(viewer, NODE, clock=SOLD_UNTIL, id=str(uuid7()))


async def shelf(families: Families, inquire, viewer) -> list[str]:
    return [
        visibility
        for visibility, id in families.library.items()
        if (await inquire(viewer, NODE, id=str(id)))["data"]["node"]
    ]


async def test_a_parent_without_wards_reads_the_public_library_alone(
    families: Families, inquire
) -> None:
    assert await shelf(families, inquire, Viewer("no-wards", Role.PARENT)) == ["PUBLIC"]


async def test_a_coach_reads_all_of_the_library_but_what_others_keep_private(
    families: Families, inquire
) -> None:
    coach = families.ours.viewer(Role.COACH)
    assert await shelf(families, inquire, coach) == ["PUBLIC", "PLUS", "PRO"]


async def test_a_favorite_that_is_no_longer_paid_for_leaves_the_list(
    families: Families, inquire, owner
) -> None:
    """The total says no more than the rows."""
    document = "{ viewer { student { favorites { totalCount nodes { visibility } } } } }"
    pupil = families.ours.viewer(Role.STUDENT)
    kept = uuid7()
    await owner.execute(
        "INSERT INTO nexus_app.favorites (id, student_id, resource_id, created_at)"
        " VALUES ($1, $2, $3, $4)",
        kept,
        families.ours.student,
        families.library["PRO"],
        NOW,
    )
    try:
        lists = [
            (await inquire(pupil, document, clock=clock))["data"]["viewer"]["student"]["favorites"]
            for clock in (NOW, SOLD_UNTIL)
        ]
    finally:
        await owner.execute("DELETE FROM nexus_app.favorites WHERE id = $1", kept)
    assert [
        (each["totalCount"], [node["visibility"] for node in each["nodes"]]) for each in lists
    ] == [(2, ["PRO", "PRIVATE"]), (1, ["PRIVATE"])]
