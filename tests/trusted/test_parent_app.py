"""The parent app: its documents, asked for by their ids, answer for its wards and nobody else."""

from dataclasses import replace
from typing import Any

import httpx2
import pytest
from graphql import parse
from over_http import client_of

from gateway.documents import KEPT_DOCUMENTS, Documents, Operation
from gateway.refusals import Rejected
from gateway.requests import operation_of
from gateway.trusted.registry import OURS
from gateway.trusted.texts import digest

pytestmark = pytest.mark.anyio

WINDOW = {"from": "2026-11-01T00:00:00Z", "to": "2026-12-31T00:00:00Z"}
ABOUT_A_WARD = ("ParentWard", "ParentAgenda", "ParentReport")


@pytest.fixture
async def app_of_parent(app, parent, token_of):
    token = f"Bearer {token_of(parent, client='parent-app')}"
    async with client_of(app, Authorization=token) as client:
        yield client


async def asked(client: httpx2.AsyncClient, name: str, **variables: Any) -> Any:
    id = digest((OURS / f"{name}.graphql").read_text())
    answer = await client.post("/graphql", json={"documentId": id, "variables": variables})
    told = answer.json()
    assert "errors" not in told, told
    return told["data"]


def test_each_document_of_the_parent_app_is_tried_here() -> None:
    tried = {"ParentHome", "ParentLive", *ABOUT_A_WARD}
    assert {file.stem for file in OURS.glob("Parent*.graphql")} == tried


@pytest.mark.parametrize("name", ["ParentLive", "DashboardLive"])
async def test_a_ward_is_followed_by_id_and_a_stranger_is_not(live, people, parent, name: str):
    resolve = live.app.state.trust.resolver(replace(parent, client="parent-app"))
    wards = people.parents[0].wards
    stranger = next(pupil.id for pupil in people.students if pupil.id not in wards)
    id = digest((OURS / f"{name}.graphql").read_text())

    def sent(pupil) -> Operation:
        given = {"documentId": id, "variables": {"studentId": str(pupil), "afterSeq": 0}}
        return operation_of(given, resolve)

    heard = await live.subscribe(parent, sent(wards[0]).query, **sent(wards[0]).variables)
    assert await heard.seqs(2) == [1, 2]
    with pytest.raises(Rejected, match="there is no such id"):
        await live.subscribe(parent, sent(stranger).query, **sent(stranger).variables)


async def test_home_shows_the_wards(app_of_parent: httpx2.AsyncClient, people) -> None:
    found = await asked(app_of_parent, "ParentHome", now="2026-11-23T12:00:00Z")
    wards = found["viewer"]["students"]["nodes"]
    assert {ward["id"] for ward in wards} == {str(ward) for ward in people.parents[0].wards}
    assert all(ward["dashboard"]["kpis"] for ward in wards)


@pytest.mark.parametrize("name", ABOUT_A_WARD)
async def test_a_ward_is_shown_and_a_stranger_is_not(
    app_of_parent: httpx2.AsyncClient, people, name: str
) -> None:
    more = WINDOW if name == "ParentAgenda" else {}
    wards = people.parents[0].wards
    for ward in wards:
        found = await asked(app_of_parent, name, studentId=str(ward), **more)
        assert found["student"]["id"] == str(ward)
    stranger = next(pupil.id for pupil in people.students if pupil.id not in wards)
    found = await asked(app_of_parent, name, studentId=str(stranger), **more)
    assert found == {"student": None}


def test_a_flood_of_texts_pushes_no_trusted_document_out() -> None:
    documents = Documents(open_schema=True)
    text = (OURS / "ParentHome.graphql").read_text()
    (pinned,) = documents.pin(text, parse(text))
    for number in range(KEPT_DOCUMENTS + 1):
        documents.prepared(Operation(f"query Flood{number} {{ viewer {{ id }} }}", {}, None))
    for name in (None, "ParentHome"):
        assert documents.prepared(Operation(text, {}, name)) is pinned
