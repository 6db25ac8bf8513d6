"""Those who change something: through the API, and in transactions that may be undone."""

import asyncio
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from gateway.chaos.cluster import Cluster
from gateway.chaos.school import School
from models.vocabulary import Role
from services import journal, tasks
from services.access import Viewer
from services.unit_of_work import Work, open_engine, sessions, unit_of_work
from subscriptions.bell import Bell
from subscriptions.connection import connect

LONGEST_PAUSE = 0.6  # seconds between two changes of one writer
PATIENCE = 15.0  # seconds for an answer
OPEN = 3  # pupils' tasks that are remembered, to be done later
AWAY = (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, RedisError)

CREATE = """
mutation ($id: ID!) {
  createTask(input: {studentId: $id, label: "Chaos"}) { task { id } errors { message } }
}
"""
COMPLETE = """
mutation ($id: ID!) { completeTask(input: {id: $id}) { errors { message } } }
"""
# each is refused where it is so already, which changes nothing
LINKS = tuple(
    f"mutation ($id: ID!, $person: ID!) {{ {change}"
    "(input: {studentId: $id, personId: $person}) { errors { message } } }"
    for change in ("linkGuardian", "unlinkGuardian", "assignCoach", "unassignCoach")
)
STRANGERS = ("chaos-1", "chaos-2")  # they come to see pupils and see them no more: nobody listens

# the second operation is refused and undoes nothing but itself
MANY = """
mutation ($id: ID!) {
  bulkTasks(input: {operations: [
    {create: {studentId: $id, label: "Chaos 1"}}
    {create: {studentId: $id, label: ""}}
    {create: {studentId: $id, label: "Chaos 2"}}
  ]}) { errors { message } }
}
"""


class Undone(Exception):
    """Raised in a transaction that has already journaled something."""


class Writers:
    """Concurrent writers on one school. What they could not commit, nobody may hear of."""

    def __init__(self, cluster: Cluster, school: School, dice: Random) -> None:
        self._cluster = cluster
        self._school = school
        self._dice = dice
        self._open: list[tuple[UUID, str]] = []
        self.undone: set[UUID] = set()  # events that were rolled back
        self.committed = 0
        self.failed = 0
        engine = open_engine(cluster.settings.sqlalchemy_url, size=10, statement_timeout_ms=10_000)
        self._engine, self._sessions = engine, sessions(engine)
        self._http = httpx2.AsyncClient(timeout=PATIENCE, trust_env=False)
        self._redis = connect(cluster.valkey.url)
        self._bell = Bell(self._redis)
        self._ringing = asyncio.ensure_future(self._bell.run())

    async def close(self) -> None:
        self._ringing.cancel()
        await asyncio.wait([self._ringing])
        await self._http.aclose()
        await self._redis.aclose()
        await self._engine.dispose()

    async def write(self) -> None:
        """One writer, until it is called off."""
        ways = (
            *(self._create, self._create, self._complete, self._many),
            *(self._link, self._work, self._work),
        )
        while True:
            await asyncio.sleep(self._dice.uniform(0, LONGEST_PAUSE))
            try:
                await self._dice.choice(ways)()
                self.committed += 1
            except Undone:
                pass
            except (*AWAY, httpx2.HTTPError, ValueError):  # servers are away: that is the trial
                self.failed += 1

    async def say(self, student_id: UUID) -> None:
        """One change for sure, now that everything is up again."""
        asked = await self._ask(student_id, CREATE, id=str(student_id))
        if asked["createTask"]["errors"]:
            raise ValueError(asked)

    # -- through the API ---------------------------------------------------------------------

    async def _create(self) -> None:
        student_id = self._dice.choice(self._school.students)
        made = (await self._ask(student_id, CREATE, id=str(student_id)))["createTask"]["task"]
        self._open.append((student_id, made["id"]))

    async def _complete(self) -> None:
        if len(self._open) < OPEN:
            await self._create()
            return
        student_id, id = self._open.pop(self._dice.randrange(len(self._open)))
        await self._ask(student_id, COMPLETE, id=id)

    async def _many(self) -> None:
        student_id = self._dice.choice(self._school.students)
        await self._ask(student_id, MANY, id=str(student_id))

    async def _link(self) -> None:
        """Everyone who follows anyone is asked again whom they see."""
        student_id = self._dice.choice(self._school.students)
        query, person = self._dice.choice(LINKS), self._dice.choice(STRANGERS)
        token = self._school.token(self._school.admin, "ADMIN")
        await self._post(token, query, id=str(student_id), person=person)

    async def _ask(self, student_id: UUID, query: str, **variables: Any) -> dict[str, Any]:
        """Ask one of the gateways as the pupil."""
        token = self._school.token(self._school.users[student_id], "STUDENT")
        return await self._post(token, query, **variables)

    async def _post(self, token: str, query: str, **variables: Any) -> dict[str, Any]:
        answer = await self._http.post(
            f"{self._dice.choice(self._cluster.gateways).url}/graphql",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {token}"},
        )
        told = answer.json()
        if told.get("errors") or not told.get("data"):
            raise ValueError(told)
        found: dict[str, Any] = told["data"]
        return found

    # -- as another process of ours: a job, another gateway -----------------------------------

    async def _work(self) -> None:
        """Several events of one or two pupils in one transaction, rung for or not, or undone."""
        students = self._dice.sample(self._school.students, self._dice.choice((1, 1, 2)))
        count, undo = self._dice.randint(1, 4), self._dice.random() < 0.4
        viewer = Viewer(self._school.admin, Role.ADMIN)
        work: Work
        try:
            async with unit_of_work(self._sessions, viewer, datetime.now(UTC)) as work:
                await journal.lock(work, students)
                for number in range(count):
                    student_id = students[number % len(students)]
                    await tasks.create(work, student_id=student_id, label="Chaos")
                    await asyncio.sleep(self._dice.uniform(0, 0.05))
                if undo:
                    raise Undone
        except Undone:
            self.undone |= {event.id for event in work.events}
            raise
        if self._dice.random() < 0.6:  # else it is found at a heartbeat
            self._bell.ring(work.events)
