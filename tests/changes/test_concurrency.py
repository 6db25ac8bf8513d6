"""Changes that meet: each is made once, and everybody else is told what became of it."""

import asyncio
from typing import Any

import pytest
from changing import change, refusals
from own_tutoring import ADMIN, Desk
from untouched import untouched

from models.vocabulary import Role

pytestmark = pytest.mark.anyio

REFUSAL = """
mutation ($input: CompleteTaskInput!) { done: completeTask(input: $input) {
  task { id status }
  errors { __typename path ... on InvalidTransitionError { from to allowed } } } }
"""


async def completed(desk: Desk, role: Role, id: str) -> dict[str, Any]:
    answer = await desk.ask(desk.viewer(role), REFUSAL, input={"id": id})
    assert answer.errors is None
    assert answer.data is not None
    done: dict[str, Any] = answer.data["done"]
    return done


async def test_of_fifty_who_complete_a_task_at_once_one_does(desk: Desk) -> None:
    id, version = await desk.task(), await desk.version()
    roles = (Role.STUDENT, Role.COACH, Role.ADMIN)
    answers = await asyncio.gather(*(completed(desk, roles[n % 3], id) for n in range(50)))
    (done,) = (answer for answer in answers if not answer["errors"])
    assert done["task"] == {"id": id, "status": "DONE"}
    refused = {
        "__typename": "InvalidTransitionError",
        "path": ["id"],
        "from": "DONE",
        "to": "DONE",
        "allowed": ["TODO"],
    }
    told = [answer for answer in answers if answer["errors"]]
    assert told == [{"task": None, "errors": [refused]}] * 49
    assert await desk.kinds(version) == ["TASK_COMPLETED"]
    assert await desk.version() == version + 1


async def test_tasks_of_one_pupil_completed_at_once_are_journaled_one_after_the_other(
    desk: Desk,
) -> None:
    ids, version = [await desk.task() for _ in range(20)], await desk.version()
    answers = await asyncio.gather(
        *(change(desk.school.gate, ADMIN, "completeTask", id=id) for id in ids)
    )
    seqs = sorted(event["seq"] for answer in answers for event in answer["events"])
    assert seqs == list(range(version + 1, version + 21))
    assert await desk.kinds(version) == ["TASK_COMPLETED"] * 20


@pytest.mark.parametrize("name", ["updateTask", "updateStudentProfile"])
async def test_of_ten_edits_of_one_version_one_is_made(desk: Desk, name: str) -> None:
    version = await desk.version()
    given: dict[str, Any] = {"studentId": str(desk.pupil.id)}
    if name == "updateTask":
        given = {"id": await desk.task()}
    text = "label" if name == "updateTask" else "displayName"
    answers = await asyncio.gather(
        *(
            change(
                desk.school.gate,
                ADMIN,
                name,
                **given,
                **{text: f"Le {n}e texte", "expectedVersion": version},
            )
            for n in range(10)
        )
    )
    assert sorted(map(refusals, answers)) == [[], *[[("ConflictError", "expectedVersion")]] * 9]
    current = {error["currentVersion"] for answer in answers for error in answer["errors"]}
    assert current == {version + 1}
    assert await desk.version() == version + 1


async def test_the_version_that_a_refusal_tells_is_the_one_to_edit(desk: Desk) -> None:
    id = await desk.task()
    refused = await change(
        desk.school.gate, ADMIN, "updateTask", id=id, weight=2, expectedVersion=-1
    )
    current = refused["errors"][0]["currentVersion"]
    done = await change(
        desk.school.gate, ADMIN, "updateTask", id=id, weight=2, expectedVersion=current
    )
    assert done["errors"] == []


async def test_a_stale_edit_writes_nothing(desk: Desk) -> None:
    id, version = await desk.task(), await desk.version()
    async with untouched(desk.school.db):
        refused = await change(
            desk.school.gate, ADMIN, "updateTask", id=id, weight=2, expectedVersion=version + 1
        )
    assert refusals(refused) == [("ConflictError", "expectedVersion")]


async def test_a_task_deleted_and_completed_at_once_is_either_first(desk: Desk) -> None:
    """Never completed after it was gone, and never left without an answer."""
    ids, version = [await desk.task() for _ in range(10)], await desk.version()
    names = ("completeTask", "deleteTask")
    answers = await asyncio.gather(
        *(change(desk.school.gate, ADMIN, name, id=id) for id in ids for name in names)
    )
    assert [answer["errors"] for answer in answers[1::2]] == [[]] * 10
    late = [refusals(answer) for answer in answers[::2] if answer["errors"]]
    assert late == [[("NotFoundError", "id")]] * len(late)
    kinds = await desk.kinds(version)
    assert kinds.count("TASK_DELETED") == 10
    assert kinds.count("TASK_COMPLETED") == 10 - len(late)
