"""What is projected, and what is linked, follows from what is stored, and follows at once."""

import pytest
from conftest import Gate
from reading import data, read

from models.curriculum import Subject, Track, Voie
from models.vocabulary import Role
from services.access import Viewer
from services.catalogue.programme import programme
from services.demo_school import People
from tests.changing import change

pytestmark = pytest.mark.anyio

PROJECTION = """query Q($id: ID!) { student(id: $id) { epreuvePlan {
  items { id code } totalWeight projection {
    mean20 points denominator knownWeight mention outcome reserve
    thresholds { label min20 pointsMissing }
    secondGroupe { pointsMissing oralCount orals { id } rule }
    weakest { id code mark20 }
    worthMost { epreuve { id } worth room }
    estimates { epreuve { id code subject } mark20 origin worth }
  }
} } }"""
ADMIN = Viewer("admin", Role.ADMIN)


@pytest.fixture
def terminale(people: People) -> str:
    return str(people.students[1].id)


async def projected(gate: Gate, id: str):
    return data(await gate.ask(ADMIN, PROJECTION, id=id))["student"]["epreuvePlan"]


async def test_estimates_are_the_marks_and_the_mastery_of_the_file(shared_gate, school, terminale):
    plan = await projected(shared_gate, terminale)
    found = plan["projection"]
    rows = await read(
        school,
        """SELECT subject, avg(score_20)::float8 AS mean FROM (
          SELECT *, row_number() OVER (PARTITION BY subject ORDER BY graded_at DESC, id DESC) AS n
          FROM evaluations WHERE student_id = $1 AND status = 'Corrigé' AND track = 'Terminale'
        ) latest WHERE n <= 6 GROUP BY subject""",
        terminale,
    )
    means = {row["subject"]: row["mean"] for row in rows}
    graded = [one for one in found["estimates"] if one["origin"] == "EVALUATIONS"]
    assert graded
    for one in graded:
        assert one["mark20"] == pytest.approx(means[one["epreuve"]["subject"]], abs=0.006)
    assert {one["origin"] for one in found["estimates"]} == {"EVALUATIONS", "MASTERY"}
    of_plan = {one["id"] for one in plan["items"]}
    assert {one["id"] for one in found["weakest"]} <= of_plan
    assert {one["epreuve"]["id"] for one in found["worthMost"]} <= of_plan
    assert found["denominator"] == plan["totalWeight"] + 2  # mathématiques expertes
    assert 0 < found["knownWeight"] < 1
    assert "seul le jury décide" in found["reserve"]


async def test_a_recorded_mark_counts_at_once(own_gate, terminale):
    before = await projected(own_gate, terminale)
    (oral,) = [one["id"] for one in before["items"] if one["code"] == "E5-GrandOral"]
    await change(own_gate, ADMIN, "recordMark", id=oral, mark20=20)
    after = (await projected(own_gate, terminale))["projection"]
    (found,) = [one for one in after["estimates"] if one["epreuve"]["id"] == oral]
    assert (found["mark20"], found["origin"]) == (20, "RECORDED")
    assert found["worth"] == pytest.approx(8 / 102, abs=1e-4)
    assert after["mean20"] > before["projection"]["mean20"]
    assert oral not in [one["id"] for one in after["weakest"]]


async def test_a_pupil_without_plan_and_marks_has_an_empty_projection(own_gate, own_school, people):
    id = str(people.students[5].id)
    for table in ("epreuves_plan", "progress", "evaluations"):
        await read(own_school, f"DELETE FROM {table} WHERE student_id = $1", id)  # noqa: S608
    found = (await projected(own_gate, id))["projection"]
    assert (found["mean20"], found["knownWeight"], found["denominator"]) == (None, 0, 0)
    assert found["weakest"] == found["estimates"] == []


async def test_projections_of_many_pupils_take_three_statements(ask, admin):
    document = """{ viewer { students(first: 50) { nodes { epreuvePlan {
      projection { mean20 weakest { code } }
    } } } } }"""
    assert (await ask(admin, document)).statements == 3


GRAPH = """query Q($id: ID!) { student(id: $id) {
  knowledgeGraph(subject: MATHS) {
    nodes { code label score coverage dueForReview } edges { from to }
  }
  progression(subject: MATHS) { chapters { chapter { code } score coverage competences { id } } }
} }"""


async def test_a_knowledge_graph_says_of_each_chapter_what_the_progression_says(
    ask, admin, terminale
):
    found = data(await ask(admin, GRAPH, id=terminale))["student"]
    nodes = {one["code"]: one for one in found["knowledgeGraph"]["nodes"]}
    assert {"from": "MATHS-1-SUITES", "to": "MATHS-T-SUITES"} in found["knowledgeGraph"]["edges"]
    for chapter in found["progression"][0]["chapters"]:
        node = nodes[chapter["chapter"]["code"]]
        measured = bool(chapter["competences"])
        assert node["score"] == (pytest.approx(chapter["score"]) if measured else None)
        assert node["coverage"] == pytest.approx(chapter["coverage"])
    assert any(one["dueForReview"] for one in nodes.values())


DASHBOARD = "query Q($id: ID!) { student(id: $id) { dashboard { kpis { progressOverall } } } }"


async def test_the_dashboard_follows_a_measure_at_once(own_gate, terminale):
    async def overall():
        found = data(await own_gate.ask(ADMIN, DASHBOARD, id=terminale))
        return found["student"]["dashboard"]["kpis"]["progressOverall"]

    before = await overall()
    measure = {"chapterCode": "MATHS-T-SUITES", "competenceCode": "MATHS-C-CALCULER", "score": 1}
    given = {"studentId": terminale, "subject": "MATHS", "evidence": [measure] * 9}
    await change(own_gate, ADMIN, "recordProgress", **given)
    assert await overall() > before


@pytest.mark.parametrize("subject", [Subject.MATHS, Subject.PHYSIQUE_CHIMIE, Subject.NSI])
async def test_the_dashboard_of_a_premiere_follows_each_speciality(
    own_gate, own_school, people, subject
):
    lina = str(people.students[0].id)
    await read(own_school, "DELETE FROM progress WHERE student_id = $1", lina)
    first = programme(subject, Track.PREMIERE, Voie.GENERALE)[0]
    measure = {"chapterCode": first.code, "competenceCode": first.competences[0].code}
    given = {"studentId": lina, "subject": subject.name, "evidence": [{**measure, "score": 0.9}]}
    await change(own_gate, ADMIN, "recordProgress", **given)
    found = data(await own_gate.ask(ADMIN, DASHBOARD, id=lina))
    assert found["student"]["dashboard"]["kpis"]["progressOverall"] == pytest.approx(0.9)


async def test_a_harder_measure_of_the_same_score_shows_more(own_gate, own_school, terminale):
    scores = []
    for difficulty in (0.0, 0.5, 1.0):
        await read(own_school, "DELETE FROM progress WHERE student_id = $1", terminale)
        measure = {"chapterCode": "MATHS-T-SUITES", "competenceCode": "MATHS-C-CALCULER",
                   "score": 0.25, "difficulty": difficulty}  # fmt: skip
        done = await change(
            own_gate, ADMIN, "recordProgress", "progress { score }",
            studentId=terminale, subject="MATHS", evidence=[measure],
        )  # fmt: skip
        scores.append(done["progress"][0]["score"])
    assert scores == [0.0625, 0.25, 0.5]
