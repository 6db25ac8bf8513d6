"""Apollo Client and urql, from npm: what they ask, what they take, and what becomes of it."""

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from serving import Served, serving

from gateway.settings import ROOT, Settings
from services.access import Viewer
from services.demo_school import People

SCRIPT = ROOT / "tests" / "clients" / "live" / "deferring.mjs"
QUERY = """query Mine { viewer { id role student { id displayName
  ...Work @defer(label: "work") ... @defer { dashboard { kpis { openTaskCount } } } } } }
fragment Work on Student { tasks(first: 2) { nodes { id label ... @defer { status } } } }"""
FAILS = """{ viewer { id role ... @defer { displayName }
  ... @defer { students(first: -1) { totalCount } } } }"""
INCREMENTAL, OLD = "multipart/mixed;incrementalSpec=v0.2", "multipart/mixed;deferSpec=20220824"

Asked = Callable[[str, str], Any]


@pytest.fixture(scope="module")
def served(gateway_settings: Settings) -> Iterator[Served]:
    with serving(gateway_settings.model_copy(update={"paths": "reference"})) as gateway:
        yield gateway


@pytest.fixture
def ask(served: Served, student: Viewer, token_of: Callable[[Viewer], str]) -> Asked:
    def asked(client: str, query: str) -> Any:
        given = {
            "client": client,
            "url": f"{served.url}/graphql",
            "token": token_of(student),
            "query": query,
        }
        ran = subprocess.run(
            ["node", SCRIPT],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return json.loads(ran.stdout)

    return asked


@pytest.mark.parametrize("client", ["apollo", "urql"])
def test_a_client_shows_what_has_come_and_then_the_whole(
    ask: Asked, people: People, client: str
) -> None:
    found = ask(client, QUERY)
    (request,) = found["requests"]
    assert request["answer"].startswith("multipart/mixed;")
    first, last = found["states"][0], found["states"][-1]
    shown = first["data"]["viewer"]["student"]
    assert shown["displayName"] == people.students[0].name
    assert not shown.keys() & {"tasks", "dashboard"}
    whole = last["data"]["viewer"]["student"]
    assert whole["displayName"] == people.students[0].name
    assert whole["dashboard"]["kpis"]["openTaskCount"] >= 0
    assert [each["status"] for each in whole["tasks"]["nodes"]] == ["DONE", "DONE"]
    assert not any(state["errors"] for state in found["states"])


def test_apollo_names_the_form_that_it_takes(ask: Asked) -> None:
    (request,) = ask("apollo", QUERY)["requests"]
    assert request["accept"].startswith(INCREMENTAL)


def test_apollo_with_the_form_of_2022_has_a_whole_answer(ask: Asked) -> None:
    found = ask("apollo-2022", QUERY)
    (request,), states = found["requests"], found["states"]
    assert request["accept"].startswith(OLD)
    assert request["answer"].startswith("application/graphql-response+json")
    assert states[-1]["data"]["viewer"]["student"]["dashboard"]


@pytest.mark.parametrize(
    ("client", "told"),
    [
        ("apollo", ["`first` must be between 0 and 100"]),
        ("urql", []),  # it does not look at the errors of what is `completed`
    ],
)
def test_a_fragment_that_fails_leaves_a_client_the_others(
    ask: Asked, people: People, client: str, told: list[str]
) -> None:
    last = ask(client, FAILS)["states"][-1]
    assert last["data"]["viewer"]["displayName"] == people.students[0].name
    assert "students" not in last["data"]["viewer"]
    assert last["errors"] == told
