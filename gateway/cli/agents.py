"""What the agents made of pupils, as a human coach reads it: `scripts/nexus agents show`."""

import json
import urllib.request
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any
from urllib.error import URLError

import typer

from gateway import settings as configuration
from gateway.cli.display import Failure
from gateway.cli.people import people
from gateway.embedded import embedded

agents = typer.Typer(
    name="agents", help="The agents: planner, coach and ARIA.", no_args_is_help=True
)

PATIENCE = 20  # seconds for an answer
DOCUMENT = """query ($id: ID!) { student(id: $id) {
  displayName track profile examSession
  epreuvePlan {
    totalWeight items { label weight scheduledAt provisional mark20 }
    projection { mean20 knownWeight mention outcome weakest { label } reserve }
  }
  tasks(status: [TODO], orderBy: PRIORITY, first: 50) {
    nodes { label category dueAt weight priority source reason } }
} }"""

SOURCES = {"COACH": "a person", "SYSTEM": "the school", "AGENT": "an agent"}
PROFILES = {"SCOLARISE": "scolarisé", "CANDIDAT_LIBRE": "candidat libre"}


@agents.callback()
def grouped() -> None:
    """The agents: planner, coach and ARIA."""


@agents.command()
def show(
    *,
    pupils: Annotated[int, typer.Option(min=1, max=20, help="How many of the demo school.")] = 3,
    tasks: Annotated[int, typer.Option(min=1, max=50, help="How many, the coach's first.")] = 10,
) -> None:
    """Print plan, projection and the coach's tasks of demo pupils, as Markdown.

    It needs the gateway that `scripts/run` serves, and asks it as the pupil would.
    """
    settings = configuration.load()
    with embedded(settings, share=True) as servers:
        if servers.gateway_url is None:
            raise Failure("no gateway is running: start scripts/run first")
        students = people(servers.within(settings))["students"][:pupils]
        for student in students:
            if "token" not in student:
                raise Failure("others mint the tokens: nothing can be asked as a pupil")
            found = _ask(servers.gateway_url, student["token"], student["id"])
            typer.echo("\n".join(_told(found, tasks)))


def _ask(url: str, token: str, id: str) -> dict[str, Any]:
    body = json.dumps({"query": DOCUMENT, "variables": {"id": id}}).encode()
    request = urllib.request.Request(  # noqa: S310 - our own address
        f"{url}/graphql",
        data=body,
        headers={
            "authorization": f"Bearer {token}",
            "content-type": "application/json",
            "accept": "application/json",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            said = json.load(answer)
    except (URLError, TimeoutError) as error:
        raise Failure(f"the gateway does not answer: {error}") from None
    if said.get("errors") or not said["data"]["student"]:
        raise Failure(f"the gateway refused: {said.get('errors')}")
    found: dict[str, Any] = said["data"]["student"]
    return found


def _told(student: dict[str, Any], count: int) -> Iterator[str]:
    plan, made = student["epreuvePlan"], student["epreuvePlan"]["projection"]
    yield f"### {student['displayName']}, {_who(student)}, session {student['examSession']}"
    yield ""
    coming = sorted(
        (one for one in plan["items"] if one["scheduledAt"] and one["mark20"] is None),
        key=lambda one: (one["scheduledAt"], -one["weight"]),
    )
    said = "; ".join(f"{one['label']} {_number(one['weight'])} ({_day(one)})" for one in coming)
    yield f"**Plan**, {_number(plan['totalWeight'])} in all, by day: {said}."
    yield ""
    mean = "unknown" if made["mean20"] is None else f"{_number(made['mean20'])}/20"
    weakest = ", ".join(one["label"] for one in made["weakest"])
    yield (
        f"**Projection**: {mean} over {made['knownWeight']:.0%} of the weight; {made['outcome']},"
        f" {made['mention'] or 'no mention'}. Most to gain: {weakest}. *{made['reserve']}*"
    )
    yield ""
    nodes = student["tasks"]["nodes"]
    own = sum(task["reason"] is not None for task in nodes)
    yield f"**Tasks**: {own} of the coach's among {len(nodes)} open ones; by priority:"
    yield ""
    yield "| due | weight | priority | set by | task | reason |"
    yield "| --- | --- | --- | --- | --- | --- |"
    yield from map(_row, _chosen(nodes, count))
    yield ""


def _chosen(nodes: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """The coach's own first, then others' to make up the number; in the pupil's order."""
    ranked = sorted(enumerate(nodes), key=lambda one: (one[1]["reason"] is None, one[0]))
    return [task for _, task in sorted(ranked[:count], key=lambda one: one[0])]


def _row(task: dict[str, Any]) -> str:
    due = task["dueAt"][:10] if task["dueAt"] else "–"
    author = SOURCES[task["source"]] if task["reason"] is None else "the coach"
    figures = f"{_number(task['weight'])} | {task['priority']:.1f}"
    return f"| {due} | {figures} | {author} | {task['label']} | {task['reason'] or '–'} |"


def _who(student: dict[str, Any]) -> str:
    return f"{student['track'].lower()}, {PROFILES[student['profile']]}"


def _day(one: dict[str, Any]) -> str:
    day = date.fromisoformat(one["scheduledAt"]).isoformat()
    return f"≈ {day}" if one["provisional"] else day


def _number(value: float) -> str:
    return f"{value:g}"
