"""Measures become mastery, a point of the day, and one entry of the journal."""

from datetime import UTC, datetime
from typing import Any

import pytest
from conftest import Gate
from reading import read

from models.curriculum import Subject, Track, Voie
from models.vocabulary import Role
from services.access import Viewer
from services.catalogue.programme import programme
from services.demo_school import People
from services.mastery import updated
from tests.changing import change, refusals, tables

pytestmark = pytest.mark.anyio

SHOWN = "progress { id subject chapter { code } competence { code } score evidenceCount updatedAt }"
CHAPTERS = programme(Subject.MATHS, Track.PREMIERE, Voie.GENERALE)
CHAPTER = CHAPTERS[0]
FIRST, SECOND = CHAPTER.competences[:2]


def measure(score: float, competence: str = FIRST.code, chapter: str = CHAPTER.code) -> Any:
    return {"chapterCode": chapter, "competenceCode": competence, "score": score}


class Pupil:
    """A pupil whose mastery of mathématiques starts from nothing."""

    def __init__(self, gate: Gate, dsn: str, viewer: Viewer, id: Any) -> None:
        self.gate, self.dsn, self.viewer, self.id = gate, dsn, viewer, id

    async def record(self, *evidence: Any, **given: Any) -> dict[str, Any]:
        sent = {"studentId": str(self.id), "subject": "MATHS", "evidence": list(evidence), **given}
        return await change(self.gate, self.viewer, "recordProgress", SHOWN, **sent)

    async def points(self) -> list[dict[str, Any]]:
        sql = "SELECT day, score FROM progress_points WHERE student_id = $1 AND subject = 'MATHS'"
        return await read(self.dsn, sql + " ORDER BY day", self.id)


@pytest.fixture
async def pupil(own_gate: Gate, own_school: str, people: People) -> Pupil:
    """As an admin sees it: the rows are what is tested here, who may write is elsewhere."""
    id = people.students[0].id
    for table in ("progress", "progress_points"):
        sql = f"DELETE FROM {table} WHERE student_id = $1 AND subject = 'MATHS'"  # noqa: S608
        await read(own_school, sql, id)
    return Pupil(own_gate, own_school, Viewer("admin", Role.ADMIN), id)


async def test_a_first_measure_is_the_mastery(pupil: Pupil) -> None:
    payload = await pupil.record(measure(0.75))
    assert payload["errors"] == []
    (row,) = payload["progress"]
    assert (row["chapter"]["code"], row["competence"]["code"]) == (CHAPTER.code, FIRST.code)
    assert (row["subject"], row["score"], row["evidenceCount"]) == ("MATHS", 0.75, 1)
    (event,) = payload["events"]
    assert event["kind"] == "PROGRESS_UPDATED"
    assert event["entity"] == {"__typename": "Progress", "id": row["id"]}
    assert event["payload"] == {
        "subject": "MATHS",
        "evidence": 1,
        "competences": [
            {
                "chapterCode": CHAPTER.code,
                "competenceCode": FIRST.code,
                "before": None,
                "after": 0.75,
            }
        ],
    }
    assert await pupil.points() == [{"day": "2026-11-23", "score": 0.75}]


async def test_measures_of_one_competence_apply_in_order(pupil: Pupil) -> None:
    await pupil.record(measure(0.5))
    payload = await pupil.record(measure(1.0), measure(0.25, SECOND.code), measure(0.0))
    wanted, count = updated(*updated(0.5, 1, 1.0), 0.0)
    assert [(row["score"], row["evidenceCount"]) for row in payload["progress"]] == [
        (wanted, count),
        (0.25, 1),
    ]
    (event,) = payload["events"]
    assert event["entity"] is None
    told = [(one["before"], one["after"]) for one in event["payload"]["competences"]]
    assert told == [(0.5, wanted), (None, 0.25)]
    assert await pupil.points() == [{"day": "2026-11-23", "score": (wanted + 0.25) / 2}]


async def test_the_point_is_of_the_day_where_the_pupil_lives(pupil: Pupil) -> None:
    await read(
        pupil.dsn, "UPDATE students SET time_zone = 'Pacific/Noumea' WHERE id = $1", pupil.id
    )
    await pupil.record(measure(0.5))
    document = """mutation ($input: RecordProgressInput!) {
      recordProgress(input: $input) { errors { message } }
    }"""
    evening = datetime(2026, 11, 23, 13, 30, tzinfo=UTC)  # half past midnight in Nouméa
    given = {"studentId": str(pupil.id), "subject": "MATHS", "evidence": [measure(1.0)]}
    answer = await pupil.gate.ask(pupil.viewer, document, clock=evening, input=given)
    assert answer.data == {"recordProgress": {"errors": []}}
    assert await pupil.points() == [
        {"day": "2026-11-23", "score": 0.5},
        {"day": "2026-11-24", "score": 0.75},
    ]


async def test_all_that_is_wrong_is_told_at_once_and_nothing_written(pupil: Pupil) -> None:
    other = next(one for one in CHAPTERS if all(c != FIRST for c in one.competences))
    french = programme(Subject.FRANCAIS, Track.PREMIERE, Voie.GENERALE)[0]
    before = await tables(pupil.dsn)
    payload = await pupil.record(
        measure(0.5),
        measure(1.5, chapter="X"),
        measure(-0.1),
        measure(0.5, french.competences[0].code, french.code),
        measure(0.5, chapter=other.code),
        measure(2, "X"),
    )
    assert [path for _, path in refusals(payload)] == [
        "evidence.1.chapterCode",
        "evidence.1.score",
        "evidence.2.score",
        "evidence.3.chapterCode",
        "evidence.4.competenceCode",
        "evidence.5.competenceCode",
        "evidence.5.score",
    ]
    assert {kind for kind, _ in refusals(payload)} == {"ValidationError"}
    assert payload["progress"] == payload["events"] == []
    assert await tables(pupil.dsn) == before


@pytest.mark.parametrize("count", [0, 101])
async def test_none_and_too_many_are_refused(pupil: Pupil, count: int) -> None:
    assert refusals(await pupil.record(*[measure(1)] * count)) == [("ValidationError", "evidence")]


async def test_a_hundred_are_taken_in(pupil: Pupil) -> None:
    payload = await pupil.record(*[measure(1)] * 100)
    assert [row["evidenceCount"] for row in payload["progress"]] == [100]


async def test_a_retry_gives_the_first_answer_again(pupil: Pupil) -> None:
    first = await pupil.record(measure(0.5), measure(1, SECOND.code), idempotencyKey="k")
    await pupil.record(measure(0.0))
    before = await tables(pupil.dsn)
    again = await pupil.record(measure(0.5), measure(1, SECOND.code), idempotencyKey="k")
    again["events"][0]["entity"] = first["events"][0]["entity"]
    assert again == first
    assert await tables(pupil.dsn) == before


async def test_a_coach_writes_for_its_pupils_only(
    pupil: Pupil, coach: Viewer, student: Viewer, parent: Viewer
) -> None:
    pupil.viewer = coach
    assert (await pupil.record(measure(1)))["errors"] == []
    await read(pupil.dsn, "DELETE FROM coachings WHERE person_id = $1", coach.id)
    before = await tables(pupil.dsn)
    assert refusals(await pupil.record(measure(1))) == [("NotFoundError", "studentId")]
    for other in (student, parent):
        pupil.viewer = other
        assert refusals(await pupil.record(measure(1))) == [("ForbiddenError", "")]
    assert await tables(pupil.dsn) == before
