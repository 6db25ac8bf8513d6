"""Attempts at running what is not trusted, for each transport to refuse."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from gateway.trusted.registry import OURS

TEXT = (OURS / "Dashboard.graphql").read_text()
ID = sha256(TEXT.encode()).hexdigest()
STRANGE = "query Strange { viewer { id role } }"
STRANGE_ID = sha256(STRANGE.encode()).hexdigest()
UNKNOWN = "0" * 64


def hashed(id: Any, **changed: Any) -> dict[str, Any]:
    """An id as Apollo's extension carries it."""
    return {"persistedQuery": {"version": 1, "sha256Hash": id, **changed}}


@dataclass(frozen=True)
class Attempt:
    """What is sent; `codes` are those one of which it is refused with."""

    sent: dict[str, Any]
    codes: tuple[str, ...] = ("DOCUMENT_NOT_TRUSTED",)
    path: str = "/graphql"
    by: tuple[str, ...] = field(default=("POST", "GET", "batch"))


BAD = ("BAD_REQUEST",)
ATTEMPTS = {
    "an untrusted text": Attempt({"query": STRANGE}),
    "the very text of a trusted document": Attempt({"query": TEXT}),
    "that text without its comment": Attempt({"query": TEXT.split("\n", 1)[1]}),
    "the schema": Attempt({"query": "{ __schema { types { name } } }"}),
    "a type's name": Attempt({"query": "{ __typename }"}),
    "no text": Attempt({"query": ""}),
    "a change": Attempt({"query": "mutation M { createTask(input: {}) { events { id } } }"}),
    "a text beside a trusted id": Attempt({"query": STRANGE, "documentId": ID}, BAD),
    "an empty text beside a trusted id": Attempt({"query": "", "documentId": ID}, BAD),
    "a text beside its own trusted id": Attempt({"query": TEXT, "documentId": ID}, BAD),
    "a text beside a trusted hash": Attempt({"query": STRANGE, "extensions": hashed(ID)}, BAD),
    "a registration": Attempt({"query": STRANGE, "extensions": hashed(STRANGE_ID)}, BAD),
    "a registration of the trusted": Attempt({"query": TEXT, "extensions": hashed(ID)}, BAD),
    "what somebody registered": Attempt({"extensions": hashed(STRANGE_ID)}),
    "what somebody registered, by id": Attempt({"documentId": STRANGE_ID}),
    "what somebody registered, by path": Attempt({}, path=f"/graphql/{STRANGE_ID}"),
    "an unknown id": Attempt({"documentId": UNKNOWN}),
    "an unknown hash": Attempt({"extensions": hashed(UNKNOWN)}),
    "an unknown path": Attempt({}, path=f"/graphql/{UNKNOWN}"),
    "no id": Attempt({"documentId": ""}),
    "the id in capitals": Attempt({"documentId": ID.upper()}),
    "the hash in capitals": Attempt({"extensions": hashed(ID.upper())}),
    "the path in capitals": Attempt({}, path=f"/graphql/{ID.upper()}"),
    "the id after a space": Attempt({"documentId": f" {ID}"}),
    "the id before a line's end": Attempt({"documentId": f"{ID}\n"}),
    "the hash before a NUL": Attempt({"extensions": hashed(f"{ID}\x00")}),
    "the path before a space": Attempt({}, path=f"/graphql/{ID}%20"),
    "a part of the id": Attempt({"documentId": ID[:-1]}),
    "the prefix in capitals": Attempt({"documentId": f"SHA256:{ID}"}),
    "another prefix": Attempt({"documentId": f"md5:{ID}"}),
    "the document's name": Attempt({"documentId": "Dashboard"}),
    "the document's file": Attempt({}, path="/graphql/Dashboard.graphql"),
    "two ids": Attempt({"documentId": ID, "extensions": hashed(UNKNOWN)}, BAD),
    "two ids, one in the path": Attempt({"documentId": ID}, BAD, path=f"/graphql/{UNKNOWN}"),
    "a text at a path": Attempt({"query": STRANGE}, BAD, path=f"/graphql/{ID}"),
    "a list of ids": Attempt({"documentId": [ID]}, BAD, by=("POST", "batch")),
    "a list of hashes": Attempt({"extensions": hashed([ID])}, BAD),
    "another version": Attempt({"extensions": hashed(ID, version=2)}, BAD),
    "a version that is true": Attempt({"extensions": hashed(ID, version=True)}, BAD),
    "an extension that is none": Attempt({"extensions": {"persistedQuery": ID}}, BAD),
    "an id where none is looked for": Attempt({"id": ID, "doc_id": ID}, BAD),
    "an operation that the document has not": Attempt(
        {"documentId": ID, "operationName": "Strange"}, ("OPERATION_RESOLUTION_FAILURE",)
    ),
    "the schema as an operation's name": Attempt(
        {"documentId": ID, "operationName": "__schema"}, ("OPERATION_RESOLUTION_FAILURE",)
    ),
}
