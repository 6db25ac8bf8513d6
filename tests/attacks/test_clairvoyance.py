"""Clairvoyance itself, against a gateway on a socket: what it learns where the schema is closed.

It sends words and reads in the errors which of them the schema knows. Ours are all that the schema
has, so whatever a gateway gives away would be found.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    parse,
    visit,
)
from serving import Served, serving

from gateway.documents import CONTRACT
from gateway.settings import ROOT, Settings
from gateway.trusted.registry import OURS

GUESSER = ROOT / "tests" / "clients" / "guessing" / ".venv" / "bin" / "clairvoyance"
KINDS = (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType)
PRIMITIVE = {"String", "Int", "Float", "Boolean", "ID"}
PRODUCTION = {"env": "production", "introspection": None, "paths": "reference"}


def vocabulary() -> list[str]:
    """Every field and argument of the schema, and some words that it has not."""
    words = {"zz", "password", "users", "admin"}
    for kind in CONTRACT.type_map.values():
        if isinstance(kind, KINDS) and not kind.name.startswith("__"):
            words |= set(kind.fields)
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            words |= {argument for field in kind.fields.values() for argument in field.args}
    return sorted(words)


def trusted() -> set[str]:
    """The fields that trusted documents name, each with its type."""
    found = set()

    class Reading(Visitor):
        def enter_field(self, node: Any, *_: object) -> None:
            if parent := types.get_parent_type():
                found.add(f"{parent.name}.{node.name.value}")

    for file in OURS.glob("*.graphql"):
        types = TypeInfo(CONTRACT)
        visit(parse(file.read_text()), TypeInfoVisitor(types, Reading()))
    return found


@contextmanager
def standing(settings: Settings, **changed: Any) -> Iterator[Served]:
    with serving(settings.model_copy(update=changed)) as gateway:
        yield gateway


def guessed(
    url: str, folder: Path, place: str, token: str | None, words: list[str] | None = None
) -> set[str]:
    """The fields that it recovers beginning in a place; `scripts/test` has installed it."""
    listed, schema = folder / "words.txt", folder / "schema.json"
    listed.write_text("\n".join(words or vocabulary()))
    schema.unlink(missing_ok=True)
    bearing = ["-H", f"Authorization: Bearer {token}"] if token else []
    ran = subprocess.run(
        [GUESSER, "-d", place, "-w", listed, "-o", schema, *bearing, f"{url}/graphql"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if not schema.exists():  # it gives up where errors tell it nothing
        assert "Unable to get TypeRef" in ran.stderr, ran.stderr
        return set()
    told = json.loads(schema.read_text())["data"]["__schema"]["types"]
    return {
        f"{kind['name']}.{field['name']}"
        for kind in told
        if kind["name"] not in PRIMITIVE
        for field in kind["fields"] or ()
    }


TRIES = [
    ("open", None, "query { FUZZ }"),
    ("open", "a pupil", "query { FUZZ }"),
    ("open", "a pupil", "mutation { FUZZ }"),
    ("open", "a pupil", "query { viewer { FUZZ } }"),
    ("only", "a pupil", "query { FUZZ }"),
]


@pytest.mark.parametrize(("documents", "who", "place"), TRIES)
def test_it_names_nothing_but_what_trusted_documents_name(
    gateway_settings: Settings, tmp_path: Path, student, token_of, documents, who, place
) -> None:
    with standing(gateway_settings, **PRODUCTION, documents=documents) as gateway:
        token = token_of(student) if who else None
        assert guessed(gateway.url, tmp_path, place, token) <= trusted()


def test_it_does_find_what_a_gateway_gives_away(
    gateway_settings: Settings, tmp_path: Path, student, token_of
) -> None:
    """Where the schema is open: so that the tests above are worth something."""
    words = ["viewer", "displayName", "role", "zz", "password"]
    with standing(gateway_settings) as gateway:
        found = guessed(gateway.url, tmp_path, "query { FUZZ }", token_of(student), words)
    assert {"Query.viewer", "Viewer.role"} <= found
    assert not any(name.endswith((".zz", ".password")) for name in found)
