"""A slot is booked once, in a coach's hours, by who may, for what the pupil's tier includes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from conftest import CLOCK
from tutoring import (
    ADMIN,
    DAY,
    HOUR,
    MINUTE,
    MORNING,
    Tutoring,
    coach,
    refusals,
    tutoring,
)

from models.vocabulary import Role
from services.access import Viewer

pytestmark = pytest.mark.anyio

TAKEN = [
    {
        "__typename": "ConflictError",
        "message": "ce créneau est déjà pris",
        "path": ["slotStart"],
    }
]


@pytest.fixture
async def school(empty_database: str) -> AsyncIterator[Tutoring]:
    """A coach whose day is open."""
    async with tutoring(empty_database) as opened:
        await opened.opens()
        yield opened


async def test_a_pupils_booking_awaits_the_coach(school: Tutoring):
    pupil = await school.pupil()
    done = await school.book(pupil.viewer, pupil)
    assert done["errors"] == []
    assert done["session"]["status"] == "PROPOSE"
    assert done["session"]["awaiting"] == "COACH"
    assert done["session"]["coach"] == {"id": "coach", "displayName": "Coach"}
    assert await school.journal(pupil) == ["SESSION_BOOKED"]


@pytest.mark.parametrize("viewer", [coach(), ADMIN], ids=lambda viewer: viewer.role)
async def test_a_proposal_awaits_the_pupil(school: Tutoring, viewer: Viewer):
    pupil = await school.pupil()
    done = await school.book(viewer, pupil)
    assert done["session"]["awaiting"] == "STUDENT"
    assert await school.journal(pupil) == ["SESSION_PROPOSED"]


async def test_the_journal_repeats_facts_and_not_the_title(school: Tutoring):
    pupil = await school.pupil()
    done = await school.book(pupil.viewer, pupil, title="Mon secret")
    assert done["session"]["title"] == "Mon secret"
    (event,) = done["events"]
    assert event["payload"] == {
        "after": {
            "status": "PROPOSE",
            "kind": "VISIO",
            "slotStart": MORNING.isoformat(),
            "slotEnd": (MORNING + HOUR).isoformat(),
            "coachId": "coach",
            "awaiting": "COACH",
        }
    }


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("VISIO", "Séance en visio"),
        ("PRESENTIEL", "Séance en présentiel"),
        ("STAGE", "Stage"),
    ],
)
async def test_a_session_without_a_title_is_called_by_its_kind(school: Tutoring, kind, title):
    pupil = await school.pupil()
    done = await school.book(pupil.viewer, pupil, kind=kind)
    assert done["session"]["title"] == title


async def test_a_coach_books_itself_though_another_comes_first(school: Tutoring):
    await school.opens(coach="first")
    pupil = await school.pupil("pupil", "first", "coach")
    assert (await school.book(coach(), pupil))["session"]["coach"]["id"] == "coach"


async def test_a_coach_does_not_give_away_the_hours_of_another(school: Tutoring):
    await school.opens(coach="first")
    pupil = await school.pupil("pupil", "first", "coach")
    done = await school.book(coach(), pupil, coachId="first")
    assert [(e["__typename"], e["path"]) for e in done["errors"]] == [
        ("ForbiddenError", ["coachId"])
    ]
    assert await school.journal(pupil) == []


async def test_without_a_coach_named_it_is_the_first_who_is_free(school: Tutoring):
    await school.opens(coach="first")
    other, pupil = await school.pupil("other", "first"), await school.pupil("p", "first", "coach")
    assert (await school.book(pupil.viewer, pupil))["session"]["coach"]["id"] == "first"
    await school.session(other, MORNING + 2 * HOUR, coach_id="first")
    done = await school.book(pupil.viewer, pupil, MORNING + 2 * HOUR)
    assert done["session"]["coach"]["id"] == "coach"


@pytest.mark.parametrize("name", ["stranger", "nobody", ""])
async def test_a_coach_of_others_is_answered_like_one_that_is_not(school: Tutoring, name: str):
    await school.opens(coach="stranger")
    await school.pupil("other", "stranger")
    pupil = await school.pupil()
    done = await school.book(pupil.viewer, pupil, coachId=name)
    (error,) = done["errors"]
    assert (error["__typename"], error["path"], error["id"]) == ("NotFoundError", ["coachId"], name)
    assert "stranger" not in error["message"]


@pytest.mark.parametrize("viewer", [coach("else"), Viewer("else", Role.STUDENT)])
async def test_a_foreign_pupil_is_answered_like_an_absent_one(school: Tutoring, viewer: Viewer):
    pupil = await school.pupil()
    done = await school.book(viewer, pupil)
    assert refusals(done) == [("NotFoundError", "studentId")]
    assert await school.journal(pupil) == []


async def test_a_parent_books_nothing(school: Tutoring):
    pupil = await school.pupil()
    done = await school.book(Viewer("parent", Role.PARENT), pupil)
    assert done["errors"][0]["requiredRoles"] == ["STUDENT", "COACH", "ADMIN"]


@pytest.mark.parametrize(
    ("start", "length", "paths"),
    [
        (CLOCK, HOUR, ["slotStart"]),
        (CLOCK + timedelta(days=366, seconds=1), HOUR, ["slotStart"]),
        (MORNING, 15 * MINUTE - timedelta(seconds=1), ["slotEnd"]),
        (MORNING, 8 * HOUR + timedelta(seconds=1), ["slotEnd"]),
        (MORNING, -HOUR, ["slotEnd"]),
        (CLOCK - DAY, 9 * HOUR, ["slotStart", "slotEnd"]),
    ],
)
async def test_a_slot_is_to_come_and_of_a_length_one_can_bear(
    school: Tutoring, start, length, paths
):
    pupil = await school.pupil()
    await school.opens(CLOCK - DAY, DAY + 2 * HOUR)
    done = await school.book(pupil.viewer, pupil, start, length)
    assert refusals(done) == [("ValidationError", path) for path in paths]


@pytest.mark.parametrize("length", [15 * MINUTE, 8 * HOUR])
async def test_the_shortest_and_the_longest_are_booked(school: Tutoring, length: timedelta):
    pupil = await school.pupil()
    assert (await school.book(pupil.viewer, pupil, MORNING, length))["errors"] == []


@pytest.mark.parametrize("title", ["", "  ", "x" * 301])
async def test_all_that_is_wrong_is_told_at_once(school: Tutoring, title: str):
    pupil = await school.pupil()
    done = await school.book(pupil.viewer, pupil, CLOCK, MINUTE, title=title)
    wrong = ["slotStart", "slotEnd", "title"]
    assert refusals(done) == [("ValidationError", path) for path in wrong]


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (MORNING - MINUTE, "VISIO"),
        (MORNING + 11.5 * HOUR, "VISIO"),
        (MORNING + DAY, "PRESENTIEL"),
    ],
)
async def test_outside_the_coachs_hours_nothing_is_booked(school: Tutoring, start, kind):
    pupil = await school.pupil()
    await school.opens(MORNING + DAY, kinds=["Visio"])
    done = await school.book(pupil.viewer, pupil, start, kind=kind)
    assert refusals(done) == [("ValidationError", "slotStart")]


@pytest.mark.parametrize(
    ("gap", "wrong"), [(timedelta(), []), (MINUTE, [("ValidationError", "slotStart")])]
)
async def test_hours_that_touch_are_booked_across(school: Tutoring, gap, wrong):
    pupil = await school.pupil()
    await school.opens(MORNING + 12 * HOUR + gap, HOUR, kinds=["Visio"])
    done = await school.book(pupil.viewer, pupil, MORNING + 11.5 * HOUR)
    assert refusals(done) == wrong


async def test_one_session_may_begin_when_another_ends(school: Tutoring):
    pupil = await school.pupil()
    for start in (MORNING, MORNING + HOUR):
        assert (await school.book(pupil.viewer, pupil, start))["errors"] == []


@pytest.mark.parametrize("named", [{}, {"coachId": "coach"}])
async def test_a_coach_taken_by_another_pupil_is_taken_without_a_name(school: Tutoring, named):
    other, pupil = await school.pupil("other"), await school.pupil()
    await school.session(other)
    done = await school.book(pupil.viewer, pupil, MORNING + HOUR / 2, **named)
    assert done == {"session": None, "events": [], "errors": TAKEN}


async def test_a_pupil_is_in_one_place_at_a_time(school: Tutoring):
    await school.opens(coach="second")
    pupil = await school.pupil("pupil", "coach", "second")
    await school.session(pupil)
    assert (await school.book(pupil.viewer, pupil, coachId="second"))["errors"] == TAKEN


async def test_a_cancelled_session_takes_nothing(school: Tutoring):
    other, pupil = await school.pupil("other"), await school.pupil()
    await school.session(other, status="Annulé")
    assert (await school.book(pupil.viewer, pupil))["errors"] == []


async def test_the_database_has_the_last_word(school: Tutoring):
    """Another writer, not yet committed, is seen by the exclusion constraint alone."""
    other, pupil = await school.pupil("other"), await school.pupil()
    writing = school.db.transaction()
    await writing.start()
    await school.session(other)
    booking = asyncio.create_task(school.book(pupil.viewer, pupil))
    await asyncio.wait({booking}, timeout=0.5)
    assert not booking.done()
    await writing.commit()
    assert await booking == {"session": None, "events": [], "errors": TAKEN}
    assert await school.journal(pupil) == []


async def test_of_ten_who_want_one_slot_one_has_it(school: Tutoring):
    pupils = [await school.pupil(f"pupil {i}") for i in range(10)]
    answers = await asyncio.gather(
        *(
            school.book(pupil.viewer, pupil, MORNING + i * 5 * MINUTE)
            for i, pupil in enumerate(pupils)
        )
    )
    assert sum(answer["errors"] == [] for answer in answers) == 1
    assert [answer["errors"] for answer in answers if answer["errors"]] == [TAKEN] * 9
    journals = [await school.journal(pupil) for pupil in pupils]
    assert sorted(journals) == [[]] * 9 + [["SESSION_BOOKED"]]


@pytest.mark.parametrize(
    ("tier", "kind", "needed"),
    [
        (None, "VISIO", None),
        (None, "PRESENTIEL", "PLUS"),
        ("Free", "VISIO", None),
        ("Free", "PRESENTIEL", "PLUS"),
        ("Free", "STAGE", "PRO"),
        ("Plus", "PRESENTIEL", None),
        ("Plus", "STAGE", "PRO"),
        ("Pro", "STAGE", None),
    ],
)
async def test_a_tier_includes_its_kinds(school: Tutoring, tier, kind, needed):
    pupil = await school.pupil(tier=tier)
    done = await school.book(pupil.viewer, pupil, kind=kind)
    assert [error["requiredTier"] for error in done["errors"]] == ([needed] if needed else [])
    assert refusals(done) == ([("EntitlementError", "kind")] if needed else [])


@pytest.mark.parametrize("viewer", [coach(), ADMIN], ids=lambda viewer: viewer.role)
async def test_an_expired_tier_is_free_whoever_books(school: Tutoring, viewer: Viewer):
    pupil = await school.pupil(tier="Pro", expires_at=CLOCK)
    assert refusals(await school.book(viewer, pupil, kind="STAGE")) == [
        ("EntitlementError", "kind")
    ]


async def test_a_retried_booking_books_once(school: Tutoring):
    pupil = await school.pupil()
    first = await school.book(pupil.viewer, pupil, idempotencyKey="k")
    again = await school.book(pupil.viewer, pupil, idempotencyKey="k")
    assert first == again
    assert await school.journal(pupil) == ["SESSION_BOOKED"]
