"""How many SQL statements a document takes: a small number that its rows do not change."""

import pytest
from conftest import CLOCK
from reading import data, pick

from gateway.settings import ROOT

pytestmark = pytest.mark.anyio

DOCUMENTS = ROOT / "schema" / "documents"
SIZES = (5, 20, 50)
TOTAL = "totalCount"

NESTED = """
query Pupils($first: Int!) {
  viewer { students(first: $first) { nodes {
    id displayName
    dashboard {
      kpis { progressOverall streakDays lastEvalScore openTaskCount nextSessionAt }
      upcoming { id at kind title source { __typename } }
      tasks(first: 3) { id label priority }
    }
    tasks(status: [TODO], first: 5) { nodes { id label chapter { label } resource { title } } }
    agenda(first: 3) { nodes { id title coach { displayName } } }
    evaluations(first: 4) { nodes {
      id items { number chapter { code } correctionMd } copies { id } grading { status }
      feedback { summaryMd }
    } }
  } } }
}
"""


async def test_one_dashboard_takes_7(ask, student, people):
    # the pupil, its figures, sessions, épreuves and tasks to come, first tasks, plan
    document = (DOCUMENTS / "Dashboard.graphql").read_text()
    answer = await ask(student, document, studentId=str(people.students[0].id))
    assert len(data(answer)["student"]["dashboard"]["upcoming"]) == 7
    assert answer.statements == 7


@pytest.mark.parametrize("first", SIZES)
async def test_a_coachs_list_takes_5_however_many_pupils(ask, admin, first):
    # the pupils, their figures, tasks, sessions and evaluations
    document = (DOCUMENTS / "CoachPupils.graphql").read_text()
    answer = await ask(admin, document, first=first, now=CLOCK.isoformat())
    assert len(data(answer)["viewer"]["students"]["nodes"]) == first
    assert answer.statements == 5


@pytest.mark.parametrize("first", SIZES)
async def test_pupils_with_everything_nested_take_14_however_many_they_are(ask, admin, first):
    # pupils; figures, sessions, épreuves, tasks to come, first tasks; tasks and their resources;
    # sessions; evaluations, their items, the status that shows corrections, copies, jobs
    answer = await ask(admin, NESTED, first=first)
    assert len(data(answer)["viewer"]["students"]["nodes"]) == first
    assert answer.statements == 14


async def test_a_coachs_own_list_takes_as_many_as_an_admins(ask, coach):
    answer = await ask(coach, NESTED, first=50)
    assert len(data(answer)["viewer"]["students"]["nodes"]) > 20
    assert answer.statements == 14


async def test_the_total_is_counted_only_for_those_who_ask(ask, admin):
    pupils = """{{ viewer {{ students(first: 3) {{
      {} nodes {{ id tasks(first: 2) {{ {} nodes {{ id }} }} }}
    }} }} }}"""
    documents = [pupils.format(*asked) for asked in (("", ""), (TOTAL, ""), (TOTAL, TOTAL))]
    assert [(await ask(admin, document)).statements for document in documents] == [2, 3, 4]


async def test_pages_without_rows_selected_cost_one_statement(ask, admin):
    document = "{ viewer { students(first: 3) { pageInfo { hasNextPage } } } }"
    assert (await ask(admin, document)).statements == 1


async def test_the_caller_and_the_catalogue_cost_nothing(ask, admin):
    document = """{
      viewer { id role displayName }
      programme(subject: MATHS, track: TERMINALE) { code competences { code } }
      reglement(examPath: SCOLARISE, examSession: 2027, specialities: [MATHS, NSI]) { code }
    }"""
    answer = await ask(admin, document)
    assert data(answer)["programme"]
    assert answer.statements == 0


ONE_NODE = "query Q($id: ID!) { node(id: $id) { id ... on Task { label } } }"
NODES = "query Q($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
SOME_IDS = """
query Q($first: Int!) { viewer { students(first: $first) { nodes {
  id tasks(first: 1) { nodes { id } } evaluations(first: 1) { nodes { id } }
} } } }
"""


async def ids_of(ask, admin, first):
    """The ids of some pupils, of a task of each, and of its evaluations."""
    pupils = data(await ask(admin, SOME_IDS, first=first))["viewer"]["students"]["nodes"]
    tasks = [one["id"] for pupil in pupils for one in pupil["tasks"]["nodes"]]
    papers = [one["id"] for pupil in pupils for one in pupil["evaluations"]["nodes"]]
    return pick(pupils, "id"), tasks, papers


async def test_a_node_takes_2(ask, admin):
    # where it is, and what it is
    _, tasks, _ = await ids_of(ask, admin, 5)
    assert (await ask(admin, ONE_NODE, id=tasks[0])).statements == 2


@pytest.mark.parametrize("first", [5, 20, 33])
async def test_nodes_take_1_and_1_for_each_table_however_many_they_are(ask, admin, first):
    pupils, tasks, papers = await ids_of(ask, admin, first)
    assert (await ask(admin, NODES, ids=tasks)).statements == 2
    assert (await ask(admin, NODES, ids=pupils + tasks)).statements == 3
    assert (await ask(admin, NODES, ids=pupils + tasks + papers)).statements == 4


async def test_nodes_that_nobody_has_take_1(ask, admin):
    nobody = [f"00000000-0000-7000-8000-{n:012}" for n in range(20)]
    assert (await ask(admin, NODES, ids=nobody)).statements == 1


EVENTS = """
query Q($id: ID!, $kinds: [EventKind!], $first: Int!) {
  student(id: $id) { events(kinds: $kinds, first: $first) { nodes {
    seq entity { __typename id }
  } } }
}
"""


@pytest.mark.parametrize("first", [5, 20, 50])
@pytest.mark.parametrize(
    ("kinds", "statements"),
    [
        (["TASK_CREATED"], 4),  # the pupil, its events, where their entities are, the tasks
        (["TASK_CREATED", "TASK_COMPLETED"], 4),
        (["AGENTS_RAN"], 2),  # about nothing that has a row
    ],
)
async def test_events_with_what_they_are_about_take_2_more_for_a_kind_of_entity(
    ask, admin, people, kinds, statements, first
):
    answer = await ask(admin, EVENTS, id=str(people.students[0].id), kinds=kinds, first=first)
    assert len(data(answer)["student"]["events"]["nodes"]) >= 5
    assert answer.statements == statements


async def test_events_of_all_kinds_take_1_more_for_each_table(ask, admin, people):
    answer = await ask(admin, EVENTS, id=str(people.students[0].id), first=100)
    entities = pick(data(answer)["student"]["events"]["nodes"], "entity")
    tables = {one["__typename"] for one in entities if one}
    assert len(tables) >= 4
    assert answer.statements == 3 + len(tables)


async def test_a_row_that_is_asked_for_twice_is_read_once(ask, admin, people):
    document = """query Q($id: ID!) {
      student(id: $id) { a: coaches { id } b: coaches { id } tasks(first: 50) { nodes {
        student { displayName coaches { id } }
      } } }
    }"""
    answer = await ask(admin, document, id=str(people.students[0].id))
    assert len(data(answer)["student"]["tasks"]["nodes"]) > 20
    assert answer.statements == 4  # the pupil behind the gate, coaches, tasks, the pupil of a task


async def test_aliases_of_the_same_page_are_read_once(ask, admin, people):
    document = """query Q($id: ID!) { student(id: $id) {
      a: tasks(first: 5) { nodes { id } } b: tasks(first: 5) { nodes { label } }
      c: tasks(first: 6) { nodes { id } }
    } }"""
    answer = await ask(admin, document, id=str(people.students[0].id))
    assert answer.statements == 3


async def test_an_error_makes_nothing_be_read_twice(ask, student, people):
    # executed breadth first, and then by graphql-core: out of the same loaders
    document = """query Q($id: ID!) {
      student(id: $id) { coaches { id } epreuvePlan { items { id } } }
      broken: node(id: "nothing") { id }
    }"""
    answer = await ask(student, document, id=str(people.students[0].id))
    assert [error.path for error in answer.errors or ()] == [["broken"]]
    assert len(answer.data["student"]["epreuvePlan"]["items"]) > 5
    assert answer.statements == 3
