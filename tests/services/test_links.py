"""Who sees a pupil is the school's to say, once, and in the journal."""

import asyncio

import pytest

from models.vocabulary import Role
from services.access import Viewer
from tests.changing import change, refusals, tables
from tests.reading import read

pytestmark = pytest.mark.anyio

# making a link, ending it, what the pupil shows, whose role it is, and the journal's words
LINKS = [
    ("linkGuardian", "unlinkGuardian", "guardians", Role.PARENT,
     ("guardian_linked", "guardian_renamed", "guardian_unlinked")),
    ("assignCoach", "unassignCoach", "coaches", Role.COACH,
     ("coach_assigned", "coach_renamed", "coach_unassigned")),
]  # fmt: skip
MUTATIONS = [name for make, end, *_ in LINKS for name in (make, end)]
ABSENT = "018f0000-0000-7000-8000-000000000000"
PERSON = "idp|Ω new person"

each_link = pytest.mark.parametrize(("make", "end", "shown", "role", "words"), LINKS)


@pytest.fixture
def lina(people):
    return str(people.students[0].id)


def told(done):
    return [(one["kind"], one["payload"]) for one in done["events"]]


@each_link
async def test_a_link_shows_opens_the_file_and_ends(
    own_gate, admin, lina, make, end, shown, role, words
):
    given = {"studentId": lina, "personId": PERSON}
    field = f"student {{ version {shown} {{ id displayName }} }}"
    viewer, question = Viewer(PERSON, role), f'{{ student(id: "{lina}") {{ id }} }}'
    assert (await own_gate.ask(viewer, question)).data == {"student": None}

    made = await change(own_gate, admin, make, field, **given, displayName=" Ana ")
    assert refusals(made) == []
    assert {"id": PERSON, "displayName": "Ana"} in made["student"][shown]
    assert told(made) == [("PROFILE_UPDATED", {"change": words[0], "personId": PERSON})]
    assert made["events"][0]["seq"] == made["student"]["version"]
    assert made["events"][0]["entity"] == {"__typename": "Student", "id": lina}
    assert (await own_gate.ask(viewer, question)).data == {"student": {"id": lina}}

    ended = await change(own_gate, admin, end, field, **given)
    assert PERSON not in [one["id"] for one in ended["student"][shown]]
    assert told(ended) == [("PROFILE_UPDATED", {"change": words[2], "personId": PERSON})]
    assert (await own_gate.ask(viewer, question)).data == {"student": None}


@each_link
async def test_linking_again_changes_a_given_name_at_most(
    own_gate, own_school, admin, lina, make, end, shown, role, words
):
    given = {"studentId": lina, "personId": PERSON}
    await change(own_gate, admin, make, **given, displayName="Ana")
    before = await tables(own_school)
    for same in ({}, {"displayName": None}, {"displayName": "Ana"}):
        again = await change(own_gate, admin, make, "student { id }", **given, **same)
        assert (again["student"], refusals(again), told(again)) == ({"id": lina}, [], [])
    assert await tables(own_school) == before
    field = f"student {{ {shown} {{ id displayName }} }}"
    renamed = await change(own_gate, admin, make, field, **given, displayName="Anna")
    assert {"id": PERSON, "displayName": "Anna"} in renamed["student"][shown]
    assert told(renamed) == [("PROFILE_UPDATED", {"change": words[1], "personId": PERSON})]
    assert await tables(own_school) != before


@each_link
async def test_links_made_at_once_are_one(
    own_gate, own_school, admin, lina, make, end, shown, role, words
):
    given = {"studentId": lina, "personId": PERSON}
    answers = await asyncio.gather(*(change(own_gate, admin, make, **given) for _ in range(5)))
    assert [refusals(one) for one in answers] == [[]] * 5
    assert sum(len(one["events"]) for one in answers) == 1


@each_link
async def test_what_is_not_linked_is_not_found(
    shared_gate, school, admin, lina, make, end, shown, role, words
):
    before = await tables(school)
    done = await change(shared_gate, admin, end, studentId=lina, personId=PERSON)
    assert refusals(done) == [("NotFoundError", "personId")]
    assert done["errors"][0]["id"] == PERSON
    assert await tables(school) == before


@each_link
@pytest.mark.parametrize("person", ["", "x" * 256, "tab\tbed"])
async def test_a_person_has_a_printable_id_and_a_short_name(
    shared_gate, school, admin, lina, make, end, shown, role, words, person
):
    before = await tables(school)
    given = {"studentId": lina, "personId": person, "displayName": "x" * 201}
    done = await change(shared_gate, admin, make, **given)
    paths = ["personId", "displayName"]
    assert refusals(done) == [("ValidationError", path) for path in paths]
    assert await tables(school) == before


@pytest.mark.parametrize("name", MUTATIONS)
async def test_an_absent_pupil_is_not_found(shared_gate, admin, name):
    done = await change(shared_gate, admin, name, studentId=ABSENT, personId=PERSON)
    assert refusals(done) == [("NotFoundError", "studentId")]


@pytest.mark.parametrize("name", MUTATIONS)
async def test_the_school_alone_links(shared_gate, school, student, parent, coach, lina, name):
    before = await tables(school)
    for viewer in (student, parent, coach):
        done = await change(shared_gate, viewer, name, studentId=lina, personId=viewer.id)
        assert refusals(done) == [("ForbiddenError", "")]
        assert done["errors"][0]["requiredRoles"] == ["ADMIN"]
    assert await tables(school) == before


@each_link
async def test_a_link_leaves_the_other_pupils_of_a_person(
    own_gate, own_school, admin, people, make, end, shown, role, words
):
    table = {"guardians": "guardianships", "coaches": "coachings"}[shown]
    sql = f"SELECT person_id, student_id FROM {table}"  # noqa: S608
    first = str(people.students[0].id)
    before = await read(own_school, sql)
    gone = next(one for one in before if one["student_id"] == first)
    await change(own_gate, admin, end, studentId=first, personId=gone["person_id"])
    after = await read(own_school, sql)
    assert [one for one in before if one not in after] == [gone]
