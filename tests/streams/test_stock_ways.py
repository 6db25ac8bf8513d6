"""What one stock client does in a way of its own, and what each is told of long work."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from events import STREAM
from following import CREATE, eventually
from served import Served
from stock import LIVE, NOW, Scene, Stock
from working import KIND, Office, opened

from gateway.embedded import Servers
from jobs.registry import Running
from services import jobs

pytestmark = pytest.mark.anyio

JSON = "application/graphql-response+json"
URQL_ASKS = f"{JSON}, application/graphql+json, application/json, {STREAM}, multipart/mixed"
URQL_SUBSCRIBES = f"{STREAM}, multipart/mixed"
COHORT = "subscription Cohort { cohortUpdates { event { seq } } }"
JOB = "subscription Job($id: ID!) { jobUpdates(id: $id) { id status progress message } }"


@pytest.fixture
def served(kept: Served) -> Served:
    return kept


@pytest.fixture
async def office(servers: Servers, module_school: str, anyio_backend: str) -> AsyncIterator[Office]:
    """Where the gateway's own school asks for work."""
    async with opened(module_school, servers.redis_url) as found:
        yield found


async def test_urql_is_answered_in_json_save_what_it_subscribes_to(scene: Scene) -> None:
    async with scene.client("urql-fetch") as one:
        await scene.subscribed(one)
        await scene.goes_on(one)
        assert await one.ask(NOW, id=scene.pupil)
        await one.asks("change", CREATE, id=scene.pupil, label="Lire")
        assert {(await one.hear())["name"], (await one.hear())["name"]} == {"change", "live"}
        await one.stop("live")
        plain = {"type": "request", "status": 200, "accept": URQL_ASKS, "answer": JSON}
        assert one.requests == [
            {**plain, "method": "POST", "accept": URQL_SUBSCRIBES, "answer": STREAM},
            {**plain, "method": "GET"},
            {**plain, "method": "POST"},
        ]


async def test_two_subscriptions_of_graphql_sse_come_on_one_stream(scene: Scene) -> None:
    async with scene.client("graphql-sse-single") as one:
        await scene.subscribed(one)
        await scene.goes_on(one)
        await one.subscribe("cohort", COHORT)
        state = scene.served.app.state
        await eventually(lambda: state.followers._cohorts)
        assert (state.admission.connection.taken, state.admission.subscription.taken) == (1, 2)
        seq = await scene.change()
        heard = [await one.hear(), await one.hear()]
        assert {each["name"] for each in heard} == {"live", "cohort"}
        for each in heard:
            (update,) = each["payload"]["data"].values()
            assert update["event"]["seq"] == seq
        await one.stop("live", "cohort")


async def test_apollo_over_http_alone_is_told_that_subscriptions_are_not_multipart(
    scene: Scene,
) -> None:
    async with scene.client("apollo-http") as one:
        assert (await one.ask(NOW, id=scene.pupil))["student"]["version"]
        await one.subscribe("live", LIVE, id=scene.pupil)
        assert await one.refused("live") == ["NOT_ACCEPTABLE"]


@pytest.mark.parametrize(
    "client", ["graphql-ws", "apollo-ws", "graphql-sse", "graphql-sse-single", "apollo-sse"]
)
async def test_a_client_is_told_of_a_job_from_its_request_to_its_end(
    scene: Scene, office: Office, client: str
) -> None:
    half, end = asyncio.Event(), asyncio.Event()

    async def export(running: Running) -> None:
        await half.wait()
        await running.advance(0.5, message="Page 3 sur 6")
        await end.wait()

    async with office.change(scene.viewer) as work:
        id = str((await jobs.enqueue(work, KIND)).id)
    async with scene.client(client) as one:
        await one.subscribe("job", JOB, id=id)
        assert await told(one) == (id, "QUEUED", 0, None)
        async with office.worker({KIND: export}):
            assert await told(one) == (id, "RUNNING", 0, None)
            half.set()
            assert await told(one) == (id, "RUNNING", 0.5, "Page 3 sur 6")
            end.set()
            assert (await told(one))[:3] == (id, "SUCCEEDED", 1)
        assert await one.hear() == {"type": "complete", "name": "job"}


async def told(one: Stock) -> tuple[str, str, float, str | None]:
    job = (await one.next("job"))["jobUpdates"]
    return job["id"], job["status"], job["progress"], job["message"]
