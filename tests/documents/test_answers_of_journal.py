"""What is told to parents, and what the journal tells, is what is stored."""

from datetime import date

import pytest
from conftest import CLOCK
from reading import data, nodes, pick, read

from models.vocabulary import ReportPeriodKind
from services.periods import Period

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[0, 1, 2], ids=["premiere", "terminale", "libre"])
def id(people, request) -> str:
    """Each of the three pupils that are rich in data."""
    return str(people.students[request.param].id)


async def test_reports_are_their_rows_latest_first_with_kpis_and_a_french_label(
    ask, parent, school, people
):
    id = str(people.students[0].id)
    found = await nodes(
        ask, parent, "reports(first: 100)", id,
        """id summaryMd generatedAt student { id } period { kind start end label }
        kpis { progressOverall progressDelta averageScore20 evaluationsGraded tasksCompleted
          tasksOverdue sessionsHeld sessionsCancelled streakDays
          bySubject { subject score delta averageScore20 } }""",
    )  # fmt: skip
    rows = await read(
        school,
        "SELECT * FROM reports WHERE student_id = $1 ORDER BY generated_at DESC, id DESC",
        id,
    )
    assert found == [report(row) for row in rows]
    assert {one["period"]["kind"] for one in found} == {"WEEK", "MONTH", "TRIMESTRE"}


def camel(kept: dict) -> dict:
    """Keys as GraphQL spells them: average_score_20 is averageScore20."""
    return {
        "".join(part.capitalize() if i else part for i, part in enumerate(key.split("_"))): value
        for key, value in kept.items()
    }


def report(row: dict) -> dict:
    start, end = (date.fromisoformat(row[name]) for name in ("period_start", "period_end"))
    kind = ReportPeriodKind[row["period_kind"]]
    kpis = camel(row["kpis_json"])
    return {
        "id": row["id"],
        "summaryMd": row["summary_md"],
        "generatedAt": row["generated_at"],
        "student": {"id": row["student_id"]},
        "period": {
            "kind": kind.name,
            "start": row["period_start"],
            "end": row["period_end"],
            "label": Period(kind, start, end).label,
        },
        "kpis": {**kpis, "bySubject": [camel(one) for one in kpis["bySubject"]]},
    }


EVENT = "id seq kind at actor { id role agent displayName } payload"
EVENTS = """
    SELECT id, seq, kind, at, payload_json AS payload, json_build_object('id', actor_id,
      'role', actor_role, 'agent', actor_agent, 'displayName', actor_name) AS actor
    FROM events WHERE student_id = $1 AND seq > $2 ORDER BY seq
"""


async def test_events_come_newest_first_without_a_seq(ask, admin, school, id):
    found = await nodes(ask, admin, "events(first: 100)", id, EVENT)
    assert found == (await read(school, EVENTS + " DESC LIMIT 100", id, 0))


async def test_events_come_oldest_first_after_a_seq(ask, admin, school, id):
    found = await nodes(ask, admin, "events(first: 100, afterSeq: 40)", id, EVENT)
    assert found == (await read(school, EVENTS + " LIMIT 100", id, 40))
    assert pick(found, "seq") == list(range(41, 141))


async def test_the_head_of_the_journal_is_the_students_version(ask, admin, id):
    document = """query Q($id: ID!) { student(id: $id) {
      version events(first: 1) { totalCount nodes { seq } }
    } }"""
    found = data(await ask(admin, document, id=id))["student"]
    head = found["version"]
    assert found["events"] == {"totalCount": head, "nodes": [{"seq": head}]}


TABLES = {
    "Student": "students",
    "Task": "tasks",
    "Session": "sessions",
    "Evaluation": "evaluations",
    "Progress": "progress",
    "Report": "reports",
    "Resource": "resources",
}


async def test_the_entity_of_an_event_is_the_row_it_names(ask, admin, school, id):
    found = await nodes(ask, admin, "events(first: 100)", id, "seq entity { __typename id }")
    rows = await read(
        school,
        """SELECT seq, entity_table, entity_id FROM events
        WHERE student_id = $1 ORDER BY seq DESC LIMIT 100""",
        id,
    )
    named = [
        (one["seq"], one["entity"] and TABLES[one["entity"]["__typename"]],
         one["entity"] and one["entity"]["id"])
        for one in found
    ]  # fmt: skip
    assert named == [(row["seq"], row["entity_table"], row["entity_id"]) for row in rows]


async def test_what_is_due_is_told_at_the_clock_of_the_operation(ask, admin, id):
    document = "query Q($id: ID!) { student(id: $id) { dashboard { asOf } } }"
    found = data(await ask(admin, document, id=id))["student"]["dashboard"]["asOf"]
    assert found == CLOCK.isoformat()
