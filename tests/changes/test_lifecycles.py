"""Every state, every action, every role: what may be moved is, and is journaled; nothing else."""

from itertools import count, product
from typing import Any

import asyncpg
import pytest
from changing import change, refusals
from conftest import CLOCK
from factories import insert
from own_tutoring import Desk
from tutoring import HOUR, MORNING
from untouched import untouched

from models.evaluation import EvaluationAction
from models.lifecycle import Action
from models.study_session import StudySessionAction
from models.task import TaskAction
from models.vocabulary import EvaluationStatus, EventKind, Role, SessionStatus, TaskStatus
from services.access import GRANTS, Permission

pytestmark = pytest.mark.anyio

TASK_MUTATIONS = {
    TaskAction.COMPLETE: "completeTask",
    TaskAction.SKIP: "skipTask",
    TaskAction.REOPEN: "reopenTask",
}
SESSION_MUTATIONS = {
    StudySessionAction.CONFIRM: "confirmSession",
    StudySessionAction.CANCEL: "cancelSession",
}
STATUSES: dict[type[Action], Any] = {
    TaskAction: TaskStatus,
    StudySessionAction: SessionStatus,
    EvaluationAction: EvaluationStatus,
}

_hours = count()


def cases(mutations: dict[Any, str], *more: Any) -> list[Any]:
    """Each state with each action and role; fails at import where an action has no mutation."""
    actions: Any = type(next(iter(mutations)))
    assert set(mutations) == set(actions)
    return [
        pytest.param(*case, id="-".join(str(getattr(part, "name", part)) for part in case))
        for case in product(STATUSES[actions], mutations, Role, *more)
    ]


async def refused_transition(
    desk: Desk, role: Role, name: str, id: str, status: Any, action: Any
) -> None:
    """The move is answered with what would be possible, and nothing is written."""
    kind = f"{name[0].upper()}{name[1:]}Input!"
    document = f"""mutation ($input: {kind}) {{ done: {name}(input: $input) {{
      events {{ id }}
      errors {{ __typename path ... on InvalidTransitionError {{ from to allowed }} }} }} }}"""
    async with untouched(desk.school.db):
        answer = await desk.ask(desk.viewer(role), document, input={"id": id})
    assert answer.errors is None
    error = {
        "__typename": "InvalidTransitionError",
        "path": ["id"],
        "from": status.name,
        "to": action.target.name,
        "allowed": [each.target.name for each in type(action) if status in each.sources],
    }
    assert answer.data == {"done": {"events": [], "errors": [error]}}


async def forbidden(desk: Desk, role: Role, name: str, id: str, permission: Permission) -> None:
    async with untouched(desk.school.db):
        payload = await change(desk.school.gate, desk.viewer(role), name, id=id)
    assert refusals(payload) == [("ForbiddenError", "")]
    with_it = [each.value for each in Role if permission in GRANTS[each]]
    assert payload["errors"][0]["requiredRoles"] == with_it


async def moved(
    desk: Desk, role: Role, name: str, id: str, table: str, status: Any, action: Any
) -> None:
    """The row has its new state, and the journal one entry that tells both."""
    version = await desk.version()
    payload = await change(desk.school.gate, desk.viewer(role), name, id=id)
    assert payload["errors"] == []
    (event,) = payload["events"]
    assert (event["seq"], event["kind"]) == (version + 1, action.event.name)
    assert event["actor"] == {"id": desk.viewer(role).id}
    assert event["entity"]["id"] == id
    facts = {part: event["payload"][part] for part in ("before", "after")}
    assert facts == {"before": {"status": status.name}, "after": {"status": action.target.name}}
    assert await status_of(desk, table, id) == action.target.value
    assert await desk.kinds(version) == [action.event.name]


async def status_of(desk: Desk, table: str, id: str) -> str:
    found: str = await desk.school.db.fetchval(
        f"SELECT status::text FROM nexus_app.{table} WHERE id = $1",  # noqa: S608
        id,
    )
    return found


@pytest.mark.parametrize(("status", "action", "role"), cases(TASK_MUTATIONS))
async def test_a_task_moves_as_its_lifecycle_says(
    desk: Desk, status: TaskStatus, action: TaskAction, role: Role
) -> None:
    id, name = await desk.task(status.value), TASK_MUTATIONS[action]
    if Permission.TASK_WRITE not in GRANTS[role]:
        await forbidden(desk, role, name, id, Permission.TASK_WRITE)
    elif status in action.sources:
        await moved(desk, role, name, id, "tasks", status, action)
        closed = await desk.school.db.fetchval(
            "SELECT closed_at FROM nexus_app.tasks WHERE id = $1", id
        )
        assert closed == (None if action.target is TaskStatus.TODO else CLOCK)
    else:
        await refused_transition(desk, role, name, id, status, action)


AWAITED = (Role.COACH, Role.STUDENT)


@pytest.mark.parametrize(("status", "action", "role", "awaited"), cases(SESSION_MUTATIONS, AWAITED))
async def test_a_session_moves_as_its_lifecycle_says(
    desk: Desk, status: SessionStatus, action: StudySessionAction, role: Role, awaited: Role
) -> None:
    proposed = status is SessionStatus.PROPOSE
    id = await desk.school.session(
        desk.pupil,
        MORNING + next(_hours) * HOUR,
        status=status.value,
        awaiting=awaited.value if proposed else None,
    )
    name = SESSION_MUTATIONS[action]
    if Permission.SESSION_WRITE not in GRANTS[role]:
        await forbidden(desk, role, name, id, Permission.SESSION_WRITE)
    elif action is StudySessionAction.CANCEL and status is SessionStatus.ANNULE:
        async with untouched(desk.school.db):  # to cancel twice is to cancel once
            payload = await change(desk.school.gate, desk.viewer(role), name, id=id)
        assert (payload["errors"], payload["events"]) == ([], [])
    elif status not in action.sources:
        await refused_transition(desk, role, name, id, status, action)
    elif action is StudySessionAction.CONFIRM and role not in (awaited, Role.ADMIN):
        async with untouched(desk.school.db):
            payload = await change(desk.school.gate, desk.viewer(role), name, id=id)
        assert refusals(payload) == [("ForbiddenError", "id")]
        assert payload["errors"][0]["requiredRoles"] == [awaited.value]
    else:
        await moved(desk, role, name, id, "sessions", status, action)


# --- as declared


@pytest.mark.parametrize("actions", STATUSES, ids=lambda actions: actions.__name__)
def test_a_lifecycle_is_declared_over_the_states_of_its_entity(actions: type[Action]) -> None:
    states = set(STATUSES[actions])
    for action in actions:
        assert action.sources <= states
        assert action.target in states - action.sources
        assert isinstance(action.event, EventKind)
    assert len({action.event for action in actions}) == len(actions)
    begun = next(iter(STATUSES[actions]))
    reached = {begun}
    for _ in states:
        reached |= {action.target for action in actions if action.sources & reached}
    assert reached == states


def test_every_lifecycle_there_is_has_its_tests() -> None:
    assert set(Action.__subclasses__()) == set(STATUSES)


def test_an_evaluation_is_submitted_then_graded() -> None:
    proposed, submitted, graded = EvaluationStatus
    assert {action: (action.sources, action.target) for action in EvaluationAction} == {
        EvaluationAction.SUBMIT: ({proposed}, submitted),
        EvaluationAction.GRADE: ({submitted}, graded),
    }


# --- as PostgreSQL sees it

CONTRADICTIONS: list[tuple[str, dict[str, Any], str]] = [
    ("tasks", {"status": "Todo", "closed_at": CLOCK}, "closed_when_not_open"),
    ("tasks", {"status": "Done", "closed_at": None}, "closed_when_not_open"),
    ("tasks", {"status": "Skipped", "closed_at": None}, "closed_when_not_open"),
    ("sessions", {"status": "Proposé", "awaiting": None}, "proposal_awaits"),
    ("sessions", {"status": "Confirmé", "awaiting": "COACH"}, "proposal_awaits"),
    ("sessions", {"status": "Annulé", "awaiting": "STUDENT"}, "proposal_awaits"),
    ("evaluations", {"status": "Proposé", "graded_at": CLOCK}, "graded_at_known"),
    ("evaluations", {"status": "Soumis", "submitted_at": CLOCK, "graded_at": CLOCK}, "graded_at"),
    ("evaluations", {"status": "Soumis", "submitted_at": None}, "submitted_known"),
    (
        "evaluations",
        {"status": "Corrigé", "submitted_at": CLOCK, "score_20": 12.0, "graded_at": None},
        "graded_at_known",
    ),
    (
        "evaluations",
        {"status": "Corrigé", "submitted_at": CLOCK, "score_20": None, "graded_at": CLOCK},
        "graded_has_score",
    ),
    (
        "evaluations",
        {"status": "Corrigé", "submitted_at": None, "score_20": 12.0, "graded_at": CLOCK},
        "submitted_known",
    ),
]


@pytest.mark.parametrize(("table", "given", "check"), CONTRADICTIONS)
async def test_a_status_that_contradicts_its_row_is_refused_by_the_database(
    desk: Desk, table: str, given: dict[str, Any], check: str
) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match=check):
        await insert(desk.school.db, table, student_id=desk.pupil.id, **given)
