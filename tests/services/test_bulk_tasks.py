"""Many operations on tasks at once: each is kept or refused alone, in one transaction."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from conftest import Gate
from reading import read

from models.vocabulary import Role, TaskStatus
from services.access import Viewer
from services.demo_school import People
from tests.changing import change, refusals, tables

pytestmark = pytest.mark.anyio

RESULTS = """results {
  index outcome id task { id label status weight closedAt chapter { code } }
  error { __typename message path
    ... on NotFoundError { id }
    ... on InvalidTransitionError { from to allowed }
  }
}"""
VERSION = "SELECT version FROM students WHERE id = $1"


class Desk:
    """Someone who sends operations, and the tasks of a pupil."""

    def __init__(self, gate: Gate, dsn: str, viewer: Viewer, student_id: Any) -> None:
        self.gate, self.dsn, self.viewer, self.student_id = gate, dsn, viewer, student_id

    async def send(self, *operations: Any, **given: Any) -> dict[str, Any]:
        return await change(
            self.gate, self.viewer, "bulkTasks", RESULTS, operations=list(operations), **given
        )

    async def tasks(self, status: TaskStatus) -> list[str]:
        found = await read(
            self.dsn,
            "SELECT id FROM tasks WHERE student_id = $1 AND status = $2 ORDER BY id",
            self.student_id,
            status.value,
        )
        return [row["id"] for row in found]

    def new(self, **given: Any) -> dict[str, Any]:
        return {"create": {"studentId": str(self.student_id), "label": "Réviser", **given}}


@pytest.fixture
def desk(own_gate: Gate, own_school: str, student: Viewer, people: People) -> Desk:
    return Desk(own_gate, own_school, student, people.students[0].id)


def outcomes(payload: dict[str, Any]) -> list[str]:
    return [result["outcome"] for result in payload["results"]]


def kinds(payload: dict[str, Any]) -> list[str]:
    return [event["kind"] for event in payload["events"]]


async def test_operations_are_carried_out_in_their_order(desk: Desk) -> None:
    first, second, third, *_ = await desk.tasks(TaskStatus.TODO)
    payload = await desk.send(
        desk.new(label=" Fiche "),
        {"update": {"id": first, "weight": 4.5, "chapterCode": None}},
        {"update": {"id": second, "status": "DONE"}},
        {"delete": {"id": third}},
    )
    assert payload["errors"] == []
    assert outcomes(payload) == ["CREATED", "UPDATED", "UPDATED", "DELETED"]
    assert [result["index"] for result in payload["results"]] == [0, 1, 2, 3]
    new, updated, done, gone = payload["results"]
    assert (new["id"], new["task"]["label"]) == (new["task"]["id"], "Fiche")
    assert (updated["id"], updated["task"]["weight"]) == (first, 4.5)
    assert (done["task"]["status"], done["task"]["closedAt"] is None) == ("DONE", False)
    assert (gone["id"], gone["task"], gone["error"]) == (third, None, None)
    wanted = ["TASK_CREATED", "TASK_UPDATED", "TASK_COMPLETED", "TASK_DELETED"]
    assert kinds(payload) == wanted
    seqs = [event["seq"] for event in payload["events"]]
    assert seqs == list(range(seqs[0], seqs[0] + 4))


async def test_a_refused_operation_undoes_only_itself(desk: Desk) -> None:
    first, second, *_ = await desk.tasks(TaskStatus.TODO)
    (before,) = await read(desk.dsn, VERSION, desk.student_id)
    payload = await desk.send(
        desk.new(),
        # the change is written before the move is refused
        {"update": {"id": first, "weight": 0.25, "status": "DONE"}},
        {"update": {"id": first, "weight": 0.75, "status": "SKIPPED"}},
        {"delete": {"id": second}},
        {"update": {"id": second, "weight": 1}},
        desk.new(label=""),
    )
    assert outcomes(payload) == [
        "CREATED", "UPDATED", "INVALID", "DELETED", "NOT_FOUND", "INVALID",
    ]  # fmt: skip
    assert kinds(payload) == ["TASK_CREATED", "TASK_UPDATED", "TASK_COMPLETED", "TASK_DELETED"]
    (kept,) = await read(desk.dsn, "SELECT weight, status FROM tasks WHERE id = $1", first)
    assert kept == {"weight": 0.25, "status": "DONE"}
    (after,) = await read(desk.dsn, VERSION, desk.student_id)
    assert after["version"] == before["version"] + 4
    (head,) = await read(
        desk.dsn,
        "SELECT count(*) AS n, max(seq) AS last FROM events WHERE student_id = $1",
        desk.student_id,
    )
    assert head == {"n": after["version"], "last": after["version"]}


def refused_operations(desk: Desk, open_task: str, done_task: str) -> dict[str, Any]:
    """Each with the outcome, the type and the path of its refusal, and whether it names a task."""
    absent = str(uuid4())
    return {
        "blank label": (desk.new(label=" "), "INVALID", "ValidationError", "label", False),
        "weight": (desk.new(weight=5.1), "INVALID", "ValidationError", "weight", False),
        "chapter": (desk.new(chapterCode="X"), "INVALID", "ValidationError", "chapterCode", False),
        "resource": (
            desk.new(resourceId=absent), "NOT_FOUND", "NotFoundError", "resourceId", False,
        ),
        "student": (
            desk.new(studentId=absent), "NOT_FOUND", "NotFoundError", "studentId", False,
        ),
        "absent": ({"delete": {"id": absent}}, "NOT_FOUND", "NotFoundError", "id", False),
        "label of a task": (
            {"update": {"id": open_task, "label": "x" * 301}},
            "INVALID", "ValidationError", "label", True,
        ),
        "move": (
            {"update": {"id": done_task, "status": "SKIPPED"}},
            "INVALID", "InvalidTransitionError", "id", True,
        ),
        "malformed id": ({"delete": {"id": "7"}}, "INVALID", "ValidationError", "id", False),
        "malformed student": (
            desk.new(studentId="7"), "INVALID", "ValidationError", "studentId", False,
        ),
        "NUL": (desk.new(label="a\x00b"), "INVALID", "ValidationError", "label", False),
        "null": (
            {"update": {"id": open_task, "label": None}},
            "INVALID", "ValidationError", "label", False,
        ),
    }  # fmt: skip


async def test_each_refusal_has_its_outcome_type_and_path(desk: Desk) -> None:
    (open_task, *_), (done_task, *_) = (
        await desk.tasks(TaskStatus.TODO),
        await desk.tasks(TaskStatus.DONE),
    )
    cases = refused_operations(desk, open_task, done_task)
    before = await tables(desk.dsn)
    payload = await desk.send(*(operation for operation, *_ in cases.values()))
    assert payload["errors"] == payload["events"] == []
    for index, (name, result) in enumerate(zip(cases, payload["results"], strict=True)):
        _, outcome, kind, field, named = cases[name]
        assert (result["outcome"], result["error"]["__typename"]) == (outcome, kind), name
        assert result["error"]["path"] == ["operations", str(index), field], name
        assert (result["id"] is not None, result["task"]) == (named, None), name
    assert await tables(desk.dsn) == before


async def test_the_state_that_a_task_is_in_already_is_no_move(desk: Desk) -> None:
    done, *_ = await desk.tasks(TaskStatus.DONE)
    payload = await desk.send({"update": {"id": done, "status": "DONE"}})
    assert (outcomes(payload), payload["events"]) == (["UPDATED"], [])


@pytest.mark.parametrize("count", [0, 201])
async def test_none_and_too_many_are_refused_whole(desk: Desk, count: int) -> None:
    payload = await desk.send(*[desk.new()] * count)
    assert refusals(payload) == [("ValidationError", "operations")]
    assert payload["results"] == []


async def test_two_hundred_are_carried_out(desk: Desk) -> None:
    payload = await desk.send(*[desk.new()] * 200)
    assert outcomes(payload) == ["CREATED"] * 200
    assert len({result["task"]["id"] for result in payload["results"]}) == 200


@pytest.mark.parametrize(
    "operation", [{}, {"create": None}, {"delete": {"id": "a"}, "update": None}]
)
async def test_an_operation_is_exactly_one_of_the_three(desk: Desk, operation: Any) -> None:
    document = (
        "mutation ($o: [BulkTaskOperation!]!) { bulkTasks(input: {operations: $o}) { __typename } }"
    )
    answer = await desk.gate.ask(desk.viewer, document, o=[operation])
    assert [error.extensions["code"] for error in answer.errors or ()] == ["BAD_USER_INPUT"]


async def test_a_foreign_task_is_not_there(
    own_gate: Gate, own_school: str, people: People, student: Viewer
) -> None:
    theirs = Desk(own_gate, own_school, student, people.students[1].id)
    foreign, *_ = await theirs.tasks(TaskStatus.TODO)
    absent = str(uuid4())
    before = await tables(own_school)

    def operations(task: str, pupil: str) -> list[Any]:
        return [
            {"update": {"id": task, "weight": 1}},
            {"update": {"id": task, "status": "DONE"}},
            {"delete": {"id": task}},
            {"create": {"studentId": pupil, "label": "x"}},
        ]

    found = await theirs.send(*operations(foreign, str(theirs.student_id)))
    nothing = await theirs.send(*operations(absent, absent))
    for result in (*found["results"], *nothing["results"]):
        assert result["error"].pop("id") in (foreign, absent, str(theirs.student_id))
    assert found == nothing
    assert outcomes(found) == ["NOT_FOUND"] * 4
    assert await tables(own_school) == before


async def test_a_parent_may_not(
    own_gate: Gate, own_school: str, parent: Viewer, people: People
) -> None:
    desk = Desk(own_gate, own_school, parent, people.students[0].id)
    payload = await desk.send(desk.new())
    assert [error["requiredRoles"] for error in payload["errors"]] == [
        ["STUDENT", "COACH", "ADMIN"]
    ]
    assert payload["results"] == []


async def test_a_coach_writes_to_several_files_at_once(
    own_gate: Gate, own_school: str, admin: Viewer, people: People
) -> None:
    first, second, *_ = people.students
    desk = Desk(own_gate, own_school, admin, first.id)
    payload = await desk.send(desk.new(studentId=str(second.id)), desk.new(), desk.new())
    assert outcomes(payload) == ["CREATED"] * 3
    written = await read(
        own_school,
        "SELECT e.seq = s.version AS head, e.student_id FROM events e"
        " JOIN students s ON s.id = e.student_id AND s.version = e.seq"
        " WHERE s.id = ANY ($1)",
        [first.id, second.id],
    )
    assert len(written) == 2


async def test_a_retry_gives_the_first_answer_again(desk: Desk) -> None:
    first, second, third, *_ = await desk.tasks(TaskStatus.TODO)
    operations = [
        desk.new(),
        {"update": {"id": first, "weight": 2.5}},
        {"update": {"id": second, "weight": 2.5}},
        {"delete": {"id": second}},
        {"update": {"id": third, "status": "DONE"}},
        {"update": {"id": third, "status": "SKIPPED"}},
        {"delete": {"id": str(uuid4())}},
        {"delete": {"id": "7"}},
        desk.new(label=""),
    ]
    answered = await desk.send(*operations, idempotencyKey="k")
    assert answered["results"][2]["task"] is None  # taken away by the next
    changed = await desk.send({"update": {"id": first, "weight": 0.5, "status": "DONE"}})
    assert outcomes(changed) == ["UPDATED"]
    before = await tables(desk.dsn)
    assert await desk.send(*operations, idempotencyKey="k") == answered
    assert await tables(desk.dsn) == before


async def test_a_key_that_served_is_refused_for_other_operations(desk: Desk) -> None:
    first, *_ = await desk.tasks(TaskStatus.TODO)
    await desk.send({"update": {"id": first}}, idempotencyKey="k")
    payload = await desk.send({"update": {"id": first, "label": "keep"}}, idempotencyKey="k")
    assert refusals(payload) == [("ConflictError", "idempotencyKey")]


async def test_requests_that_cross_do_not_wait_in_a_ring(
    own_gate: Gate, own_school: str, people: People
) -> None:
    """Each names the same pupils, in the other order."""
    viewer = Viewer("admin", Role.ADMIN)
    pupils = [str(pupil.id) for pupil in people.students[:3]]
    desk = Desk(own_gate, own_school, viewer, pupils[0])
    there = [desk.new(studentId=id) for id in pupils]
    back = there[::-1]
    found = await asyncio.gather(*(desk.send(*(there, back)[i % 2]) for i in range(8)))
    assert [outcomes(payload) for payload in found] == [["CREATED"] * 3] * 8
