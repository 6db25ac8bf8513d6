"""The rules of `Trust.resolve`, which every transport calls with what its client sent."""

from typing import Any

import pytest
from graphql import FieldNode, OperationDefinitionNode, OperationType

from gateway.documents import CONTRACT
from gateway.refusals import Rejected
from gateway.settings import Settings
from gateway.trusted.policy import Registrations, Sent, Trust
from gateway.trusted.registry import OURS, Registry, load
from gateway.trusted.texts import digest
from models.vocabulary import Role
from services.access import Viewer

TEXT = (OURS / "Dashboard.graphql").read_text()
STRANGE = "query Strange { viewer { id } }"


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load(Settings())


def by(client: str | None) -> Viewer:
    return Viewer("a-1", Role.STUDENT, None, client)


def hashed(id: str) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": id, "miss": True}}}


def trust(registry: Registry, documents: str, env: str = "development") -> Trust:
    return Trust(Settings().model_copy(update={"documents": documents, "env": env}), registry)


def refused(trust: Trust, given: dict[str, Any], viewer: Viewer | None, **path: str) -> Any:
    """The message, the code and the status of a refusal."""
    with pytest.raises(Rejected) as rejected:
        trust.resolve(given, viewer, path_id=path.get("path"))
    (error,) = rejected.value.errors
    return error.message, (error.extensions or {})["code"], rejected.value.status


@pytest.mark.parametrize(
    ("documents", "client", "runs"),
    [
        ("open", None, True),
        ("log", None, True),
        ("only", None, False),
        ("open", "parent-app", False),
        ("log", "parent-app", False),
        ("only,agents=open", "agents", True),
        ("only,agents=log", "agents", True),
        ("only,agents=open", "dashboard", False),
        ("only,agents=open", None, False),
        ("open,dashboard=only", "dashboard", False),
        ("open,Dashboard=only", "dashboard", False),
        ("open,dashboard=only", "Dashboard", False),
        ("open", "Parent-App", False),
    ],
)
def test_the_client_application_says_which_mode_holds(
    registry: Registry, documents: str, client: str | None, *, runs: bool
) -> None:
    asked = trust(registry, documents)
    if runs:
        assert asked.resolve({"query": STRANGE}, by(client)) == Sent(STRANGE, trusted=False)
    else:
        _, code, status = refused(asked, {"query": STRANGE}, by(client))
        assert (code, status) == ("DOCUMENT_NOT_TRUSTED", 400)
    assert asked.resolve({"documentId": digest(TEXT)}, by(client)) == Sent(TEXT, trusted=True)


@pytest.mark.parametrize("mode", ["open", "log"])
def test_in_development_an_unknown_hash_is_asked_for_and_registered(
    registry: Registry, mode: str
) -> None:
    asked, me = trust(registry, mode), by("dashboard")
    told = ("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND", 400)
    assert refused(asked, hashed(digest(STRANGE)), me) == told
    registration = {"query": STRANGE, **hashed(digest(STRANGE))}
    assert asked.resolve(registration, me) == Sent(STRANGE, trusted=False)
    assert asked.resolve(hashed(digest(STRANGE)), me) == Sent(STRANGE, trusted=False)
    assert refused(asked, hashed(digest(STRANGE)), by("parent-app"))[1] == "DOCUMENT_NOT_TRUSTED"


def test_a_registration_must_be_of_its_text(registry: Registry) -> None:
    asked = trust(registry, "open")
    for hash in (digest(TEXT), digest(STRANGE).upper(), f"sha256:{digest(STRANGE)}", ""):
        assert refused(asked, {"query": STRANGE, **hashed(hash)}, by(None))[1:] == (
            "BAD_REQUEST",
            400,
        )
    assert refused(asked, hashed(digest(STRANGE)), by(None))[1] == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize("mode", ["open", "log"])
def test_in_production_nothing_is_registered(registry: Registry, mode: str) -> None:
    asked, me = trust(registry, mode, "production"), by("dashboard")
    told = ("PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED", 400)
    assert refused(asked, hashed(digest(STRANGE)), me) == told
    registration = {"query": STRANGE, **hashed(digest(STRANGE))}
    assert refused(asked, registration, me)[1:] == ("BAD_REQUEST", 400)
    assert refused(asked, {"documentId": "x"}, me)[1:] == ("DOCUMENT_NOT_TRUSTED", 400)


@pytest.mark.parametrize("mode", ["open", "log", "only"])
def test_in_production_nobody_learns_which_ids_are_known(registry: Registry, mode: str) -> None:
    asked = trust(registry, mode, "production")
    for given in (hashed("0" * 64), {"documentId": "0" * 64}):
        assert refused(asked, given, None)[1:] == ("UNAUTHENTICATED", 401)


def test_an_unknown_path_is_not_found(registry: Registry) -> None:
    asked = trust(registry, "only")
    assert refused(asked, {}, by(None), path="x")[1:] == ("DOCUMENT_NOT_TRUSTED", 404)
    assert asked.resolve({}, by(None), path_id=digest(TEXT)).text == TEXT


def test_registrations_are_bounded_and_the_oldest_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Registrations, "MOST", 2)
    monkeypatch.setattr(Registrations, "CHARACTERS", 10)
    kept = Registrations()
    kept.keep("a", "aaaa")
    kept.keep("b", "bbbb")
    assert kept.get("a") == "aaaa"
    kept.keep("c", "c")
    assert [kept.get(id) for id in "abc"] == ["aaaa", None, "c"]
    kept.keep("d", "ddddddddd")
    assert [kept.get(id) for id in "abcd"] == [None, None, "c", "ddddddddd"]
    kept.keep("e", "e" * 11)
    assert [kept.get(id) for id in "cde"] == [None, None, None]


def test_every_change_can_be_asked_for_by_an_id(registry: Registry) -> None:
    """Or it could not be made at all where only trusted documents run, as in production."""
    asked = {
        selection.name.value
        for each in registry.ours
        for node in each.document.definitions
        if isinstance(node, OperationDefinitionNode) and node.operation is OperationType.MUTATION
        for selection in node.selection_set.selections
        if isinstance(selection, FieldNode)
    }
    assert CONTRACT.mutation_type is not None
    assert set(CONTRACT.mutation_type.fields) - asked == set()
