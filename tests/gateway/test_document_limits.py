"""Documents that would make others work: counted and refused before they are validated."""

from time import process_time

import httpx2
import pytest
from graphql import GraphQLSyntaxError, parse

from gateway.document_limits import Limits
from gateway.documents import Documents, Operation
from gateway.refusals import Rejected

pytestmark = pytest.mark.anyio

LIMITS = Limits()
SPREADS = "".join(f"...F{i} " for i in range(150))
FRAGMENTS = "".join(f"fragment F{i} on Query {{ nothing{i % 90} }} " for i in range(150))
DOUBLING = "".join(
    f"fragment D{i} on A {{ a: b {{ x {{ ...D{i + 1} }} }} b {{ ...D{i + 1} }} }} "
    for i in range(15)
)
# every one of them names a field that does not exist: validation would have said that instead
TOO_MUCH = {
    "overlaps": [
        "{" + " nothing { id }" * 800 + "}",
        "{" + " nothing { id }" * 200 + "}",
        "{" + " nothing { a { b { c } } }" * 150 + "}",
        "{ ..." + "{ nothing }" + " ... { nothing }" * 200 + "}",
        "{ nothing { ...F } } fragment F on Query {" + " nothing" * 200 + "}",
        "{ __typename } fragment F on Query {" + " nothing" * 200 + "}",
        "{" + (" nothing(x: [" + "1," * 50 + "])") * 60 + "}",
        "{ nothing { " + SPREADS + "} } " + FRAGMENTS,
    ],
    "aliases": [
        "{" + " ".join(f"a{i}: nothing" for i in range(101)) + "}",
        "{ nothing {" + " ".join(f"a{i}: x" for i in range(101)) + "} }",
        "{ ...F } fragment F on Query {" + " ".join(f"a{i}: nothing" for i in range(101)) + "}",
    ],
    "roots": [
        "{" + " ".join(f"nothing{i}" for i in range(51)) + "}",
        "mutation {" + " ".join(f"nothing{i}" for i in range(51)) + "}",
        "{ ...F } fragment F on Query {" + " ".join(f"nothing{i}" for i in range(51)) + "}",
    ],
    "directives": [
        "{ nothing" + " @a" * 5 + "}",
        "query" + " @a" * 5 + " { nothing }",
        "query ($a: Int" + " @a" * 5 + ") { nothing }",
        "{" + " ".join(f"nothing{i} @a @b @c" for i in range(40)) + "}",
        "fragment F on Query" + " @a" * 5 + " { nothing }",
    ],
    "deferred": [
        "{" + " ... @defer { nothing }" * 21 + "}",
        "{ ...F @defer } fragment F on Query {" + " ...F @defer" * 20 + "}",
    ],
    "depth": [
        "{" + " nothing {" * 60 + " x" + " }" * 60 + "}",
        "{ ...F } fragment F on Query { nothing { ...F } }",
    ],
    "inline": ["{" + " ... {" * 6 + " nothing" + " }" * 6 + "}"],
    "operations": [" ".join(f"query Q{i} {{ nothing }}" for i in range(26))],
    "variables": [
        "query (" + " ".join(f"$v{i}: Int" for i in range(101)) + ") { nothing }",
    ],
    "members": [
        "{ nothing(x: {" + " ".join(f"a{i}: 1" for i in range(101)) + "}) }",
        "{ nothing(x: [{ y: [" + "1 " * 101 + "] }]) }",
        "query ($x: [Int] = [" + "1 " * 101 + "]) { nothing }",
        "{ nothing @a(x: [" + "1 " * 101 + "]) }",
    ],
    "fields": [
        "{ nothing {" + " ".join(f"x{i}" for i in range(2_001)) + "} }",
        "{ ...D0 } " + DOUBLING + "fragment D15 on A { x }",
    ],
}


def refused(text: str) -> Rejected:
    with pytest.raises(Rejected) as rejected:
        Documents(open_schema=True).prepared(Operation(text, {}, None))
    return rejected.value


@pytest.mark.parametrize(
    ("limit", "text"),
    [(limit, text) for limit, texts in TOO_MUCH.items() for text in texts],
    ids=[f"{limit}-{n}" for limit, texts in TOO_MUCH.items() for n, _ in enumerate(texts)],
)
def test_a_document_beyond_a_limit_is_refused_before_it_is_validated(limit: str, text: str) -> None:
    (error,) = refused(text).errors
    assert error.extensions is not None
    assert (error.extensions["code"], error.extensions["limit"]) == (
        "GRAPHQL_VALIDATION_FAILED",
        limit,
    )
    assert str(error.extensions["allowed"]) in error.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#" + "x" * LIMITS.text + "\n{ __typename }", "larger than 100000 bytes"),
        ("#" + "é" * (LIMITS.text // 2) + "\n{ __typename }", "larger than 100000 bytes"),
        ("{" + " a" * LIMITS.tokens + "}", "more than 4000 tokens"),
    ],
    ids=["bytes", "accents", "tokens"],
)
def test_a_text_beyond_a_limit_is_not_parsed(text: str, message: str) -> None:
    (error,) = refused(text).errors
    assert message in error.message


@pytest.mark.parametrize(
    "text",
    [
        "{" + " ".join(f"a{i}: __typename" for i in range(50)) + "}",
        "{ viewer {" + " id" * 100 + "} }",
        "{ viewer {" + " id @include(if: true) @skip(if: false)" * 50 + "} }",
        "{ viewer {" + " ...F" * 20 + "} } fragment F on Viewer { id }",
    ],
    ids=["aliases", "repeated", "directives", "spread"],
)
async def test_a_document_within_the_limits_is_answered(
    http: httpx2.AsyncClient, text: str
) -> None:
    assert list((await http.post("/graphql", json={"query": text})).json()) == ["data"]


@pytest.mark.parametrize(("shown", "most"), [(True, 11), (False, 1)])
def test_of_many_faults_some_are_told_where_the_schema_is_shown(*, shown: bool, most: int) -> None:
    text = "{ viewer {" + " ".join(f"x{i}" for i in range(50)) + "} }"
    with pytest.raises(Rejected) as rejected:
        Documents(open_schema=shown).prepared(Operation(text, {}, None))
    assert len(rejected.value.errors) == most


def test_of_the_documents_used_last_so_many_are_kept() -> None:
    documents = Documents(open_schema=True)
    first = Operation("{ __typename }", {}, None)
    kept = documents.prepared(first)
    assert documents.prepared(first) is kept
    for number in range(25):
        documents.prepared(Operation(f"#{number}" + "x" * 90_000 + "\n{ __typename }", {}, None))
    assert documents.prepared(first) is not kept


def test_what_was_refused_is_not_kept() -> None:
    documents = Documents(open_schema=True)
    kept = documents.prepared(Operation("{ __typename }", {}, None))
    for number in range(600):
        with pytest.raises(Rejected):
            documents.prepared(Operation(f"{{ nothing{number} }}", {}, None))
    assert documents.prepared(Operation("{ __typename }", {}, None)) is kept


def test_what_costs_others_seconds_is_refused_for_little_more_than_its_reading() -> None:
    """17 kB of one field written 800 times, which validation would compare by twos."""
    text = "{" + " viewer { id role }" * 800 + "}"
    begun = process_time()
    for _ in range(5):
        with pytest.raises(GraphQLSyntaxError):
            parse(text, max_tokens=LIMITS.tokens)
    read = process_time() - begun
    begun = process_time()
    for _ in range(5):
        refused(text)
    assert process_time() - begun < 10 * read


@pytest.mark.parametrize("text", ["{ __typename }" + " " * 1_000, "{" * 5_000])
def test_a_long_text_of_nobody_is_not_even_parsed(text: str) -> None:
    with pytest.raises(Rejected) as rejected:
        Documents(open_schema=False).prepared(Operation(text, {}, None), anonymous=True)
    assert rejected.value.status == 401


def test_a_short_text_of_nobody_that_asks_nothing_runs() -> None:
    text = "{ __typename }".ljust(1_000)
    assert Documents(open_schema=False).prepared(Operation(text, {}, None), anonymous=True)
