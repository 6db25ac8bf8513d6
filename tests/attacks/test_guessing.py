"""Guessing the schema word by word, as clairvoyance does, with the best list of words: its own.

Clairvoyance asks for many words at once and reads in the errors which are unknown, which are meant,
which want a selection or an argument, and of which type they are. In production, no answer may tell
a word of the schema from one that is not.
"""

from collections.abc import AsyncIterator

import httpx2
import pytest
from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType
from over_http import client_of

from gateway.app import create_app
from gateway.documents import CONTRACT
from gateway.settings import Settings

pytestmark = pytest.mark.anyio

AT_ONCE = 40
SOME = slice(None, None, 4)  # where words must be asked one by one
KINDS = (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType)


def vocabulary() -> tuple[list[str], list[str]]:
    """Every field and argument of the schema, and every type."""
    shown = [kind for name, kind in CONTRACT.type_map.items() if not name.startswith("__")]
    fields = {name for kind in shown if isinstance(kind, KINDS) for name in kind.fields}
    arguments = {
        name
        for kind in shown
        if isinstance(kind, GraphQLObjectType)
        for field in kind.fields.values()
        for name in field.args
    }
    return sorted(fields | arguments), sorted(kind.name for kind in shown)


WORDS, TYPES = vocabulary()
# where clairvoyance puts its words; in each, one word more is nothing's name
PLACES = {
    "fields of the root": "{{ {words} zz }}",
    "fields of changes": "mutation {{ {words} zz }}",
    "fields of a type": "{{ viewer {{ {words} zz }} }}",
    "what a field wants": "{{ {word} zz }}",
    "a selection of a scalar": "{{ viewer {{ {word} {{ zz }} }} }}",
    "arguments": "{{ viewer {{ students({word}: 7, zz: 1) {{ totalCount }} }} }}",
    "fields of an input": 'mutation {{ completeTask(input: {{ {word}: "x", zz: 1 }}) {{ zz }} }}',
    "types": "{{ viewer {{ ... on {kind} {{ zz }} }} }}",
    "types of variables": "query ($zz: {kind}!) {{ viewer {{ zz }} }}",
}


def guesses() -> list[str]:
    """Every place with every word, many at once where that goes, else every fourth."""
    asked = []
    for place in PLACES.values():
        if "{words}" in place:
            some = range(0, len(WORDS), AT_ONCE)
            asked += [place.format(words=" ".join(WORDS[at : at + AT_ONCE])) for at in some]
        else:
            asked += [place.format(word=word, kind=word) for word in WORDS[SOME]]
            asked += [place.format(word=kind, kind=kind) for kind in TYPES[SOME]]
    return asked


@pytest.fixture
async def stranger(gateway_settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody without a token, before a gateway as it stands in production."""
    app = create_app(gateway_settings.model_copy(update={"env": "production"}))
    async with app.router.lifespan_context(app), client_of(app) as client:
        yield client


async def answers(client: httpx2.AsyncClient, **headers: str) -> set[tuple[int, str]]:
    """The different answers to all guesses."""
    found = set()
    for guess in guesses():
        answer = await client.post("/graphql", json={"query": guess}, headers=headers)
        found.add((answer.status_code, answer.text))
    return found


async def test_a_stranger_learns_nothing(stranger: httpx2.AsyncClient) -> None:
    ((status, text),) = await answers(stranger)
    assert status == 401
    assert "UNAUTHENTICATED" in text


async def test_a_pupil_learns_nothing(stranger: httpx2.AsyncClient, student, token_of) -> None:
    ((_, text),) = await answers(stranger, Authorization=f"Bearer {token_of(student)}")
    assert text == (
        '{"errors":[{"message":"the document does not fit the schema",'
        '"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}'
    )


async def test_a_stranger_cannot_tell_a_word_even_alone(stranger: httpx2.AsyncClient) -> None:
    """A document that is right is refused as one that is not."""
    found = set()
    for query in ("{ viewer { id } }", "{ viewer { zz } }", "{ zz }", "mutation { zz }"):
        answer = await stranger.post("/graphql", json={"query": query})
        found.add((answer.status_code, answer.text))
    assert len(found) == 1
