"""The audits of GraphQL over HTTP, by the npm package that implementations are judged with."""

import json
import subprocess
from collections.abc import Iterator

import pytest
from serving import Served, serving

from gateway.settings import ROOT, Settings

AUDITS = ROOT / "tests" / "clients" / "audits"


@pytest.fixture(scope="module")
def served(gateway_settings: Settings) -> Iterator[Served]:
    with serving(gateway_settings) as gateway:
        yield gateway


def audited(*arguments: str) -> list[dict[str, str]]:
    """What each audit found; `scripts/test` has installed them."""
    ran = subprocess.run(
        ["node", AUDITS / "audit.mjs", *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found: list[dict[str, str]] = json.loads(ran.stdout)
    return found


def test_every_audit_passes_without_a_warning(served: Served) -> None:
    found = audited(f"{served.url}/graphql")
    assert [audit for audit in found if audit["status"] != "ok"] == []
    assert len(found) == 61


def test_every_audit_passes_for_who_has_a_token(served: Served, student, token_of) -> None:
    found = audited(f"{served.url}/graphql", token_of(student))
    assert [audit for audit in found if audit["status"] != "ok"] == []
