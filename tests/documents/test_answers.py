"""What is told of people, of any node and of the catalogue is what is stored."""

import pytest
from conftest import CLOCK
from reading import data, pick, read

from models.curriculum import ExamPath, Subject, Track, Voie
from models.vocabulary import Role
from services.access import Viewer
from services.catalogue.programme import programme
from services.catalogue.regulation import reglement

pytestmark = pytest.mark.anyio

NOBODY = "00000000-0000-7000-8000-000000000000"

STUDENTS = """
{ viewer { students(first: 100) { totalCount nodes {
  id displayName track voie profile examPath examSession specialities specialiteAbandonnee options
  languages { rank language } timeZone version createdAt updatedAt
} } } }
"""


async def test_a_students_fields_are_its_columns(ask, admin, school):
    found = data(await ask(admin, STUDENTS))["viewer"]["students"]
    rows = await read(
        school,
        """SELECT id, display_name AS "displayName", track, voie, profile, exam_path AS "examPath",
          exam_session AS "examSession", specialities,
          specialite_abandonnee AS "specialiteAbandonnee", options, languages,
          time_zone AS "timeZone", version, created_at AS "createdAt", updated_at AS "updatedAt"
        FROM students ORDER BY display_name, id""",
    )
    assert found["nodes"] == rows
    assert found["totalCount"] == len(rows)


GUARDIANS = ("guardianships", "PARENT")


async def test_coaches_and_guardians_are_the_links(ask, admin, school):
    document = """{ viewer { students(first: 100) { nodes { id
      coaches { id role agent displayName } guardians { id role agent displayName }
    } } } }"""
    pupils = data(await ask(admin, document))["viewer"]["students"]["nodes"]
    for name, table, role in (("coaches", "coachings", "COACH"), ("guardians", *GUARDIANS)):
        rows = await read(
            school,
            f"SELECT student_id, person_id, display_name FROM {table} ORDER BY created_at, id",  # noqa: S608
        )
        assert {pupil["id"]: pupil[name] for pupil in pupils} == {
            pupil["id"]: [
                {
                    "id": row["person_id"],
                    "role": role,
                    "agent": None,
                    "displayName": row["display_name"],
                }
                for row in rows
                if row["student_id"] == pupil["id"]
            ]
            for pupil in pupils
        }


async def test_an_entitlement_is_the_tier_that_holds_and_what_is_left_of_the_month(
    ask, admin, school
):
    document = """{ viewer { students(first: 100) { nodes {
      id entitlement { tier expiresAt evaluationsLeftThisMonth }
    } } } }"""
    pupils = data(await ask(admin, document))["viewer"]["students"]["nodes"]
    rows = await read(
        school,
        """SELECT s.id, x.tier, CASE WHEN x.tier <> 'Free' THEN e.expires_at END AS "expiresAt",
          CASE x.tier WHEN 'Free' THEN greatest(0, 2 - made) WHEN 'Plus' THEN greatest(0, 10 - made)
          END AS "evaluationsLeftThisMonth"
        FROM students s LEFT JOIN entitlements e ON e.student_id = s.id
        CROSS JOIN LATERAL (
          SELECT CASE WHEN e.expires_at <= $1 THEN 'Free' ELSE e.tier END AS tier) x
        CROSS JOIN LATERAL (
          SELECT count(*) AS made FROM evaluations
          WHERE student_id = s.id AND created_at >= '2026-11-01 00:00 Europe/Paris') m""",
        CLOCK,
    )
    assert {pupil["id"]: pupil["entitlement"] for pupil in pupils} == {
        row.pop("id"): row for row in rows
    }
    assert {pupil["entitlement"]["tier"] for pupil in pupils} == {"FREE", "PLUS", "PRO"}


VIEWER = "{ viewer { id role displayName student { id } students(first: 100) { nodes { id } } } }"


@pytest.mark.parametrize(
    ("role", "visible"),
    [
        (Role.STUDENT, "SELECT id FROM students WHERE user_id = $1"),
        (Role.PARENT, "SELECT student_id AS id FROM guardianships WHERE person_id = $1"),
        (Role.COACH, "SELECT student_id AS id FROM coachings WHERE person_id = $1"),
        (Role.ADMIN, "SELECT id FROM students WHERE $1 <> ''"),
    ],
)
async def test_a_viewer_is_its_token_and_sees_its_own(request, ask, school, people, role, visible):
    caller: Viewer = request.getfixturevalue(role.value.lower())
    found = data(await ask(caller, VIEWER))["viewer"]
    assert (found["id"], found["role"]) == (caller.id, role.name)
    assert found["displayName"] == caller.display_name
    own = {"id": str(people.students[0].id)} if role is Role.STUDENT else None
    assert found["student"] == own
    expected = pick(await read(school, visible, caller.id), "id")
    assert sorted(pick(found["students"]["nodes"], "id")) == sorted(expected)


async def test_a_student_is_found_by_its_id(ask, admin, people):
    document = "query Q($id: ID!) { student(id: $id) { id displayName } }"
    one = people.students[7]
    found = data(await ask(admin, document, id=str(one.id)))["student"]
    assert found == {"id": str(one.id), "displayName": one.name}


async def test_a_student_that_does_not_exist_is_null(ask, admin):
    document = "query Q($id: ID!) { student(id: $id) { id } }"
    assert data(await ask(admin, document, id=NOBODY)) == {"student": None}


NODES = {
    "students": "Student",
    "progress": "Progress",
    "tasks": "Task",
    "sessions": "Session",
    "evaluations": "Evaluation",
    "copies": "Copy",
    "epreuves_plan": "Epreuve",
    "resources": "Resource",
    "reports": "Report",
    "events": "Event",
    "jobs": "Job",
}


@pytest.mark.parametrize(("table", "type_"), NODES.items())
async def test_a_row_of_every_table_that_shows_is_a_node(ask, admin, school, table, type_):
    (row,) = await read(school, f"SELECT id FROM {table} LIMIT 1")  # noqa: S608
    document = "query Q($id: ID!) { node(id: $id) { __typename id } }"
    found = data(await ask(admin, document, id=row["id"]))["node"]
    assert found == {"__typename": type_, "id": row["id"]}


async def test_nodes_come_in_the_order_of_their_ids_with_null_for_nothing(ask, admin, school):
    a, b, c = pick(await read(school, "SELECT id FROM tasks LIMIT 3"), "id")
    d, e = pick(await read(school, "SELECT id FROM evaluations LIMIT 2"), "id")
    asked = [c, NOBODY, d, a, c, e, b]
    document = "query Q($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    found = data(await ask(admin, document, ids=asked))["nodes"]
    assert [one and one["id"] for one in found] == [c, None, d, a, c, e, b]


async def test_a_job_is_its_row(ask, admin, school):
    rows = await read(
        school,
        """SELECT DISTINCT ON (status) id, kind, status, progress, message,
          created_at AS "createdAt", finished_at AS "finishedAt" FROM jobs""",
    )
    document = """query Q($id: ID!) { job(id: $id) {
      id kind status progress message createdAt finishedAt
    } }"""
    assert [data(await ask(admin, document, id=row["id"]))["job"] for row in rows] == rows


async def test_a_job_that_does_not_exist_is_null(ask, admin):
    document = "query Q($id: ID!) { job(id: $id) { id } }"
    assert data(await ask(admin, document, id=NOBODY)) == {"job": None}


@pytest.mark.parametrize("track", Track)
async def test_a_programme_is_its_chapters_with_their_competences(ask, student, track):
    document = """query Q($track: Track!) { programme(subject: MATHS, track: $track) {
      code label subject track competences { code label } prerequisites { code }
    } }"""
    found = data(await ask(student, document, track=track.name))["programme"]
    assert found == [
        {
            "code": one.code,
            "label": one.label,
            "subject": one.subject.name,
            "track": one.track.name,
            "competences": [{"code": c.code, "label": c.label} for c in one.competences],
            "prerequisites": [{"code": code} for code in one.prerequisites],
        }
        for one in programme(Subject.MATHS, track)
    ]
    assert found


async def test_a_reglement_is_the_list_of_its_epreuves(ask, student):
    document = """{
      reglement(examPath: SCOLARISE, examSession: 2027, specialities: [MATHS, NSI],
                specialiteAbandonnee: SES) {
        code label subject kind weight format durationMin windowStart windowEnd provisional
        reference
      }
    }"""
    found = data(await ask(student, document))["reglement"]
    entries = reglement(
        ExamPath.SCOLARISE, Voie.GENERALE, 2027, [Subject.MATHS, Subject.NSI], Subject.SES, []
    )
    assert found == [
        {
            "code": one.code,
            "label": one.label,
            "subject": one.subject and one.subject.name,
            "kind": one.kind.name,
            "weight": one.weight,
            "format": one.format,
            "durationMin": one.duration_min,
            "windowStart": one.window_start and one.window_start.isoformat(),
            "windowEnd": one.window_end and one.window_end.isoformat(),
            "provisional": one.provisional,
            "reference": one.reference,
        }
        for one in entries
    ]
    assert sum(one["weight"] for one in found if one["kind"] != "OPTION") == 100


async def test_a_reglement_that_does_not_exist_says_so(ask, student):
    answer = await ask(student, "{ reglement(examPath: SCOLARISE, examSession: 1998) { code } }")
    assert answer.errors is not None
    assert answer.errors[0].extensions == {"code": "BAD_USER_INPUT"}
