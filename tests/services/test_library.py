"""The library is changed by its keepers, and kept at hand by pupils."""

from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from conftest import Gate
from reading import read

from models.base import uuid7
from models.curriculum import Subject, Track, Voie
from models.vocabulary import Role
from services.access import Viewer
from services.catalogue.programme import programme
from services.demo_school import People
from tests.changing import change, refusals, tables
from tests.factories import insert

pytestmark = pytest.mark.anyio

SHOWN = "resource { id title uri type subject chapter { code } tags visibility favorite }"
CHAPTER = programme(Subject.MATHS, Track.PREMIERE, Voie.GENERALE)[0].code
GIVEN = {"title": " Les suites ", "type": "URL", "uri": "https://ressources.example/suites"}
ADMIN = Viewer("admin", Role.ADMIN)
ANOTHER = Viewer("another coach", Role.COACH)


class Library:
    def __init__(self, gate: Gate, dsn: str, coach: Viewer) -> None:
        self.gate, self.dsn, self.coach = gate, dsn, coach

    async def change(self, viewer: Viewer, verb: str, /, **given: Any) -> dict[str, Any]:
        shown = "deletedId" if verb == "delete" else SHOWN
        return await change(self.gate, viewer, f"{verb}Resource", shown, **given)

    async def add(self, viewer: Viewer | None = None, **given: Any) -> dict[str, Any]:
        payload = await self.change(viewer or self.coach, "create", **{**GIVEN, **given})
        assert payload["errors"] == payload["events"] == []
        found: dict[str, Any] = payload["resource"]
        return found

    async def passages(self, id: str) -> list[str]:
        sql = "SELECT text FROM resource_chunks WHERE resource_id = $1 ORDER BY number"
        return [row["text"] for row in await read(self.dsn, sql, id)]


@pytest.fixture
def library(own_gate: Gate, own_school: str, coach: Viewer) -> Library:
    return Library(own_gate, own_school, coach)


# --- what is put there


async def test_a_resource_is_its_authors(library: Library) -> None:
    found = await library.add(
        chapterCode=CHAPTER, tags=[" suites ", "calcul"], visibility="PRIVATE"
    )
    assert found | {"id": None} == {
        "id": None,
        "title": "Les suites",
        "uri": GIVEN["uri"],
        "type": "URL",
        "subject": "MATHS",  # the chapter's
        "chapter": {"code": CHAPTER},
        "tags": ["suites", "calcul"],
        "visibility": "PRIVATE",
        "favorite": False,
    }
    sql = "SELECT owner_id FROM resources WHERE id = $1"
    assert await read(library.dsn, sql, found["id"]) == [{"owner_id": library.coach.id}]


async def test_a_text_is_cut_into_passages(library: Library) -> None:
    payload = await library.change(
        library.coach, "create", title="x", type="PDF", text="un. " * 300 + "\n\nfin"
    )
    id = payload["resource"]["id"]
    assert payload["resource"]["uri"] == f"urn:uuid:{id}"
    found = await library.passages(id)
    assert len(found) == 2
    assert " ".join(found).split() == ["un."] * 300 + ["fin"]


async def test_a_file_is_the_senders_own(library: Library) -> None:
    connection = await asyncpg.connect(library.dsn)
    mine = await insert(connection, "uploads", owner_id=library.coach.id)
    other = await insert(connection, "uploads")
    await connection.close()
    given = {"title": "x", "type": "PDF"}
    found = await library.change(library.coach, "create", **given, uploadId=str(mine))
    assert found["resource"]["uri"] == f"urn:uuid:{mine}"
    for id in (other, uuid7()):
        refused = await library.change(library.coach, "create", **given, uploadId=str(id))
        assert refusals(refused) == [("NotFoundError", "uploadId")]


WRONG = {
    "blank title": ({"title": "  "}, ["title"]),
    "long title": ({"title": "x" * 301}, ["title"]),
    "no address, file or text": ({"uri": None}, ["uri"]),
    "ftp": ({"uri": "ftp://a.example/"}, ["uri"]),
    "script": ({"uri": "javascript:alert(1)"}, ["uri"]),
    "no host": ({"uri": "https:///x"}, ["uri"]),
    "bracket": ({"uri": "https://[x/"}, ["uri"]),
    "port": ({"uri": "https://a.example:99999/"}, ["uri"]),
    "space": ({"uri": "https://a.example/a b"}, ["uri"]),
    "line": ({"uri": "https://a.example/a\nb"}, ["uri"]),
    "long address": ({"uri": "https://a.example/" + "x" * 2_000}, ["uri"]),
    "many tags": ({"tags": [str(n) for n in range(21)]}, ["tags"]),
    "tags": ({"tags": ["a", "", "a ", "x" * 51]}, ["tags.1", "tags.2", "tags.3"]),
    "chapter": ({"chapterCode": "X"}, ["chapterCode"]),
    "subject": ({"chapterCode": CHAPTER, "subject": "NSI"}, ["chapterCode"]),
    "blank text": ({"text": " \n"}, ["text"]),
    "long text": ({"text": "x" * 200_001}, ["text"]),
    "all at once": ({"title": "", "uri": "x", "tags": [""]}, ["title", "uri", "tags.0"]),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_value_out_of_its_domain_is_refused(library: Library, name: str) -> None:
    given, paths = WRONG[name]
    before = await tables(library.dsn)
    payload = await library.change(library.coach, "create", **{**GIVEN, **given})
    assert refusals(payload) == [("ValidationError", path) for path in paths]
    assert payload["resource"] is None
    assert await tables(library.dsn) == before


# --- what is changed


async def test_what_is_given_is_changed_and_the_rest_kept(library: Library) -> None:
    first = await library.add(tags=["a"], text="du texte")
    payload = await library.change(
        library.coach, "update", id=first["id"], title=" Autre ", visibility="PLUS"
    )
    assert payload["resource"] == {**first, "title": "Autre", "visibility": "PLUS"}
    assert payload["errors"] == payload["events"] == []


PLACES = {
    "a chapter brings its subject": ({"chapterCode": CHAPTER}, "MATHS", CHAPTER),
    "no chapter, the subject stays": ({"chapterCode": None}, "MATHS", None),
    "neither": ({"chapterCode": None, "subject": None}, None, None),
    "another subject": ({"chapterCode": None, "subject": "NSI"}, "NSI", None),
}


@pytest.mark.parametrize("name", PLACES)
async def test_its_place_in_the_programme(library: Library, name: str) -> None:
    given, subject, code = PLACES[name]
    id = (await library.add(chapterCode=CHAPTER))["id"]
    found = (await library.change(library.coach, "update", id=id, **given))["resource"]
    assert (found["subject"], found["chapter"]) == (subject, {"code": code} if code else None)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"subject": "NSI"}, "subject"),
        ({"chapterCode": "X"}, "chapterCode"),
        ({"chapterCode": CHAPTER, "subject": "NSI"}, "chapterCode"),
        ({"title": ""}, "title"),
        ({"title": None}, "title"),
        ({"tags": ["a", "a"]}, "tags.1"),
    ],
)
async def test_a_change_out_of_its_domain_is_refused(library: Library, given, path) -> None:
    id = (await library.add(chapterCode=CHAPTER))["id"]
    before = await tables(library.dsn)
    payload = await library.change(library.coach, "update", id=id, **given)
    assert refusals(payload) == [("ValidationError", path)]
    assert await tables(library.dsn) == before


# --- who may


@pytest.mark.parametrize("verb", ["update", "delete"])
async def test_a_coach_changes_its_own_and_an_admin_any(library: Library, verb: str) -> None:
    shown, hidden = [
        (await library.add(visibility=visibility))["id"] for visibility in ("PRO", "PRIVATE")
    ]
    before = await tables(library.dsn)
    forbidden = await library.change(ANOTHER, verb, id=shown)
    assert refusals(forbidden) == [("ForbiddenError", "id")]
    assert forbidden["errors"][0]["requiredRoles"] == ["ADMIN"]
    for id in (hidden, str(uuid4())):
        assert refusals(await library.change(ANOTHER, verb, id=id)) == [("NotFoundError", "id")]
    assert await tables(library.dsn) == before
    for viewer, id in ((library.coach, hidden), (ADMIN, shown)):
        assert refusals(await library.change(viewer, verb, id=id)) == []


async def test_pupils_and_parents_change_nothing(
    library: Library, student: Viewer, parent: Viewer
) -> None:
    id = (await library.add())["id"]
    for viewer in (student, parent):
        for verb, given in (("create", GIVEN), ("update", {"id": id}), ("delete", {"id": id})):
            payload = await library.change(viewer, verb, **given)
            assert refusals(payload) == [("ForbiddenError", "")]
            assert payload["errors"][0]["requiredRoles"] == ["COACH", "ADMIN"]


async def test_a_resource_goes_with_its_passages_and_leaves_tasks_and_favorites(
    library: Library, people: People
) -> None:
    pupil = people.students[0]
    id = (await library.add(text="du texte"))["id"]
    task = await change(
        library.gate, library.coach, "createTask", "task { id resource { id } }",
        studentId=str(pupil.id), label="Lire", resourceId=id,
    )  # fmt: skip
    assert task["task"]["resource"] == {"id": id}
    await library.change(ADMIN, "favorite", studentId=str(pupil.id), resourceId=id)
    payload = await library.change(library.coach, "delete", id=id)
    assert (payload["deletedId"], payload["events"]) == (id, [])
    assert await library.passages(id) == []
    left = "SELECT resource_id FROM tasks WHERE id = $1"
    assert await read(library.dsn, left, task["task"]["id"]) == [{"resource_id": None}]
    assert await read(library.dsn, "SELECT FROM favorites WHERE resource_id = $1", id) == []


# --- what is kept at hand


async def test_a_favorite_is_kept_once_and_let_go_once(
    library: Library, student: Viewer, people: People
) -> None:
    id = (await library.add())["id"]
    given = {"studentId": str(people.students[0].id), "resourceId": id}
    for verb, kind, kept in (
        ("favorite", "RESOURCE_FAVORITED", True),
        ("unfavorite", "RESOURCE_UNFAVORITED", False),
    ):
        payload = await library.change(student, verb, **given)
        assert payload["resource"]["favorite"] is kept
        assert [event["kind"] for event in payload["events"]] == [kind]
        assert payload["events"][0]["entity"] == {"__typename": "Resource", "id": id}
        before = await tables(library.dsn)
        again = await library.change(student, verb, **given)
        assert again == {**payload, "events": []}
        assert await tables(library.dsn) == before


async def test_only_what_one_sees_is_kept_at_hand(
    library: Library, student: Viewer, people: People
) -> None:
    hidden = (await library.add(visibility="PRIVATE"))["id"]
    shown = (await library.add())["id"]
    mine, other = (str(pupil.id) for pupil in people.students[:2])
    before = await tables(library.dsn)
    for resource, pupil, path in (
        (hidden, mine, "resourceId"),
        (str(uuid4()), mine, "resourceId"),
        (shown, other, "studentId"),
        (shown, str(uuid4()), "studentId"),
    ):
        for verb in ("favorite", "unfavorite"):
            payload = await library.change(student, verb, studentId=pupil, resourceId=resource)
            assert refusals(payload) == [("NotFoundError", path)]
    assert await tables(library.dsn) == before


async def test_a_parent_and_a_coach_keep_nothing_at_hand(
    library: Library, parent: Viewer, people: People
) -> None:
    id = (await library.add())["id"]
    for viewer in (parent, library.coach):
        payload = await library.change(
            viewer, "favorite", studentId=str(people.students[0].id), resourceId=id
        )
        assert payload["errors"][0]["requiredRoles"] == ["STUDENT", "ADMIN"]
