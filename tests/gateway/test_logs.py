"""What is written of an operation: one line, and nothing by which a pupil could be told."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from gateway.documents import Operation
from gateway.logs import configure, formatter
from gateway.settings import Settings

pytestmark = pytest.mark.anyio

MINE = (
    """query Mine($id: ID!) { student(id: $id) { displayName tasks(first: 1) { totalCount } } }"""
)


class Lines(logging.Handler):
    """The lines of production, as they would be written."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.setFormatter(formatter(settings))
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))

    @property
    def operations(self) -> list[dict[str, Any]]:
        lines = [json.loads(text) for text in self.texts]
        return [line for line in lines if line["event"] == "operation"]


@pytest.fixture
def production(gateway_settings: Settings) -> Settings:
    return gateway_settings.model_copy(update={"env": "production"})


@pytest.fixture
def lines(production: Settings) -> Iterator[Lines]:
    logger, handler = logging.getLogger("nexus"), Lines(production)
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel("INFO")
    yield handler
    logger.setLevel(before)
    logger.removeHandler(handler)


async def test_an_operation_is_one_line_of_json(
    http: httpx2.AsyncClient, lines: Lines, people
) -> None:
    pupil = str(people.students[0].id)
    answer = await http.post(
        "/graphql",
        json={"query": MINE, "variables": {"id": pupil}},
        headers={"X-Request-Id": "abc"},
    )
    (line,) = lines.operations
    assert line.pop("ms") >= 0
    assert line.pop("timestamp").endswith("Z")
    assert len(line.pop("document")) == 64
    assert line.pop("cost") > 0
    assert line.pop("statements") > 0
    assert line == {
        "event": "operation",
        "logger": "nexus.operations",
        "level": "info",
        "request_id": "abc",
        "name": "Mine",
        "kind": "query",
        "role": "STUDENT",
        "path": "reference",
        "bytes": len(answer.content),
        "status": 200,
    }


async def test_what_a_client_sends_or_reads_is_in_no_line(
    http: httpx2.AsyncClient, lines: Lines, people, student
) -> None:
    first = people.students[0]
    for query in (MINE, MINE.replace("displayName", "nothing"), "{ canary", MINE + " # canary"):
        body = {"query": query, "variables": {"id": str(first.id)}, "operationName": "Mine"}
        await http.post("/graphql", json=body)
    await http.get("/graphql", params={"query": 'query Other { node(id: "canary") { id } }'})
    written = "\n".join(lines.texts)
    assert len(lines.operations) == 5
    for secret in (str(first.id), student.id, first.name, "canary", "Bearer"):
        assert secret not in written


@pytest.mark.parametrize(
    ("query", "codes", "status"),
    [("{ nothing }", ["GRAPHQL_VALIDATION_FAILED"], 400), ("{", ["GRAPHQL_PARSE_FAILED"], 400)],
)
async def test_a_refusal_is_a_line_with_its_code(
    http: httpx2.AsyncClient, lines: Lines, query: str, codes: list[str], status: int
) -> None:
    accept = {"Accept": "application/graphql-response+json"}
    await http.post("/graphql", json={"query": query}, headers=accept)
    (line,) = lines.operations
    assert (line["errors"], line["status"]) == (codes, status)


async def test_nothing_is_written_of_operations_where_the_level_says_so(
    http: httpx2.AsyncClient, lines: Lines
) -> None:
    logging.getLogger("nexus").setLevel("WARNING")
    await http.post("/graphql", json={"query": "{ __typename }"})
    assert lines.texts == []


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The logger of all, as it was before."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield logger
    logger.handlers[:] = handlers
    logger.setLevel(level)
    logging.getLogger("nexus").setLevel(logging.NOTSET)


def test_lines_of_others_are_json_too_with_what_went_wrong(
    production: Settings, root: logging.Logger
) -> None:
    stream = io.StringIO()
    configure(production, stream)
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("failed: %s", "why")
    line = json.loads(stream.getvalue())
    assert (line["event"], line["level"], line["logger"]) == (
        "failed: why",
        "error",
        "uvicorn.error",
    )
    assert "ValueError: broken" in line["exception"]


def test_in_development_lines_are_for_people(
    gateway_settings: Settings, root: logging.Logger
) -> None:
    stream = io.StringIO()
    configure(gateway_settings, stream)
    logging.getLogger("nexus").info("all is well")
    logging.getLogger("other").info("not worth a line")
    assert "all is well" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
    assert len(stream.getvalue().splitlines()) == 1


def test_an_operation_does_not_show_its_variables() -> None:
    """Not even where somebody prints it."""
    assert "canary" not in repr(Operation("{ __typename }", {"a": "canary"}, None))
