"""A foreign pupil's ids change nothing: they are answered like ids that do not exist."""

import json

import pytest
from changing_families import Body, Crossing
from every_mutation import CASES, MUTATIONS, owner_of, permission, places_of_ids
from fresh_rows import absent
from two_families import STRANGERS
from untouched import contents, untouched

from models.vocabulary import Role
from services.access import Viewer

pytestmark = pytest.mark.anyio

ROLES = (Role.STUDENT, Role.PARENT, Role.COACH)
KNOWN = [role.value for role in ROLES]
NOBODY = [f"nobody's {viewer.role}" for viewer in STRANGERS]
# a coach proposes its own hours, whoever else is named
NEVER = {("COACH", "bookSession.coachId")}


def viewer_of(who: str, crossing: Crossing) -> Viewer:
    if who in KNOWN:
        return crossing.families.ours.viewer(Role(who))
    return STRANGERS[NOBODY.index(who)]


def told(body: Body, id: str) -> str:
    """The whole answer, whatever the id."""
    errors = [error.formatted for error in body.errors]
    return json.dumps([body.done, errors]).replace(id, "ID")


def test_every_mutation_has_a_case_for_each_id_that_it_takes() -> None:
    assert set(CASES) == set(places_of_ids())
    assert {place.partition(".")[0] for place in CASES} == set(MUTATIONS)


@pytest.mark.parametrize("place", CASES)
@pytest.mark.parametrize("who", [*KNOWN, *NOBODY])
async def test_a_foreign_id_is_answered_like_an_absent_one_and_nothing_is_written(
    crossing: Crossing, who: str, place: str
) -> None:
    viewer, what = viewer_of(who, crossing), CASES[place][0]
    ours, theirs = crossing.families.ours, crossing.families.theirs
    foreign, nothing = await crossing.rows.new(theirs, what), absent(what)
    async with untouched(crossing.db):
        bodies = [
            (await crossing.send(viewer, place, CASES[place][1](ours, id)), id)
            for id in (foreign, nothing)
        ]
    assert told(*bodies[0]) == told(*bodies[1])
    may = viewer.may(permission(place.partition(".")[0])) and (who, place) not in NEVER
    assert bodies[0][0].refusals() == {"NotFoundError" if may else "ForbiddenError"}
    assert bodies[0][0].done["events"] == []


@pytest.mark.parametrize("place", CASES)
async def test_the_same_is_carried_out_for_who_may(crossing: Crossing, place: str) -> None:
    """The test above would see it: its inputs lack nothing but the right to the rows."""
    theirs = crossing.families.theirs
    id = await crossing.rows.new(theirs, CASES[place][0])
    before = await contents(crossing.db)
    body = await crossing.send(owner_of(place, theirs), place, CASES[place][1](theirs, id))
    assert (body.refusals(), body.errors) == (set(), [])
    assert await contents(crossing.db) != before
