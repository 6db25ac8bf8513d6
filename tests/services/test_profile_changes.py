"""A profile is changed by those who teach, as a whole, and the journal says what changed."""

import asyncio

import pytest
from conftest import CLOCK

from tests.changing import change, refusals, tables
from tests.reading import read

pytestmark = pytest.mark.anyio

SHOWN = """student {
  id displayName track voie profile examPath examSession specialities specialiteAbandonnee options
  languages { rank language } timeZone version createdAt updatedAt
}"""
ABSENT = "018f0000-0000-7000-8000-000000000000"


@pytest.fixture
def lina(people):
    """Première, three specialities, an LVC."""
    return str(people.students[0].id)


@pytest.fixture
def hugo(people):
    """Terminale: MATHS and PHYSIQUE_CHIMIE, SES given up, MATHS_EXPERTES."""
    return str(people.students[1].id)


async def head(dsn, id):
    return (await read(dsn, "SELECT version FROM students WHERE id = $1", id))[0]["version"]


async def test_a_change_is_journaled_with_before_and_after(own_gate, own_school, coach, hugo):
    version = await head(own_school, hugo)
    done = await change(
        own_gate, coach, "updateStudentProfile", SHOWN, studentId=hugo, expectedVersion=version,
        displayName="Hugo Martin", specialities=["MATHS", "NSI"], timeZone="Indian/Reunion",
        languages=[{"rank": "LVA", "language": "ALLEMAND"}], profile="SCOLARISE",
    )  # fmt: skip
    assert refusals(done) == []
    assert done["student"]["displayName"] == "Hugo Martin"
    assert done["student"]["version"] == version + 2
    assert done["student"]["updatedAt"] == CLOCK.isoformat()
    event, replanned = done["events"]
    assert (replanned["seq"], replanned["kind"]) == (version + 2, "EPREUVES_SYNCED")
    assert event == {
        "seq": version + 1,
        "kind": "PROFILE_UPDATED",
        "actor": {"id": coach.id},
        "entity": {"__typename": "Student", "id": hugo},
        "payload": {
            "fields": ["displayName", "specialities", "languages", "timeZone"],
            "before": {
                "specialities": ["MATHS", "PHYSIQUE_CHIMIE"],
                "languages": [
                    {"rank": "LVA", "language": "ANGLAIS"},
                    {"rank": "LVB", "language": "ESPAGNOL"},
                ],
                "timeZone": "Europe/Paris",
            },
            "after": {
                "specialities": ["MATHS", "NSI"],
                "languages": [{"rank": "LVA", "language": "ALLEMAND"}],
                "timeZone": "Indian/Reunion",
            },
        },
    }


async def test_every_field_can_change_at_once(own_gate, admin, lina):
    given = {
        "displayName": "Lina M.",
        "track": "TERMINALE",
        "voie": "GENERALE",
        "profile": "CANDIDAT_LIBRE",
        "examPath": "LIBRE_EX_SCOLARISE",
        "examSession": 2027,
        "specialities": ["PHYSIQUE_CHIMIE", "NSI"],
        "specialiteAbandonnee": "MATHS",
        "options": ["MATHS_COMPLEMENTAIRES"],
        "languages": [{"rank": "LVA", "language": "ITALIEN"}],
        "timeZone": "Europe/Rome",
    }
    done = await change(own_gate, admin, "updateStudentProfile", SHOWN, studentId=lina, **given)
    assert refusals(done) == []
    assert {name: done["student"][name] for name in given} == given


async def test_a_speciality_given_up_can_be_taken_back(own_gate, admin, hugo):
    done = await change(
        own_gate, admin, "updateStudentProfile", SHOWN, studentId=hugo, specialiteAbandonnee=None
    )
    assert done["student"]["specialiteAbandonnee"] is None


async def test_what_changes_nothing_is_not_journaled(shared_gate, school, admin, hugo):
    before = await tables(school)
    done = await change(
        shared_gate, admin, "updateStudentProfile", SHOWN, studentId=hugo,
        displayName="  Hugo Marchand ", specialities=["MATHS", "PHYSIQUE_CHIMIE"],
    )  # fmt: skip
    assert (refusals(done), done["events"]) == ([], [])
    assert done["student"]["id"] == hugo
    assert await tables(school) == before


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"track": "PREMIERE"}, ["specialities", "specialiteAbandonnee"]),
        ({"voie": "STMG"}, ["specialities", "specialities", "options", "specialities",
                            "specialiteAbandonnee"]),
        ({"profile": "CANDIDAT_LIBRE"}, ["examPath"]),
        ({"specialities": ["NSI", "SVT"]}, ["options"]),
        ({"specialities": ["SES", "MATHS"]}, ["specialiteAbandonnee"]),
        ({"specialities": None, "track": None}, ["track", "specialities"]),
        ({"displayName": "", "timeZone": "Paris"}, ["displayName", "timeZone"]),
        ({"languages": [{"rank": "LVB", "language": "ARABE"}]}, ["languages.0.rank"]),
    ],
)  # fmt: skip
async def test_the_profile_is_checked_as_it_would_be(
    shared_gate, school, admin, hugo, given, expected
):
    before = await tables(school)
    done = await change(shared_gate, admin, "updateStudentProfile", SHOWN, studentId=hugo, **given)
    assert done["student"] is None
    assert sorted(refusals(done)) == sorted(("ValidationError", path) for path in expected)
    assert await tables(school) == before


async def test_what_was_wrong_before_stops_no_other_change(own_gate, own_school, admin, hugo):
    await read(own_school, "UPDATE students SET specialities = '{MATHS}' WHERE id = $1", hugo)
    named = await change(own_gate, admin, "updateStudentProfile", studentId=hugo, displayName="H")
    assert refusals(named) == []
    given = {"studentId": hugo, "specialities": ["MATHS"]}
    told = await change(own_gate, admin, "updateStudentProfile", **given)
    assert refusals(told) == [("ValidationError", "specialities")]


async def test_a_stale_version_is_told_the_current_one(shared_gate, school, admin, hugo):
    version, before = await head(school, hugo), await tables(school)
    done = await change(
        shared_gate, admin, "updateStudentProfile", SHOWN,
        studentId=hugo, expectedVersion=version - 1, displayName="Hugo",
    )  # fmt: skip
    assert refusals(done) == [("ConflictError", "expectedVersion")]
    assert done["errors"][0]["currentVersion"] == version
    assert await tables(school) == before


async def test_of_two_who_edit_the_same_version_one_is_told(own_gate, own_school, admin, hugo):
    version = await head(own_school, hugo)
    asked = [
        change(own_gate, admin, "updateStudentProfile", studentId=hugo, expectedVersion=version,
               displayName=f"Hugo {n}")
        for n in range(2)
    ]  # fmt: skip
    answers = sorted(refusals(done) for done in await asyncio.gather(*asked))
    assert answers == [[], [("ConflictError", "expectedVersion")]]
    assert await head(own_school, hugo) == version + 1


@pytest.mark.parametrize("role", ["student", "parent"])
async def test_pupils_and_parents_do_not_change_a_profile(shared_gate, school, lina, role, request):
    before = await tables(school)
    viewer = request.getfixturevalue(role)
    done = await change(
        shared_gate, viewer, "updateStudentProfile", studentId=lina, displayName="L"
    )
    assert refusals(done) == [("ForbiddenError", "")]
    assert done["errors"][0]["requiredRoles"] == ["COACH", "ADMIN"]
    assert await tables(school) == before


async def test_a_foreign_pupil_is_answered_as_an_absent_one(shared_gate, school, coach, people):
    seen = await read(
        school, "SELECT student_id AS id FROM coachings WHERE person_id = $1", coach.id
    )
    mine = {one["id"] for one in seen}
    foreign = next(str(one.id) for one in people.students if str(one.id) not in mine)
    before = await tables(school)
    for given in ({"displayName": "X"}, {"displayName": "", "expectedVersion": 0}):
        answers = [
            await change(shared_gate, coach, "updateStudentProfile", SHOWN, studentId=id, **given)
            for id in (foreign, ABSENT)
        ]
        assert [refusals(one) for one in answers] == [[("NotFoundError", "studentId")]] * 2
        assert str(answers[0]).replace(foreign, ABSENT) == str(answers[1])
    assert await tables(school) == before
