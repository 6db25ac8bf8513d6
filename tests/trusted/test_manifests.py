"""Manifests: what is written is read again, in each form, and what lies is refused."""

import json
from hashlib import md5, sha1, sha256, sha512

import pytest

from gateway.trusted.manifests import APOLLO, BadManifest, Entry, Form, read, written

TEXT = "query Me { viewer { id } }"
OTHER = "query Who {\n  viewer { role displayName }\n}\n"


def entry(text: str, name: str) -> Entry:
    return Entry(sha256(text.encode()).hexdigest(), text, name, "query")


@pytest.mark.parametrize("form", Form)
def test_what_is_written_is_read_again(form: Form) -> None:
    given = [entry(TEXT, "Me"), entry(OTHER, "Who")]
    found = read(written(given, form))
    assert [(each.id.removeprefix("sha256:"), each.text) for each in found] == [
        (each.id, each.text) for each in given
    ]
    assert form is not Form.APOLLO or found == given


@pytest.mark.parametrize("digest", [md5, sha1, sha256, sha512])
def test_an_id_that_looks_like_a_digest_is_one(digest) -> None:
    id = digest(TEXT.encode()).hexdigest()
    assert read(json.dumps({id: TEXT})) == [Entry(id, TEXT)]
    with pytest.raises(BadManifest, match=f"{id} is not the {digest().name.upper()}"):
        read(json.dumps({id: OTHER}))


@pytest.mark.parametrize(
    ("id", "text"),
    [
        (
            "b52b395d69069126ffff398320704973",  # relay-compiler 21
            "query AQuery(\n  $studentId: ID!\n) {\n  student(id: $studentId) {\n    ...A_kpis\n"
            "    displayName\n    id\n  }\n}\n\nfragment A_kpis on Student {\n  dashboard {\n"
            "    kpis {\n      streakDays\n      progressOverall\n    }\n  }\n}\n",
        ),
        (
            # graphql-codegen's client preset 6
            "sha256:dcce7119c0ca50565b4cb14786368be2267ed1c510236937ed74eb41f3f86733",
            "query CgWard($studentId: ID!) { student(id: $studentId)"
            " { dashboard { kpis { streakDays } } displayName } }",
        ),
    ],
)
def test_what_the_tools_write_is_read(id: str, text: str) -> None:
    assert read(json.dumps({id: text})) == [Entry(id, text)]


def test_other_ids_say_nothing() -> None:
    assert read(json.dumps({"web-1.4_me~7": TEXT, "12": OTHER})) == [
        Entry("web-1.4_me~7", TEXT),
        Entry("12", OTHER),
    ]


def operation(**changed: object) -> str:
    one = {"id": sha256(TEXT.encode()).hexdigest(), "name": "Me", "type": "query", "body": TEXT}
    return json.dumps({"format": APOLLO, "version": 1, "operations": [one | changed]})


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("{", "is not JSON"),
        ("[]", "is no manifest"),
        ('"a"', "is no manifest"),
        ('{"a": 1}', "is no manifest"),
        ("[" * 100_000, "nested too deeply"),
        (f'{{"a": "{TEXT}", "a": "{TEXT}"}}', "twice"),
        (json.dumps({"A": TEXT}), "'A' is no id"),
        (json.dumps({"a b": TEXT}), "is no id"),
        (json.dumps({"": TEXT}), "is no id"),
        (json.dumps({"a/b": TEXT}), "is no id"),
        (json.dumps({"stream": TEXT}), "is no id"),
        (json.dumps({"a" * 129: TEXT}), "is no id"),
        (json.dumps({"sha256:abc": TEXT}), "is no id"),
        (json.dumps({"0" * 64: "\ud800"}), "surrogate"),
        ('{"format": "other"}', "is no apollo"),
        (json.dumps({"format": APOLLO, "version": 2, "operations": []}), "of version 1"),
        (json.dumps({"format": APOLLO, "version": 1}), "lists no operations"),
        (operation(id="me"), "Me: the id is not the SHA-256"),
        (operation(id="0" * 64), "is not the SHA256 of its text"),
        (operation(body=None), "has not its id"),
        (operation(id=sha256(TEXT.encode()).hexdigest().upper()), "is no id"),
    ],
)
def test_what_lies_is_refused(raw: str, why: str) -> None:
    with pytest.raises(BadManifest, match=why):
        read(raw)


def test_a_refusal_names_the_line() -> None:
    with pytest.raises(BadManifest) as refused:
        read(json.dumps({"fine": TEXT, "NOT": TEXT}, indent=2))
    assert refused.value.line == 3
