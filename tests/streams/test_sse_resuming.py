"""Coming back to an event stream: with `Last-Event-ID`, every event exactly once and in order."""

from uuid import UUID

import pytest
from events import Client, Stream
from following import UPDATES, eventually
from served import Served

from services.access import Viewer
from services.demo_school import People

pytestmark = pytest.mark.anyio

COHORT = "subscription { cohortUpdates { event { seq } } }"
# how many events each stream delivers before it is cut, and how many happen while it is away
LIVES = [
    [(0, 3)],
    [(0, 0), (0, 1)],
    [(1, 1), (1, 1), (1, 1)],
    [(3, 0), (0, 2), (2, 4)],
    [(5, 7), (0, 0), (1, 0), (0, 3)],
]


@pytest.fixture
def served(kept: Served) -> Served:
    return kept


async def made(served: Served, viewer: Viewer, pupil: UUID, count: int) -> list[int]:
    return [await served.work(viewer, pupil) for _ in range(count)]


def back_with(stream: Stream) -> dict[str, str]:
    return {} if stream.last_id is None else {"Last-Event-ID": str(stream.last_id)}


@pytest.mark.parametrize("lives", LIVES, ids=str)
async def test_whoever_comes_back_gets_each_event_once(
    served: Served, client: Client, people: People, student: Viewer, lives: list[tuple[int, int]]
) -> None:
    pupil = people.students[0].id
    headers: dict[str, str] = {}
    happened: list[int] = []
    delivered: list[int] = []
    for taken, missed in lives:
        async with client.stream(headers=headers, id=str(pupil)) as stream:
            await stream.opening()
            happened += await made(served, student, pupil, taken)
            while len(delivered) < len(happened) and taken:
                delivered += await stream.seqs(1)
        headers = back_with(stream)
        happened += await made(served, student, pupil, missed)
    async with client.stream(headers=headers, id=str(pupil)) as stream:
        delivered += await stream.seqs(len(happened) - len(delivered))
        last = await served.work(student, pupil)
        assert [*delivered, *await stream.seqs(1)] == [*happened, last]


@pytest.mark.parametrize("cut", range(4))
async def test_a_cut_anywhere_in_a_replay_loses_and_repeats_nothing(
    served: Served, client: Client, people: People, student: Viewer, cut: int
) -> None:
    pupil = people.students[0].id
    wanted = await made(served, student, pupil, 4)
    after = wanted[0] - 1
    async with client.stream(id=str(pupil), after=after) as stream:
        assert await stream.opening()
        delivered = await stream.seqs(cut)
    async with client.stream(headers=back_with(stream), id=str(pupil), after=after) as stream:
        delivered += await stream.seqs(4 - cut)
    assert delivered == wanted


async def test_the_last_id_goes_before_the_argument(
    served: Served, client: Client, people: People, student: Viewer
) -> None:
    pupil = people.students[0].id
    *_, before, last = await made(served, student, pupil, 3)
    headers = {"Last-Event-ID": str(before)}
    async with client.stream(headers=headers, id=str(pupil), after=0) as stream:
        assert (await stream.opening())[-1] == b"id: %d\n\n" % before
        assert await stream.seqs(1) == [last]


async def test_a_stream_of_some_kinds_is_found_again(
    served: Served, client: Client, people: People, student: Viewer
) -> None:
    pupil = people.students[0].id
    async with client.stream(id=str(pupil), kinds=["TASK_COMPLETED"]) as stream:
        await stream.opening()
        await made(served, student, pupil, 2)
    async with client.stream(headers=back_with(stream), id=str(pupil)) as stream:
        first, second = await stream.seqs(2)
    assert second == first + 1


async def test_an_empty_last_id_is_none(client: Client, people: People) -> None:
    headers = {"Last-Event-ID": ""}
    async with client.stream(headers=headers, id=str(people.students[0].id)) as stream:
        assert len(await stream.opening()) == 3


async def test_a_last_id_that_is_none_of_ours_is_refused(client: Client, people: People) -> None:
    asked = {"query": UPDATES, "variables": {"id": str(people.students[0].id)}}
    for id in (b"x", b"-1", b"1.0", "²".encode(), b"9" * 19, b"1000000", b"0x1"):
        headers = [(b"Last-Event-ID", id), (b"Accept", b"text/event-stream, application/json")]
        answer = await client.http.post("/graphql", json=asked, headers=headers)
        assert [each["extensions"]["code"] for each in answer.json()["errors"]] == [
            "BAD_USER_INPUT"
        ]


async def test_a_cohort_has_no_last_id(
    served: Served, client: Client, people: People, student: Viewer
) -> None:
    pupil = people.students[0].id
    await made(served, student, pupil, 2)
    async with client.stream(COHORT, headers={"Last-Event-ID": "1"}) as stream:
        await eventually(lambda: served.app.state.followers._cohorts)
        seq = await served.work(student, pupil)
        told = (await stream.event()).data
    assert told == {"data": {"cohortUpdates": {"event": {"seq": seq}}}}
