"""The manifests in which build tools of clients list the documents that a client ships.

`apollo`   @apollo/generate-persisted-query-manifest: `{"format": …, "version": 1, "operations":
           [{"id", "name", "type", "body"}]}`, the id being the SHA-256 of the body.
`relay`    relay-compiler's `persistConfig.file`: `{id: text}`, MD5 unless told otherwise.
`codegen`  graphql-codegen's client preset, `persistedDocuments`: `{id: text}`, `sha256:` and the
           digest since version 6, SHA-1 before, unless told otherwise.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

APOLLO = "apollo-persisted-query-manifest"
KNOWN_ID = re.compile(r"[a-z0-9._~-]{1,128}|sha256:[0-9a-f]{64}")
HEXADECIMAL = re.compile(r"[0-9a-f]+")
DIGESTS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}  # by their hexadecimal digits
RESERVED = {"stream"}  # `/graphql/stream` is an endpoint


class Form(StrEnum):
    """Who wrote a manifest, or is to read it."""

    APOLLO = "apollo"
    RELAY = "relay"
    CODEGEN = "codegen"


@dataclass(frozen=True, slots=True)
class Entry:
    """One document of a manifest; a name and a kind only where the form has them."""

    id: str
    text: str = field(repr=False)
    name: str | None = None
    kind: str | None = None


class BadManifest(Exception):
    """The file is no manifest, or says what cannot be; the message says what, in one line."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def read(raw: str) -> list[Entry]:
    """The documents of a manifest in any of the three forms; its order is kept."""
    try:
        given = json.loads(raw, object_pairs_hook=_without_repetition)
    except json.JSONDecodeError as error:
        raise BadManifest(f"is not JSON: {error.msg}", error.lineno) from None
    except RecursionError:
        raise BadManifest("is nested too deeply") from None
    if not isinstance(given, dict):
        raise BadManifest("is no manifest of Apollo, Relay or graphql-codegen")
    entries = _of_apollo(given) if "format" in given else _of_a_map(given)
    for entry in entries:
        _check(entry, line_of_entry(raw, entry))
    if len({entry.id for entry in entries}) < len(entries):
        raise BadManifest("gives one id to two documents")
    return entries


def written(entries: Iterable[Entry], form: Form) -> str:
    """The manifest of documents whose ids are digests, as the tools of that form write it."""
    made: Any
    if form is Form.APOLLO:
        listed = [
            {"id": each.id, "name": each.name, "type": each.kind, "body": each.text}
            for each in entries
        ]
        made = {"format": APOLLO, "version": 1, "operations": listed}
    else:
        prefix = "sha256:" if form is Form.CODEGEN else ""
        made = {prefix + entry.id: entry.text for entry in entries}
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def line_of_entry(raw: str, entry: Entry) -> int | None:
    """The line of a manifest at which a document is named."""
    place = raw.find(json.dumps(entry.id))
    return raw.count("\n", 0, place) + 1 if place >= 0 else None


def _of_apollo(given: Mapping[str, Any]) -> list[Entry]:
    if given["format"] != APOLLO or given.get("version") != 1:
        raise BadManifest(f"is no {APOLLO} of version 1")
    listed = given.get("operations")
    if not isinstance(listed, list):
        raise BadManifest("lists no operations")
    return [_operation(each) for each in listed]


def _operation(each: Any) -> Entry:
    parts = ("id", "body", "name", "type")
    if not isinstance(each, dict) or not all(isinstance(each.get(part), str) for part in parts):
        raise BadManifest("an operation has not its id, name, type and body")
    entry = Entry(each["id"], each["body"], each["name"], each["type"])
    if len(entry.id) != 64:
        raise BadManifest(f"{entry.name}: the id is not the SHA-256 of the body")
    return entry


def _of_a_map(given: Mapping[str, Any]) -> list[Entry]:
    if not all(isinstance(text, str) for text in given.values()):
        raise BadManifest("is no manifest of Apollo, Relay or graphql-codegen")
    return [Entry(id, text) for id, text in given.items()]


def _check(entry: Entry, line: int | None) -> None:
    """An id says nothing, unless it looks like a digest of the text: then it must be that."""
    if not KNOWN_ID.fullmatch(entry.id) or entry.id in RESERVED:
        told = "ids are lower-case letters, digits and . _ ~ -"
        raise BadManifest(f"{entry.id[:80]!r} is no id that could be asked for: {told}", line)
    promised = entry.id.removeprefix("sha256:")
    algorithm = DIGESTS.get(len(promised))
    if not algorithm or not HEXADECIMAL.fullmatch(promised):
        return
    try:
        text = entry.text.encode()
    except UnicodeEncodeError:
        raise BadManifest(f"{entry.id} holds half of a surrogate pair", line) from None
    if hashlib.new(algorithm, text, usedforsecurity=False).hexdigest() != promised:
        raise BadManifest(f"{entry.id} is not the {algorithm.upper()} of its text", line)


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadManifest("names one thing twice")
    return found
