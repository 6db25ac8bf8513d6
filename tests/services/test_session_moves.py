"""Who is awaited confirms; who is in time cancels, once however often it is asked."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from conftest import CLOCK
from tutoring import (
    ADMIN,
    CANCEL,
    CANCEL_MANY,
    CONFIRM,
    DAY,
    HOUR,
    MORNING,
    Pupil,
    Tutoring,
    coach,
    refusals,
    tutoring,
)

from models.base import uuid7
from models.vocabulary import Role
from services.access import Viewer

pytestmark = pytest.mark.anyio

SECOND = timedelta(seconds=1)
OTHER = coach("other")
PROPOSED = {"status": "Proposé", "awaiting": "COACH"}


@pytest.fixture
async def school(empty_database: str) -> AsyncIterator[Tutoring]:
    async with tutoring(empty_database) as opened:
        yield opened


@pytest.fixture
async def pupil(school: Tutoring) -> Pupil:
    """Followed by two coaches, of whom the first holds the sessions."""
    return await school.pupil("pupil", "coach", "other")


def viewer_of(who: str, pupil: Pupil) -> Viewer:
    return {"pupil": pupil.viewer, "coach": coach(), "other": OTHER, "admin": ADMIN}[who]


# --- confirm


@pytest.mark.parametrize(
    ("awaiting", "who", "confirmed"),
    [
        ("COACH", "coach", True),
        ("COACH", "admin", True),
        ("COACH", "other", False),
        ("COACH", "pupil", False),
        ("STUDENT", "pupil", True),
        ("STUDENT", "admin", True),
        ("STUDENT", "coach", False),
        ("STUDENT", "other", False),
    ],
)
async def test_who_is_awaited_confirms(school: Tutoring, pupil: Pupil, awaiting, who, confirmed):
    id = await school.session(pupil, status="Proposé", awaiting=awaiting)
    done = await school.do(viewer_of(who, pupil), CONFIRM, id=id)
    if confirmed:
        assert done["session"]["status"] == "CONFIRME"
        assert done["session"]["awaiting"] is None
        assert await school.journal(pupil) == ["SESSION_CONFIRMED"]
    else:
        assert refusals(done) == [("ForbiddenError", "id")]
        assert done["errors"][0]["requiredRoles"] == [awaiting]
        assert await school.journal(pupil) == []


@pytest.mark.parametrize(("left", "late"), [(timedelta(), True), (SECOND, False)])
async def test_what_has_begun_is_not_confirmed(school: Tutoring, pupil: Pupil, left, late):
    id = await school.session(pupil, CLOCK + left, **PROPOSED)
    done = await school.do(coach(), CONFIRM, id=id)
    assert refusals(done) == ([("ConflictError", "id")] if late else [])


@pytest.mark.parametrize(("status", "told"), [("Confirmé", "CONFIRME"), ("Annulé", "ANNULE")])
async def test_only_a_proposal_is_confirmed(school: Tutoring, pupil: Pupil, status, told):
    id = await school.session(pupil, status=status)
    (error,) = (await school.do(ADMIN, CONFIRM, id=id))["errors"]
    assert error["__typename"] == "InvalidTransitionError"
    assert (error["from"], error["to"]) == (told, "CONFIRME")


async def test_of_many_who_confirm_at_once_one_does(school: Tutoring, pupil: Pupil):
    id = await school.session(pupil, **PROPOSED)
    answers = await asyncio.gather(*(school.do(coach(), CONFIRM, id=id) for _ in range(6)))
    kinds = sorted(error["__typename"] for done in answers for error in done["errors"])
    assert kinds == ["InvalidTransitionError"] * 5
    assert await school.journal(pupil) == ["SESSION_CONFIRMED"]


@pytest.mark.parametrize("document", [CONFIRM, CANCEL])
@pytest.mark.parametrize("viewer", [coach("far"), Viewer("far", Role.STUDENT)])
async def test_a_foreign_session_is_answered_like_an_absent_one(
    school: Tutoring, pupil: Pupil, viewer: Viewer, document: str
):
    id, absent = await school.session(pupil, **PROPOSED), str(uuid7())
    answers = [await school.do(viewer, document, id=each) for each in (id, absent)]
    assert [refusals(done) for done in answers] == [[("NotFoundError", "id")]] * 2
    assert [done["errors"][0]["id"] for done in answers] == [id, absent]
    assert await school.journal(pupil) == []


# --- cancel


@pytest.mark.parametrize("who", ["pupil", "coach", "other", "admin"])
@pytest.mark.parametrize(("status", "awaiting"), [("Proposé", "STUDENT"), ("Confirmé", None)])
async def test_to_cancel_twice_is_to_cancel_once(
    school: Tutoring, pupil: Pupil, who, status, awaiting
):
    id = await school.session(pupil, status=status, awaiting=awaiting)
    for events in (1, 0):
        done = await school.do(viewer_of(who, pupil), CANCEL, id=id)
        assert (done["session"]["status"], done["session"]["awaiting"]) == ("ANNULE", None)
        assert (len(done["events"]), done["errors"]) == (events, [])
    assert await school.journal(pupil) == ["SESSION_CANCELLED"]


async def test_cancelled_at_once_by_many_it_is_journaled_once(school: Tutoring, pupil: Pupil):
    id = await school.session(pupil)
    answers = await asyncio.gather(*(school.do(ADMIN, CANCEL, id=id) for _ in range(6)))
    assert [done["session"]["status"] for done in answers] == ["ANNULE"] * 6
    assert await school.journal(pupil) == ["SESSION_CANCELLED"]


@pytest.mark.parametrize("notice", [DAY, DAY - SECOND, -HOUR])
@pytest.mark.parametrize("who", ["pupil", "coach", "other", "admin"])
@pytest.mark.parametrize("status", ["Proposé", "Confirmé"])
async def test_a_pupil_cancels_what_is_confirmed_until_24_hours_before(
    school: Tutoring, pupil: Pupil, notice, who, status
):
    awaiting = "COACH" if status == "Proposé" else None
    id = await school.session(pupil, status=status, awaiting=awaiting)
    done = await school.do(viewer_of(who, pupil), CANCEL, at=MORNING - notice, id=id)
    if who == "pupil" and status == "Confirmé" and notice < DAY:
        assert refusals(done) == [("ForbiddenError", "id")]
        assert done["errors"][0]["requiredRoles"] == ["COACH", "ADMIN"]
        assert await school.journal(pupil) == []
    else:
        assert done["session"]["status"] == "ANNULE"


async def test_a_reason_is_kept_with_the_session_and_not_in_the_journal(
    school: Tutoring, pupil: Pupil
):
    id = await school.session(pupil, **PROPOSED)
    done = await school.do(pupil.viewer, CANCEL, id=id, reason="Je suis malade")
    assert [event["payload"] for event in done["events"]] == [
        {"before": {"status": "PROPOSE"}, "after": {"status": "ANNULE"}, "hasReason": True}
    ]


@pytest.mark.parametrize(("length", "wrong"), [(500, []), (501, [("ValidationError", "reason")])])
async def test_a_reason_is_short(school: Tutoring, pupil: Pupil, length: int, wrong):
    id = await school.session(pupil)
    assert refusals(await school.do(coach(), CANCEL, id=id, reason="x" * length)) == wrong


async def test_a_parent_cancels_nothing(school: Tutoring, pupil: Pupil):
    id = await school.session(pupil)
    done = await school.do(Viewer("parent", Role.PARENT), CANCEL, id=id)
    assert done["errors"][0]["requiredRoles"] == ["STUDENT", "COACH", "ADMIN"]


# --- cancel many


async def test_each_of_many_is_answered_in_its_place(school: Tutoring, pupil: Pupil):
    foreign = await school.session(await school.pupil("far"), coach_id="elsewhere")
    gone = await school.session(pupil, MORNING + 5 * HOUR, status="Annulé")
    late = await school.session(pupil, CLOCK + HOUR)
    early = await school.session(pupil, MORNING + DAY)
    ids = [early, foreign, late, gone, str(uuid7()), early, late]
    done = await school.do(pupil.viewer, CANCEL_MANY, ids=ids, reason="…")
    assert [(each["id"], each["outcome"]) for each in done["results"]] == [
        (early, "CANCELLED"),
        (foreign, "NOT_FOUND"),
        (late, "FORBIDDEN"),
        (gone, "ALREADY_CANCELLED"),
        (ids[4], "NOT_FOUND"),
        (early, "ALREADY_CANCELLED"),
        (late, "FORBIDDEN"),
    ]
    statuses = [each["session"] and each["session"]["status"] for each in done["results"]]
    assert statuses == ["ANNULE", None, "CONFIRME", "ANNULE", None, "ANNULE", "CONFIRME"]
    assert await school.journal(pupil) == ["SESSION_CANCELLED"]


@pytest.mark.parametrize("count", [0, 201])
async def test_there_are_neither_none_nor_too_many(school: Tutoring, pupil: Pupil, count: int):
    done = await school.do(coach(), CANCEL_MANY, ids=[str(uuid7())] * count)
    assert done["results"] == []
    assert refusals(done) == [("ValidationError", "ids")]


async def test_two_hundred_are_cancelled_for_several_pupils_at_once(school: Tutoring):
    pupils = [await school.pupil(f"pupil {i}") for i in range(4)]
    ids = [
        await school.session(pupil, MORNING + (50 * i + n) * HOUR)
        for i, pupil in enumerate(pupils)
        for n in range(50)
    ]
    both = [
        school.do(coach(), CANCEL_MANY, ids=some, idempotencyKey=some[0])
        for some in (ids, ids[::-1])
    ]
    outcomes = [each["outcome"] for done in await asyncio.gather(*both) for each in done["results"]]
    assert sorted(outcomes) == ["ALREADY_CANCELLED"] * 200 + ["CANCELLED"] * 200
    for pupil in pupils:
        assert await school.journal(pupil) == ["SESSION_CANCELLED"] * 50


async def test_a_retried_bulk_cancellation_is_answered_the_same(school: Tutoring, pupil: Pupil):
    id = await school.session(pupil)
    first = await school.do(coach(), CANCEL_MANY, ids=[id], idempotencyKey="k")
    again = await school.do(coach(), CANCEL_MANY, ids=[id], idempotencyKey="k")
    assert first == again
    assert first["results"][0]["outcome"] == "CANCELLED"
