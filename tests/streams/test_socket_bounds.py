"""An operation on a socket is bound like one over HTTP: in its time, and in what it is told."""

import asyncpg
import pytest
from following import UPDATES
from served import serving
from talking import talking

from gateway.settings import Settings
from services.access import Viewer
from services.demo_school import People

pytestmark = pytest.mark.anyio

TASKS = "query ($id: ID!) { student(id: $id) { tasks { nodes { id } } } }"


async def test_a_query_on_a_socket_may_take_no_longer_than_over_http(
    live_settings: Settings, student: Viewer, people: People, token_of
) -> None:
    hasty = live_settings.model_copy(update={"operation_timeout": 0.3})
    owner = await asyncpg.connect(live_settings.asyncpg_dsn)
    async with serving(hasty) as served, talking(served.socket_url, token_of(student)) as talk:
        async with owner.transaction():
            await owner.execute("LOCK TABLE nexus_app.tasks IN ACCESS EXCLUSIVE MODE")
            await talk.subscribe("slow", TASKS, id=str(people.students[0].id))
            answer = await talk.hear()
        (error,) = answer["payload"]["errors"]
        assert error["message"] == "the operation took longer than 0.3 s"
    await owner.close()


@pytest.mark.parametrize("introspection", [True, False])
async def test_values_are_suggested_on_a_socket_only_where_the_schema_is_open(
    live_settings: Settings, student: Viewer, people: People, token_of, *, introspection: bool
) -> None:
    settings = live_settings.model_copy(update={"introspection": introspection})
    pupil = str(people.students[0].id)
    async with serving(settings) as served, talking(served.socket_url, token_of(student)) as talk:
        await talk.subscribe("live", UPDATES, id=pupil, kinds=["TASK_CREATE"])
        said = str(await talk.hear())
    assert "TASK_CREATE" in said
    assert ("Did you mean" in said) is introspection
