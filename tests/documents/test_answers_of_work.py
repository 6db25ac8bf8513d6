"""What is told of a pupil's work is what is stored: tasks, sessions, papers, plan, library."""

import pytest
from reading import data, nodes, pick, read

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[0, 1, 2], ids=["premiere", "terminale", "libre"])
def id(people, request) -> str:
    """Each of the three pupils that are rich in data."""
    return str(people.students[request.param].id)


TASK = """id label category dueAt weight status source chapter { code } resource { id } createdAt
  closedAt student { id }"""
TASKS = """
    SELECT id, label, category, due_at AS "dueAt", weight, status, source,
      created_at AS "createdAt", closed_at AS "closedAt",
      json_build_object('id', student_id) AS student,
      CASE WHEN chapter_code IS NOT NULL THEN json_build_object('code', chapter_code) END
        AS chapter,
      CASE WHEN resource_id IS NOT NULL THEN json_build_object('id', resource_id) END AS resource
    FROM tasks WHERE student_id = $1 ORDER BY
"""


@pytest.mark.parametrize(
    ("order", "sql"),
    [("DUE_AT", "due_at NULLS LAST, id"), ("CREATED_AT", "created_at DESC, id DESC")],
)
async def test_tasks_are_their_rows_in_the_order_asked_for(ask, admin, school, id, order, sql):
    found = await nodes(ask, admin, f"tasks(first: 100, orderBy: {order})", id, TASK)
    assert found == await read(school, TASKS + sql, id)
    assert len(found) > 30


async def test_tasks_come_by_priority_unless_asked_otherwise(ask, admin, school, id):
    found = await nodes(ask, admin, "tasks(first: 100)", id, "id priority")
    stored = pick(await read(school, TASKS + "id", id), "id")
    assert sorted(pick(found, "id")) == stored
    assert found == sorted(found, key=lambda one: (-one["priority"], one["id"]))


async def test_the_agenda_is_the_sessions_in_order_of_start(ask, admin, school, id):
    found = await nodes(
        ask, admin, "agenda(first: 100)", id,
        """id title kind status slotStart slotEnd coach { id role agent displayName } awaiting
        joinUrl place createdAt student { id }""",
    )  # fmt: skip
    rows = await read(
        school,
        """SELECT id, title, kind, status, slot_start AS "slotStart", slot_end AS "slotEnd",
          CASE WHEN coach_id IS NOT NULL THEN json_build_object(
            'id', coach_id, 'role', 'COACH', 'agent', NULL, 'displayName', coach_name) END AS coach,
          awaiting, join_url AS "joinUrl", place, created_at AS "createdAt",
          json_build_object('id', student_id) AS student
        FROM sessions WHERE student_id = $1 ORDER BY slot_start, id""",
        id,
    )
    assert found == rows
    assert {one["status"] for one in found} == {"PROPOSE", "CONFIRME", "ANNULE"}


async def test_evaluations_are_their_rows_latest_first(ask, admin, school, id):
    found = await nodes(
        ask, admin, "evaluations(first: 100)", id,
        """id subject track title generator durationMin status score20 statementMd createdAt
        submittedAt gradedAt student { id } grading { id }""",
    )  # fmt: skip
    rows = await read(
        school,
        """SELECT id, subject, track, title, generator, duration_min AS "durationMin", status,
          score_20 AS "score20", statement_md AS "statementMd", created_at AS "createdAt",
          submitted_at AS "submittedAt", graded_at AS "gradedAt",
          json_build_object('id', student_id) AS student,
          CASE WHEN grading_job_id IS NOT NULL THEN json_build_object('id', grading_job_id) END
            AS grading
        FROM evaluations WHERE student_id = $1 ORDER BY created_at DESC, id DESC""",
        id,
    )
    assert found == rows
    assert {one["status"] for one in found} == {"PROPOSE", "SOUMIS", "CORRIGE"}


async def test_the_items_of_an_evaluation_are_its_exercises_in_order(ask, admin, school, id):
    found = await nodes(
        ask, admin, "evaluations(first: 100)", id,
        """id items { number promptMd points chapter { code } competence { code } answerFormat
        choices correctionMd }""",
    )  # fmt: skip
    rows = await read(
        school,
        """SELECT evaluation_id, number, prompt_md AS "promptMd", points,
          json_build_object('code', chapter_code) AS chapter,
          json_build_object('code', competence_code) AS competence,
          answer_format AS "answerFormat", choices, correction_md AS "correctionMd"
        FROM evaluation_items WHERE student_id = $1 ORDER BY number""",
        id,
    )
    by_paper = {paper["id"]: [] for paper in found}
    for row in rows:
        by_paper[row.pop("evaluation_id")].append(row)
    assert {paper["id"]: paper["items"] for paper in found} == by_paper


async def test_the_copies_of_an_evaluation_are_as_stored(ask, admin, school, id):
    found = await nodes(
        ask, admin, "evaluations(first: 100)", id,
        "copies { id filename mediaType sizeBytes pageCount textSource ocrConfidence purgeAt }",
    )  # fmt: skip
    rows = await read(
        school,
        """SELECT id, filename, media_type AS "mediaType", size_bytes AS "sizeBytes",
          page_count AS "pageCount", text_source AS "textSource",
          ocr_confidence AS "ocrConfidence", purge_at AS "purgeAt"
        FROM copies WHERE student_id = $1 ORDER BY id""",
        id,
    )
    copies = [copy for paper in found for copy in paper["copies"]]
    assert sorted(copies, key=lambda copy: copy["id"]) == rows
    assert rows


async def test_the_feedback_of_an_evaluation_is_what_its_grader_left(ask, admin, school, id):
    found = await nodes(
        ask, admin, "evaluations(first: 100, status: [CORRIGE])", id,
        """feedback { summaryMd gradedBy confidence needsReview
          items { number awarded points answerRead commentMd confidence }
          competences { chapter { code } competence { code } before after } }""",
    )  # fmt: skip
    rows = await read(
        school,
        """SELECT feedback_json AS kept FROM evaluations
        WHERE student_id = $1 AND status = 'Corrigé' ORDER BY created_at DESC, id DESC""",
        id,
    )
    assert pick(found, "feedback") == [feedback(row["kept"]) for row in rows]
    assert len(found) >= 2


def feedback(kept: dict) -> dict:
    return {
        "summaryMd": kept["summary_md"],
        "gradedBy": kept["graded_by"],
        "confidence": kept["confidence"],
        "needsReview": kept["needs_review"],
        "items": [
            {
                "number": item["number"],
                "awarded": item["awarded"],
                "points": item["points"],
                "answerRead": item["answer_read"],
                "commentMd": item["comment_md"],
                "confidence": item["confidence"],
            }
            for item in kept["items"]
        ],
        "competences": [
            {
                "chapter": {"code": one["chapter_code"]},
                "competence": {"code": one["competence_code"]},
                "before": one["before"],
                "after": one["after"],
            }
            for one in kept["competences"]
        ],
    }


async def test_a_pupil_sees_marks_and_corrections_of_what_is_corrected_alone(ask, student, people):
    found = await nodes(
        ask, student, "evaluations(first: 100)", str(people.students[0].id),
        "status feedback { summaryMd } items { correctionMd }",
    )  # fmt: skip
    told = {
        (one["status"], one["feedback"] is not None, item["correctionMd"] is not None)
        for one in found
        for item in one["items"]
    }
    assert told == {("PROPOSE", False, False), ("SOUMIS", False, False), ("CORRIGE", True, True)}


async def test_the_resources_of_favorites_are_the_library_latest_first(ask, admin, school, id):
    found = await nodes(
        ask, admin, "favorites(first: 100)", id,
        "id title uri type subject chapter { code } tags visibility favorite createdAt",
    )  # fmt: skip
    rows = await read(
        school,
        """SELECT r.id, title, uri, type, subject, tags, visibility, true AS favorite,
          CASE WHEN chapter_code IS NOT NULL THEN json_build_object('code', chapter_code) END
            AS chapter, r.created_at AS "createdAt"
        FROM favorites f JOIN resources r ON r.id = f.resource_id
        WHERE f.student_id = $1 ORDER BY f.created_at DESC, f.id DESC""",
        id,
    )
    assert found == rows
    assert rows


async def test_the_plan_is_the_epreuves_in_order_of_their_day(ask, admin, school, id):
    document = """query Q($id: ID!) { student(id: $id) { epreuvePlan {
      track voie profile examSession syncedAt totalWeight
      items { id code label subject kind weight scheduledAt provisional format durationMin source
        reference }
    } } }"""
    plan = data(await ask(admin, document, id=id))["student"]["epreuvePlan"]
    items = await read(
        school,
        """SELECT id, code, label, subject, kind, weight, scheduled_at AS "scheduledAt",
          provisional, format, duration_min AS "durationMin", source, reference
        FROM epreuves_plan WHERE student_id = $1 ORDER BY scheduled_at NULLS LAST, code""",
        id,
    )
    (head,) = await read(
        school,
        """SELECT track, voie, profile, exam_session AS "examSession",
          epreuves_synced_at AS "syncedAt" FROM students WHERE id = $1""",
        id,
    )
    assert plan == {**head, "totalWeight": 100.0, "items": items}


async def test_every_plan_of_the_school_totals_100_without_its_options(ask, admin):
    document = """{ viewer { students(first: 100) { nodes { epreuvePlan {
      totalWeight items { kind weight }
    } } } } }"""
    pupils = data(await ask(admin, document))["viewer"]["students"]["nodes"]
    assert [pupil["epreuvePlan"]["totalWeight"] for pupil in pupils] == [100.0] * len(pupils)
    assert any(
        item["kind"] == "OPTION" for pupil in pupils for item in pupil["epreuvePlan"]["items"]
    )
