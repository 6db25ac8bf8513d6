"""The agents' tasks are worded by a model where there is one, and stay theirs where it fails."""

import json
from typing import Any
from uuid import UUID

import pytest
from conftest import CLOCK
from factories import insert, pupil
from language_model import Mood, babbling, failing, kind, kindly, language_model, saying
from working import Office, until

from gateway.llm import ChatModel
from jobs import wording
from jobs.desk import Desk
from jobs.handlers import handlers
from jobs.timetable import timetable
from models.vocabulary import Agent, Role
from services import agents, students, tasks
from services.access import Viewer
from services.coaching import advise
from services.wording import Text
from subscriptions.bell import Bell
from subscriptions.connection import connect

pytestmark = pytest.mark.anyio

TASKS = """SELECT id, label, reason, weight, due_at, wording #>> '{}' AS wording
  FROM nexus_app.tasks WHERE student_id = $1 ORDER BY id"""
KINDS = """SELECT kind::text, actor_agent::text, payload_json #>> '{}' AS payload
  FROM nexus_app.events WHERE student_id = $1 AND seq > $2 ORDER BY seq"""


def desk_of(office: Office) -> Desk:
    return Desk(office.sessions, Bell(connect("redis://127.0.0.1:1")), lambda: CLOCK)


async def coached(office: Office) -> UUID:
    """A pupil with tasks of the agents, and one of a person's own."""
    id = await pupil(office.db, display_name="Zénobie Quirinal")
    await insert(office.db, "tasks", student_id=id, label="Ma tâche", source="System")
    async with office.change() as work:
        await agents.run(work, student_id=id, agents=(Agent.PLANNER, Agent.COACH))
    return id


async def own_tasks(office: Office, student: UUID) -> dict[UUID, Any]:
    return {row["id"]: row for row in await office.db.fetch(TASKS, student) if row["reason"]}


async def worded_by(office: Office, *moods: Mood) -> list[dict[str, Any]]:
    """What the model was asked, in all."""
    with language_model(*moods) as model:
        chat = ChatModel(model.url, model="small", deadline=20.0, pause=0.01)
        await wording.word(desk_of(office), chat)
        return model.asked


async def version(office: Office, student: UUID) -> int:
    sql = "SELECT version FROM nexus_app.students WHERE id = $1"
    found: int = await office.db.fetchval(sql, student)
    return found


async def test_tasks_of_the_agents_are_worded_and_nothing_else_of_them_changes(
    office: Office,
) -> None:
    student = await coached(office)
    before, head = await own_tasks(office, student), await version(office, student)
    await worded_by(office, kindly)
    after = await own_tasks(office, student)
    assert len(after) > 0
    for id, row in after.items():
        assert (row["label"], row["reason"]) == (
            kind(before[id]["label"]),
            kind(before[id]["reason"]),
        )
        assert (row["weight"], row["due_at"]) == (before[id]["weight"], before[id]["due_at"])
        own = {"label": before[id]["label"], "reason": before[id]["reason"]}
        assert json.loads(row["wording"]) == own
    told = await office.db.fetch(KINDS, student, head)
    assert {(row["kind"], row["actor_agent"]) for row in told} == {("TASK_UPDATED", "COACH")}
    assert json.loads(told[0]["payload"])["fields"] == ["label", "reason"]
    assert len(told) == len(after)


async def test_the_model_is_told_of_no_person(office: Office) -> None:
    student = await coached(office)
    asked = json.dumps(await worded_by(office, kindly), ensure_ascii=False)
    assert "Réviser" in asked or "label" in asked
    for secret in ("Zénobie", "Quirinal", str(student), "Ma tâche"):
        assert secret not in asked


async def test_worded_tasks_are_not_asked_about_again_and_the_coach_leaves_them(
    office: Office,
) -> None:
    student = await coached(office)
    await worded_by(office, kindly)
    before, head = await own_tasks(office, student), await version(office, student)
    assert await worded_by(office, kindly) == []
    async with office.change() as work:
        advice = await advise(work, await students.hold(work, student))
        await agents.run(work, student_id=student)
    assert not advice.changed
    assert await own_tasks(office, student) == before
    assert await version(office, student) == head


async def test_a_reason_that_changes_is_worded_anew_and_the_label_stays(office: Office) -> None:
    student = await coached(office)
    await worded_by(office, kindly)
    (id, worded), *_ = (await own_tasks(office, student)).items()
    await office.db.execute("UPDATE nexus_app.tasks SET weight = 4.9 WHERE id = $1", id)
    async with office.change() as work:
        await advise(work, await students.hold(work, student))
    plain = (await own_tasks(office, student))[id]
    assert plain["reason"] == json.loads(worded["wording"])["reason"]
    await worded_by(office, saying(lambda text: f"Voyons : {text}"))
    again = (await own_tasks(office, student))[id]
    assert (again["label"], again["reason"]) == (worded["label"], f"Voyons : {plain['reason']}")


@pytest.mark.parametrize(
    "mood",
    [
        saying(lambda text: f"{text} Gagne 3 points de plus."),
        saying(lambda text: f"{text} Voir https://exemple.test"),
        saying(lambda _: "Abandonne."),
    ],
)
async def test_what_will_not_do_is_left_and_told_by_its_kind_alone(
    office: Office, caplog: pytest.LogCaptureFixture, mood: Mood
) -> None:
    student = await coached(office)
    before, head = await own_tasks(office, student), await version(office, student)
    await worded_by(office, mood)
    after = await own_tasks(office, student)
    assert {id: row["label"] for id, row in after.items()} == {
        id: row["label"] for id, row in before.items()
    }
    assert await version(office, student) == head
    assert "keep their own words" in caplog.text
    assert all(row["label"] not in caplog.text for row in before.values())
    assert await worded_by(office, kindly) == []  # the same question would have the same answer


@pytest.mark.parametrize(
    ("mood", "asked"), [(failing(502), 2), (babbling("{"), 1), (babbling('{"texts": []}'), 1)]
)
async def test_a_model_that_is_away_or_babbles_is_asked_again_another_time(
    office: Office, mood: Mood, asked: int
) -> None:
    student = await coached(office)
    assert len(await worded_by(office, mood)) == asked
    assert all(row["wording"] is None for row in (await own_tasks(office, student)).values())
    await worded_by(office, kindly)
    assert all(row["wording"] for row in (await own_tasks(office, student)).values())


async def test_no_pupil_is_held_while_the_model_thinks(office: Office) -> None:
    student = await coached(office)
    free: list[bool] = []

    async def thinks(texts: Any) -> list[Text | None]:
        async with office.db.acquire() as db, db.transaction():
            sql = "SELECT id FROM nexus_app.students WHERE id = $1 FOR UPDATE NOWAIT"
            free.append(await db.fetchval(sql, student) == student)
            open_ = """SELECT count(*) FROM pg_stat_activity WHERE application_name = 'nexus'
              AND datname = current_database() AND state LIKE 'idle in transaction%'"""
            free.append(await db.fetchval(open_) == 0)
        return [None] * len(texts)

    await wording.word(desk_of(office), thinks)
    assert set(free) == {True}


async def test_what_a_person_changed_meanwhile_stays_as_the_person_left_it(
    office: Office,
) -> None:
    student = await coached(office)
    (first, *_) = await own_tasks(office, student)

    async def slow(texts: Any) -> list[Text | None]:
        async with office.change(Viewer("a-coach", Role.ADMIN)) as work:
            await tasks.update(work, id=first, label="Autrement")
        return [Text(kind(one.label), kind(one.reason)) for one in texts]

    await wording.word(desk_of(office), slow)
    assert (await own_tasks(office, student))[first]["label"] == "Autrement"


async def test_a_worker_with_a_model_words_what_the_agents_set_and_one_without_does_not(
    office: Office,
) -> None:
    student = await coached(office)
    desk = desk_of(office)
    await wording.ask_for_words(desk)
    async with office.worker(handlers()):
        await office.emptied()
    assert all(row["wording"] is None for row in (await own_tasks(office, student)).values())
    await wording.ask_for_words(desk)
    with language_model(kindly) as model:
        chat = ChatModel(model.url, model="small", deadline=20.0)
        async with office.worker(handlers(chat)):

            async def worded() -> bool:
                rows = (await own_tasks(office, student)).values()
                return all(row["wording"] for row in rows)

            await until(worded)


async def test_only_where_there_is_a_model_is_it_asked_at_set_times(office: Office) -> None:
    async def says_nothing(texts: Any) -> list[Text | None]:
        return [None] * len(texts)

    names = [
        {chore.name for chore in timetable(office.db, desk_of(office), reword)}
        for reword in (None, says_nothing)
    ]
    assert names[1] - names[0] == {"words of the agents"}
