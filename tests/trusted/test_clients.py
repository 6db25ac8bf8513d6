"""Apollo Client and urql, from npm, with their persisted documents against a real gateway."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from serving import Served, serving

from gateway.settings import ROOT, Settings
from gateway.trusted.manifests import Form, written
from gateway.trusted.registry import OURS, load

CLIENTS = ROOT / "tests" / "clients" / "persisted"
TEXT = (OURS / "Dashboard.graphql").read_text()
OTHER = "query Other($studentId: ID!) { student(id: $studentId) { displayName } }"
# the client application of the token, and what the gateway is set to
KINDS: dict[str, dict[str, Any]] = {
    "dashboard": {"documents": "only", "env": "production"},
    "parent-app": {"documents": "open"},
}

Ask = Callable[..., dict[str, Any]]
Start = Callable[..., Served]


@pytest.fixture(scope="module")
def start(gateway_settings: Settings) -> Iterator[Start]:
    """A gateway with these settings, the same one for the same settings."""
    started: dict[str, Served] = {}
    with ExitStack() as stack:

        def gateway(**changed: Any) -> Served:
            key = json.dumps(changed)
            if key not in started:
                settings = gateway_settings.model_copy(update=changed)
                started[key] = stack.enter_context(serving(settings))
            return started[key]

        yield gateway


@pytest.fixture(scope="module")
def manifest(gateway_settings: Settings) -> Any:
    """What `scripts/nexus documents manifest --form apollo` prints."""
    entries = load(gateway_settings).manifest(of_apollo=True)
    return json.loads(written(entries, Form.APOLLO))


@pytest.fixture
def ask(manifest: Any, people) -> Ask:
    def asked(client: str, served: Served, token: str, by: str, *texts: str) -> dict[str, Any]:
        given = {
            "url": f"{served.url}/graphql",
            "token": token,
            "texts": texts,
            "variables": {"studentId": str(people.students[0].id)},
            "by": by,
            "manifest": manifest,
        }
        ran = subprocess.run(
            ["node", CLIENTS / f"{client}.mjs"],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        found: dict[str, Any] = json.loads(ran.stdout)
        return found

    return asked


both = pytest.mark.parametrize("client", ["apollo", "urql"])


def id_of(manifest: Any, name: str) -> str:
    return next(each["id"] for each in manifest["operations"] if each["name"] == name)


@both
@pytest.mark.parametrize(("by", "method"), [("manifest", "POST"), ("manifest-get", "GET")])
@pytest.mark.parametrize("kind", KINDS)
def test_a_client_with_the_manifest_sends_ids_and_no_text(
    start: Start,
    ask: Ask,
    manifest: Any,
    student,
    people,
    token_of,
    client: str,
    by: str,
    method: str,
    kind: str,
) -> None:
    token = token_of(student, client=kind)
    found = ask(client, start(**KINDS[kind]), token, by, TEXT, TEXT)
    one = {"method": method, "status": 200, "text": False, "id": None}
    assert found["requests"] == [{**one, "hash": id_of(manifest, "Dashboard")}] * 2
    for answer in found["answers"]:
        assert answer["errors"] is None
        assert answer["data"]["student"]["displayName"] == people.students[0].name
        assert answer["data"]["student"]["__typename"] == "Student"


def test_urql_sends_the_id_of_a_document_that_has_no_text(
    start: Start, ask: Ask, manifest: Any, student, people, token_of
) -> None:
    served = start(documents="only", env="production")
    found = ask("urql", served, token_of(student), "id", TEXT)
    (sent,) = found["requests"]
    assert (sent["id"], sent["text"]) == (f"sha256:{id_of(manifest, 'Dashboard')}", False)
    assert found["answers"][0]["data"]["student"]["displayName"] == people.students[0].name


def test_apollo_makes_of_our_documents_what_the_manifest_says(
    start: Start, ask: Ask, student, token_of
) -> None:
    texts = [file.read_text() for file in sorted(OURS.glob("*.graphql"))]
    found = ask("apollo", start(documents="open"), token_of(student), "manifest", *texts)
    assert found["mismatches"] == []
    assert len(found["requests"]) == len(texts)


@both
def test_in_development_a_client_registers_what_it_asks(
    start: Start, ask: Ask, student, token_of, people, client: str
) -> None:
    other = OTHER.replace("Other", client.title())
    found = ask(client, start(documents="open"), token_of(student), "apq", other, other)
    assert [each["text"] for each in found["requests"]] == [False, True, False]
    assert {each["hash"] for each in found["requests"]} == {found["requests"][0]["hash"]}
    for answer in found["answers"]:
        assert answer["errors"] is None
        assert answer["data"]["student"]["displayName"] == people.students[0].name


@both
def test_in_production_a_client_goes_on_with_texts_where_they_are_open(
    start: Start, ask: Ask, student, token_of, people, client: str
) -> None:
    served = start(documents="open", env="production")
    found = ask(client, served, token_of(student), "apq", OTHER, OTHER)
    assert [each["text"] for each in found["requests"]] == [False, True, True]
    assert [each["hash"] is None for each in found["requests"]] == [False, True, True]
    assert found["answers"][1]["data"]["student"]["displayName"] == people.students[0].name


@both
@pytest.mark.parametrize("kind", KINDS)
def test_where_only_trusted_documents_run_a_client_registers_nothing(
    start: Start, ask: Ask, student, token_of, client: str, kind: str
) -> None:
    other = OTHER.replace("Other", f"Other{client.title()}")
    found = ask(client, start(**KINDS[kind]), token_of(student, client=kind), "apq", other, other)
    assert not any(each["text"] for each in found["requests"])
    for answer in found["answers"]:
        assert answer["data"] is None
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"
