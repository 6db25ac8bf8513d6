"""A file is opened by the school, with what follows from what is known of the pupil."""

import asyncio
from datetime import UTC, datetime

import pytest
from conftest import CLOCK

from models.curriculum import Track
from models.vocabulary import Role
from services.access import Viewer
from services.profiles import next_session
from tests.changing import change, refusals, tables
from tests.reading import read

pytestmark = pytest.mark.anyio

NEW = {"displayName": " Camille Petit ", "track": "TERMINALE", "profile": "SCOLARISE"}
SHOWN = """student {
  id displayName track voie profile examPath examSession specialities specialiteAbandonnee options
  languages { rank language } timeZone version createdAt updatedAt
  entitlement { tier expiresAt evaluationsLeftThisMonth }
}"""


async def test_a_file_opens_with_what_follows_from_what_is_known(own_gate, admin):
    done = await change(own_gate, admin, "createStudent", SHOWN, **NEW)
    assert refusals(done) == []
    id = done["student"].pop("id")
    assert done["student"] == {
        "displayName": "Camille Petit",
        "track": "TERMINALE",
        "voie": "GENERALE",
        "profile": "SCOLARISE",
        "examPath": "SCOLARISE",
        "examSession": 2027,
        "specialities": [],
        "specialiteAbandonnee": None,
        "options": [],
        "languages": [],
        "timeZone": "Europe/Paris",
        "version": 1,
        "createdAt": CLOCK.isoformat(),
        "updatedAt": CLOCK.isoformat(),
        "entitlement": {"tier": "FREE", "expiresAt": None, "evaluationsLeftThisMonth": 2},
    }
    (event,) = done["events"]
    assert (event["seq"], event["kind"]) == (1, "STUDENT_CREATED")
    assert event["entity"] == {"__typename": "Student", "id": id}
    assert event["actor"] == {"id": admin.id}
    assert event["payload"]["after"]["examSession"] == 2027
    assert "Camille" not in str(event["payload"])


OPENED = [
    ({"track": "PREMIERE"}, {"examSession": 2028}),
    ({"profile": "CANDIDAT_LIBRE"}, {"examPath": "LIBRE_FIN_DE_CYCLE"}),
    ({"examSession": 2031, "timeZone": "Pacific/Noumea"}, {"examSession": 2031}),
    (
        {
            "voie": "ST2S",
            "specialities": ["ST2S_CBPH", "ST2S_STSS"],
            "specialiteAbandonnee": "PHYSIQUE_CHIMIE",
        },
        {"specialities": ["ST2S_CBPH", "ST2S_STSS"], "specialiteAbandonnee": "PHYSIQUE_CHIMIE"},
    ),
    (
        {"languages": [{"rank": "LVA", "language": "ANGLAIS"}]},
        {"languages": [{"rank": "LVA", "language": "ANGLAIS"}]},
    ),
]


async def test_a_file_opens_as_it_is_told(own_gate, admin):
    for given, expected in OPENED:
        done = await change(own_gate, admin, "createStudent", SHOWN, **{**NEW, **given})
        assert refusals(done) == []
        assert {name: done["student"][name] for name in expected} == expected


async def test_a_new_pupil_sees_its_own_file(own_gate, admin):
    opened = await change(own_gate, admin, "createStudent", SHOWN, **NEW, userId="auth0|camille")
    viewer = Viewer("auth0|camille", Role.STUDENT)
    answer = await own_gate.ask(viewer, "{ viewer { student { id } } }")
    assert answer.data == {"viewer": {"student": {"id": opened["student"]["id"]}}}


async def test_a_refused_file_is_told_everything_and_leaves_no_trace(
    shared_gate, school, admin, people
):
    before = await tables(school)
    taken = people.students[0].user_id
    done = await change(
        shared_gate, admin, "createStudent", SHOWN,
        **{**NEW, "displayName": " ", "timeZone": "Mars/Olympus", "examSession": 1900,
           "examPath": "LIBRE_UN_AN", "specialities": ["MATHS"], "userId": taken},
    )  # fmt: skip
    assert done["student"] is None
    assert done["events"] == []
    assert refusals(done) == [
        ("ValidationError", "displayName"),
        ("ValidationError", "examPath"),
        ("ValidationError", "examSession"),
        ("ValidationError", "specialities"),
        ("ValidationError", "timeZone"),
        ("ConflictError", "userId"),
    ]
    assert await tables(school) == before


@pytest.mark.parametrize("id", ["", "x" * 256, "line\nbreak", "zero\u200bwidth"])
async def test_a_user_id_is_printable(shared_gate, admin, id):
    done = await change(shared_gate, admin, "createStudent", SHOWN, **NEW, userId=id)
    assert refusals(done) == [("ValidationError", "userId")]


async def test_one_user_gets_one_file_however_many_ask_at_once(own_gate, own_school, admin):
    asked = [change(own_gate, admin, "createStudent", **NEW, userId="camille") for _ in range(5)]
    answers = sorted(refusals(done) for done in await asyncio.gather(*asked))
    assert [[kind for kind, _ in one] for one in answers] == [[], *[["ConflictError"]] * 4]
    found = await read(own_school, "SELECT version FROM students WHERE user_id = 'camille'")
    assert found == [{"version": 1}]


async def test_a_repeated_key_opens_one_file(own_gate, admin):
    keyed = {**NEW, "idempotencyKey": "k1", "languages": [{"rank": "LVA", "language": "TURC"}]}
    first = await change(own_gate, admin, "createStudent", SHOWN, **keyed)
    assert refusals(first) == []
    again = await change(own_gate, admin, "createStudent", SHOWN, **keyed)
    assert again == first


@pytest.mark.parametrize("role", ["student", "parent", "coach"])
async def test_the_school_alone_opens_files(shared_gate, school, role, request):
    before = await tables(school)
    viewer = request.getfixturevalue(role)
    done = await change(shared_gate, viewer, "createStudent", SHOWN, **NEW)
    assert refusals(done) == [("ForbiddenError", "")]
    assert done["errors"][0]["requiredRoles"] == ["ADMIN"]
    assert await tables(school) == before


@pytest.mark.parametrize(
    ("moment", "zone", "terminale"),
    [
        (datetime(2026, 9, 1, 8, tzinfo=UTC), "Europe/Paris", 2027),
        (datetime(2026, 11, 23, 12, tzinfo=UTC), "Europe/Paris", 2027),
        (datetime(2027, 6, 30, 12, tzinfo=UTC), "Europe/Paris", 2027),
        (datetime(2026, 8, 31, 21, tzinfo=UTC), "Europe/Paris", 2026),
        (datetime(2026, 8, 31, 22, tzinfo=UTC), "Europe/Paris", 2027),
        (datetime(2026, 8, 31, 13, tzinfo=UTC), "Pacific/Noumea", 2027),
        (datetime(2026, 9, 1, 3, tzinfo=UTC), "America/Guadeloupe", 2026),
    ],
)
def test_a_school_year_begins_in_september_where_the_pupil_lives(moment, zone, terminale):
    assert next_session(Track.TERMINALE, moment, zone) == terminale
    assert next_session(Track.PREMIERE, moment, zone) == terminale + 1
