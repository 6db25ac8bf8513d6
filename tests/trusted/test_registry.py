"""What is trusted after the start, and what stops it."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from graphql import parse

from gateway.settings import Settings
from gateway.trusted.broken import BrokenDocument
from gateway.trusted.manifests import Entry, Form, written
from gateway.trusted.registry import OURS, Registry, load
from gateway.trusted.texts import apollo_texts, digest

ME = "query Me {\n  viewer {\n    id\n  }\n}\n"
WRONG = "query Wrong {\n  viewer {\n    nothing\n  }\n}\n"

Read = Callable[..., Registry]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Load the documents with these files in the directory of the clients."""

    def loaded(env: str = "development", **files: str) -> Registry:
        for name, text in files.items():
            (tmp_path / name.replace("_", ".")).write_text(text)
        settings = Settings(documents_dir=tmp_path)
        return load(settings.model_copy(update={"env": env}))

    return loaded


def test_ours_are_called_by_the_digest_of_their_file(read: Read) -> None:
    registry = read()
    for file in OURS.glob("*.graphql"):
        found = registry.get(sha256(file.read_bytes()).hexdigest())
        assert found is not None
        assert (found.text, found.source) == (file.read_text(), f"schema/documents/{file.name}")


def test_ours_hold_in_production(read: Read) -> None:
    assert len(read(env="production")) == len(read())


def test_ours_are_trusted_as_apollo_prints_them_too(read: Read) -> None:
    registry = read()
    for each in registry.ours:
        for text in apollo_texts(each.document).values():
            assert registry.get(digest(text)) is not None


def test_apollo_asks_for_the_type_of_all_but_the_root_and_sorts() -> None:
    text = (
        "query B($on: Boolean!) { viewer { ...Z @include(if: $on) ...Y } }\n"
        "fragment Y on Viewer { id student { __typename id } }\n"
        "fragment Z on Viewer { role }\n"
        "query A { viewer { id } }"
    )
    printed = apollo_texts(parse(text))
    assert list(printed) == ["B", "A"]
    assert printed["A"] == "query A {\n  viewer {\n    id\n    __typename\n  }\n}"
    operation, first, second = printed["B"].split("\n\n")
    assert operation.endswith("...Z @include(if: $on)\n    ...Y\n    __typename\n  }\n}")
    assert first.startswith("fragment Y")
    assert first.count("__typename") == 2
    assert second.startswith("fragment Z")


def test_a_manifest_is_trusted_under_its_own_ids(read: Read) -> None:
    registry = read(web_json=written([Entry("me-1", ME)], Form.RELAY))
    found = registry.get("me-1")
    assert found is not None
    assert found.operations == ("Me",)
    assert registry.get(digest(ME)) is found
    assert registry.get(f"sha256:{digest(ME)}") is found
    for other in ("ME-1", " me-1", "me-1 ", "me-1\n", "Me", ""):
        assert registry.get(other) is None


def broken(read: Read, **files: str) -> str:
    with pytest.raises(BrokenDocument) as stopped:
        read(**files)
    message = str(stopped.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        (WRONG, 3, "Cannot query field 'nothing' on type 'Viewer'."),
        ("query Open {\n  viewer {", 2, "Syntax Error: Expected Name, found <EOF>."),
        ("\n\n{ viewer { id } }", 3, "an operation has no name"),
        ("query A { viewer { id } }\nquery A { viewer { id } }", 1, "only one operation named 'A'"),
        ("fragment F on Viewer { id }", 1, "Fragment 'F' is never used."),
        ("", 1, "Syntax Error"),
        ("query A($x: Int) {\n  viewer { id }\n}", 1, "Variable '$x' is never used"),
        ("query Dashboard { viewer { id } }", 0, "another file has an operation Dashboard too"),
    ],
)
def test_a_broken_document_names_its_file_and_line(
    read: Read, text: str, line: int, why: str
) -> None:
    message = broken(read, New_graphql=text)
    assert f"/New.graphql:{line}: " in message if line else "/New.graphql: " in message
    assert why in message


def test_what_nobody_may_spend_is_not_trusted(read: Read) -> None:
    nested = "students(first: 100) { nodes { tasks(first: 100) { nodes { student {"
    nested += " tasks(first: 100) { nodes { id } } } } } } }"
    assert "nobody may spend that" in broken(
        read, Dear_graphql=f"query Dear {{ viewer {{ {nested} }} }}"
    )


def test_a_broken_entry_names_its_manifest_its_lines_and_itself(read: Read) -> None:
    manifest = written([Entry("me", ME), Entry("wrong", WRONG)], Form.RELAY)
    message = broken(read, web_json=manifest)
    assert "/web.json:3: wrong, line 3: Cannot query field 'nothing'" in message


def test_an_apollo_entry_is_the_operation_that_it_names(read: Read) -> None:
    for name, kind in (("You", "query"), ("Me", "mutation")):
        manifest = written([Entry(digest(ME), ME, name, kind)], Form.APOLLO)
        assert f"{name}: the body is not one {kind} of that name" in broken(read, web_json=manifest)


def test_one_id_is_one_document(read: Read) -> None:
    files = {
        "a_json": written([Entry("me", ME)], Form.RELAY),
        "b_json": written([Entry("me", ME + "#")], Form.RELAY),
    }
    assert "me is another document in" in broken(read, **files)


def test_what_is_no_utf8_and_no_file_is_said(read: Read, tmp_path: Path) -> None:
    (tmp_path / "bytes.graphql").write_bytes(b"query A { viewer { id } } # \xff")
    assert "bytes.graphql: is not UTF-8" in broken(read)
    (tmp_path / "bytes.graphql").unlink()
    (tmp_path / "folder.json").mkdir()
    assert "folder.json: Is a directory" in broken(read)


def test_a_directory_that_was_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(BrokenDocument, match="there is no directory"):
        load(Settings(documents_dir=tmp_path / "missing"))
    assert len(load(Settings(home=tmp_path / "missing"))) > 0


def test_a_schema_that_is_closed_is_closed_to_trusted_documents_too(read: Read) -> None:
    whole = "query Whole { __schema { queryType { name } } }"
    read(Whole_graphql=whole)
    with pytest.raises(BrokenDocument, match="introspection"):
        read(env="production", Whole_graphql=whole)
