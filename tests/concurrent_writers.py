"""Writers who change the same files at once, at random, and a reader who follows the journals."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import asyncpg
from conftest import Gate
from faults import listening
from graphql import ExecutionResult
from hypothesis import strategies as st
from sqlalchemy.util import await_only
from tutoring import ADMIN, HOUR, MORNING, Pupil

ZONES = ("Europe/Paris", "America/Martinique", "Indian/Reunion")
MEASURED = {"chapterCode": "MATHS-T-SUITES", "competenceCode": "MATHS-C-CALCULER"}
SHOWN = {
    "createTask": "task { id }",
    "bookSession": "session { id }",
    "bulkTasks": "results { task { id } error { __typename } }",
    "cancelSessions": "results { outcome }",
}

Input = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One change; `pupil`, `row` and `number` say of what, among what there is by then."""

    verb: str
    pupil: int
    row: int
    number: int


VERBS = (
    "createTask",
    "updateTask",
    "completeTask",
    "skipTask",
    "reopenTask",
    "deleteTask",
    "bulkTasks",
    "bookSession",
    "confirmSession",
    "cancelSession",
    "cancelSessions",
    "recordProgress",
    "updateStudentProfile",
    "setEntitlement",
)
steps = st.builds(
    Step, st.sampled_from(VERBS), st.integers(0, 2), st.integers(0, 50), st.integers(0, 4)
)
writers = st.lists(st.lists(steps, min_size=5, max_size=8), min_size=4, max_size=6)
pauses = st.lists(st.sampled_from([0.0, 0.0005, 0.001, 0.003]), min_size=5, max_size=30)


@contextmanager
def pausing(gate: Gate, seconds: Sequence[float]) -> Iterator[None]:
    """Wait before each statement of a change: these times in turn."""
    turns = cycle(seconds)

    def told(_: str) -> None:
        await_only(asyncio.sleep(next(turns)))

    with listening(gate.sessions.kw["bind"], told):
        yield


@dataclass
class School:
    """Three pupils, and the rows that there ever were of each: some are gone by now."""

    gate: Gate
    pupils: list[Pupil]
    tasks: list[list[str]] = field(default_factory=lambda: [[], [], []])
    sessions: list[list[str]] = field(default_factory=lambda: [[], [], []])

    async def write(self, steps: Sequence[Step]) -> None:
        """One change after the other; it may be refused, it must not fail."""
        for step in steps:
            given = self._input(step)
            if given is not None:
                answer = await self._send(step.verb, given)
                assert answer.errors is None, answer.errors
                self._remember(step, answer.data or {})

    async def _send(self, name: str, given: Input) -> ExecutionResult:
        kind = f"{name[0].upper()}{name[1:]}Input!"
        shown = SHOWN.get(name, "")
        document = f"""mutation ($input: {kind}) {{ done: {name}(input: $input) {{
          {shown} errors {{ __typename }} }} }}"""
        return await self.gate.ask(ADMIN, document, input=given)

    def _remember(self, step: Step, data: dict[str, Any]) -> None:
        done = data["done"]
        if step.verb == "createTask":
            self.tasks[step.pupil].append(done["task"]["id"])
        if step.verb == "bookSession" and done["session"]:
            self.sessions[step.pupil].append(done["session"]["id"])

    def _input(self, step: Step) -> Input | None:
        """What to send; None where the pupil has no such row yet."""
        student = {"studentId": str(self.pupils[step.pupil].id)}
        match step.verb:
            case "createTask":
                return {**student, "label": "Lire", "weight": step.number}
            case "bookSession":
                start = MORNING + step.number * HOUR
                slot = {"slotStart": start.isoformat(), "slotEnd": (start + HOUR).isoformat()}
                return {**student, "kind": "VISIO", **slot}
            case "recordProgress":
                measure = {**MEASURED, "score": step.number / 4}
                return {**student, "subject": "MATHS", "evidence": [measure]}
            case "updateStudentProfile":
                return {**student, "timeZone": ZONES[step.number % 3]}
            case "setEntitlement":
                return {**student, "tier": ("PLUS", "PRO")[step.number % 2]}
            case "bulkTasks":
                return self._many(step)
            case "cancelSessions":
                ids = [one for each in self.sessions for one in each[step.number % 2 :: 2]]
                return {"ids": ids} if ids else None
        rows = self.sessions if step.verb.endswith("Session") else self.tasks
        if not rows[step.pupil]:
            return None
        one: Input = {"id": rows[step.pupil][step.row % len(rows[step.pupil])]}
        return {**one, "weight": step.number} if step.verb == "updateTask" else one

    def _many(self, step: Step) -> Input:
        """Something for each pupil, in an order that differs from one request to the next."""
        operations: list[Input] = []
        for place in sorted(range(3), key=lambda one: (one + step.number) % 3):
            id = str(self.pupils[place].id)
            operations.append({"create": {"studentId": id, "label": "Relire"}})
            if tasks := self.tasks[place]:
                chosen = tasks[step.row % len(tasks)]
                status = ("TODO", "DONE", "SKIPPED")[step.number % 3]
                operations.append({"update": {"id": chosen, "status": status, "weight": 3.5}})
        return {"operations": operations}


async def follow(db: asyncpg.Connection, pupils: Sequence[Pupil], ended: asyncio.Event) -> int:
    """Read the journals from where one stands, again and again; how often something was new.

    Never is an entry seen before the one that it follows, nor a version without its entry.
    """
    heads = dict.fromkeys((pupil.id for pupil in pupils), 0)
    found_new = 0
    last = False
    while not last:
        last = ended.is_set()
        for student, head in heads.items():
            version, seqs = await db.fetchrow(
                "SELECT version, ARRAY(SELECT seq FROM nexus_app.events"
                " WHERE student_id = s.id AND seq > $2 ORDER BY seq)"
                " FROM nexus_app.students s WHERE id = $1",
                student,
                head,
            )
            assert seqs == list(range(head + 1, version + 1))
            heads[student] = version
            found_new += bool(seqs)
        await asyncio.sleep(0)
    return found_new
