"""The documents that clients ship are answered by compiled statements, to the byte."""

from typing import Any

import pytest
from conftest import CLOCK, reading
from conftest import DOCUMENTS as PREPARED

from gateway.documents import Operation
from gateway.settings import ROOT

pytestmark = pytest.mark.anyio

DOCUMENTS = ROOT / "schema" / "documents"
DASHBOARD = (DOCUMENTS / "Dashboard.graphql").read_text()
PUPILS = (DOCUMENTS / "CoachPupils.graphql").read_text()


@pytest.mark.parametrize("role", ["student", "parent", "coach", "admin"])
async def test_a_dashboard_is_compiled_whole(request, both, people, role):
    viewer = request.getfixturevalue(role)
    found = await both.compare(viewer, DASHBOARD, studentId=str(people.students[0].id))
    assert found.equal
    assert len(found.reference) > 5_000
    assert found.fields >= 30
    assert found.fallen == []


async def test_every_pupils_dashboard_is_the_same_by_both_paths(both, people, admin):
    for pupil in people.students:
        found = await both.compare(admin, DASHBOARD, studentId=str(pupil.id))
        assert found.equal, pupil.name


async def test_a_coachs_list_is_compiled_whole(both, coach):
    found = await both.compare(coach, PUPILS, first=50, now=CLOCK.isoformat())
    assert found.equal
    assert len(found.reference) > 40_000
    assert found.fallen == []


async def test_a_coachs_list_without_a_day_is_another_plan(both, coach):
    assert (await both.compare(coach, PUPILS)).equal
    assert (await both.compare(coach, PUPILS, now=None, first=3)).equal
    assert len(both.plans._plans) >= 2


async def test_one_statement_answers_a_root_field(both, coach):
    prepared = PREPARED.prepared(Operation(PUPILS, {}, None))
    both.plans.trust(prepared)
    context = reading(coach, both.gate.pool, CLOCK)
    found = await both.plans.answer(prepared, {"first": 5}, context)
    assert found is not None
    assert found.statements == 1
    assert context.reader.statements == 0


async def test_a_document_is_compiled_on_its_second_use(both, student):
    prepared = PREPARED.prepared(Operation("{ viewer { second: student { id } } }", {}, None))
    context = reading(student, both.gate.pool, CLOCK)
    assert await both.plans.answer(prepared, {}, context) is None
    assert await both.plans.answer(prepared, {}, context) is not None


VARIED: dict[str, Any] = {
    "constants": """query Q($id: ID!) { student(id: $id) {
      tasks { pageInfo { hasPreviousPage } } events { pageInfo { __typename } } } }""",
    "fragments": """query Q($id: ID!) { ...A student(id: $id) { ...B ...B } }
      fragment A on Query { viewer { role ... on Viewer { name: displayName } } }
      fragment B on Student { id tasks(first: 2) { nodes { id } }
        tasks(first: 2) { totalCount } }""",
    "words of ours": """query Q($id: ID!) { student(id: $id) { agenda(last: 3) {
      nodes { place joinUrl title } pageInfo { hasPreviousPage startCursor } } } }""",
    "directives": """query Q($id: ID!, $yes: Boolean = true, $no: Boolean! = false) {
      student(id: $id) { id @include(if: $no) voie @skip(if: $no) track @include(if: $yes)
        ... @include(if: $yes) { profile } timeZone @skip(if: true) }
    }""",
    "interfaces": """query Q($id: ID!) { student(id: $id) { events(first: 50) { nodes {
      __typename seq payload actor { id role agent displayName }
      entity { __typename id ... on Task { label priority } ... on Session { title kind }
        ... on Evaluation { title score20 } } } } } }""",
    "unions": """query Q($id: ID!) { student(id: $id) { dashboard { asOf upcoming(first: 20) {
      id at kind title source { __typename ... on Session { status slotEnd }
        ... on Epreuve { code kind weight } ... on Task { label priority category } } } } } }""",
    "values": """query Q($id: ID!) { student(id: $id) {
      specialities options languages { rank language } createdAt updatedAt version examPath
      entitlement { tier expiresAt evaluationsLeftThisMonth }
      coaches { id role displayName } guardians { displayName }
      favorites(first: 5) { nodes { title type tags favorite chapter { code label } } }
      reports(first: 3) { nodes { period { kind start end label } kpis { progressOverall
        bySubject { subject averageScore20 } } summaryMd generatedAt } }
      evaluations(first: 4) { nodes { score20 statementMd grading { status progress }
        items { number points choices correctionMd chapter { code } competence { label } }
        copies { filename sizeBytes purgeAt }
        feedback { summaryMd confidence items { awarded } competences { after chapter { code } } }
      } } } }""",
    "subtrees": """query Q($id: ID!) { student(id: $id) { id progression(subject: MATHS) {
      score coverage chapters { chapter { code } score competences { score } }
      trend(days: 30) { day score } } tasks(first: 3) { nodes { chapter { label
        prerequisites { code } } resource { id title favorite } } } } }""",
    "roots": """query Q($id: ID!) { programme(subject: MATHS, track: PREMIERE) { code }
      node(id: $id) { __typename id ... on Student { displayName } }
      nodes(ids: [$id, "00000000-0000-7000-8000-000000000000"]) { __typename id }
      __typename job(id: $id) { id } }""",
}


@pytest.mark.parametrize("role", ["student", "parent", "coach", "admin"])
@pytest.mark.parametrize("name", VARIED)
async def test_every_kind_of_selection_is_the_same_by_both_paths(request, both, people, name, role):
    viewer = request.getfixturevalue(role)
    found = await both.compare(viewer, VARIED[name], id=str(people.students[0].id))
    assert found.compiled is not None
    assert found.reference == found.compiled
    assert found.fields >= 3


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ("query Q($id: ID!) { student(id: $id) { progression { score } } }", "progression"),
        ("{ viewer { id } programme(subject: MATHS, track: PREMIERE) { code } }", None),
    ],
)
async def test_what_is_left_to_the_reference_path_is_told(both, people, admin, document, why):
    given = {"id": str(people.students[0].id)} if "$id" in document else {}
    found = await both.compare(admin, document, **given)
    if why is None:
        assert found.compiled is None  # no table is read: nothing is gained
    else:
        assert found.equal
        assert [one.path.split(".")[-1] for one in found.fallen] == [why]


REFUSED = {
    "too many": ("query Q($id: ID!) { student(id: $id) { tasks(first: 101) { totalCount } } }", {}),
    "less than none": (
        "query Q($id: ID!) { student(id: $id) { dashboard { tasks(first: -1) { id } } } }",
        {},
    ),
    "both ends": (
        "query Q($id: ID!) { student(id: $id) { tasks(first: 1, last: 1) { totalCount } } }",
        {},
    ),
    "no cursor": (
        'query Q($id: ID!) { student(id: $id) { agenda(after: "x") { totalCount } } }',
        {},
    ),
    "a NUL": (
        "query Q($s: String) { viewer { students(search: $s) { totalCount } } }",
        {"s": "\x00"},
    ),
    "half a pair": (
        "query Q($s: String) { viewer { students(search: $s) { totalCount } } }",
        {"s": "\ud800"},
    ),
    "no id": ('query Q { student(id: "x") { id } }', {}),
    "no such enum": (
        "query Q($t: Track) { viewer { students(track: $t) { totalCount } } }",
        {"t": "SECONDE"},
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_refused_is_refused_by_the_reference_path(both, people, admin, name):
    document, given = REFUSED[name]
    if "$id" in document:
        given = {"id": str(people.students[0].id)}
    found = await both.compare(admin, document, **given)
    assert found.compiled is None
    assert found.errors


async def test_names_too_long_for_a_column_are_names_of_the_answer(both, people, admin):
    long = "n" * 200
    document = f"query Q($id: ID!) {{ student(id: $id) {{ {long}: id {long}2: track }} }}"
    found = await both.compare(admin, document, id=str(people.students[0].id))
    assert found.equal
    assert long.encode() in found.reference
