"""`scripts/nexus documents`: manifests printed and imported, and the report."""

import json
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.cli.__main__ import main
from gateway.embedded import Servers
from gateway.settings import Settings
from gateway.trusted.manifests import Entry, Form, read, written
from gateway.trusted.registry import OURS, load

ME = "query Me {\n  viewer {\n    id\n  }\n}\n"
WRONG = "query Wrong {\n  viewer {\n    nothing\n  }\n}\n"
FILES = sorted(OURS.rglob("*.graphql"))

Nexus = Callable[..., int]


@pytest.fixture
def clients(home: Path) -> Path:
    """The directory of the clients' manifests, where nothing else is named."""
    return home / "documents"


@pytest.fixture
def nexus(servers: Servers, home: Path, monkeypatch: pytest.MonkeyPatch) -> Nexus:
    """Run a command; its exit code."""
    for name in [f"NEXUS_{field.upper()}" for field in Settings.model_fields]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NEXUS_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", servers.database_url)
    monkeypatch.setenv("REDIS_URL", servers.redis_url)

    def run(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["nexus", "documents", *words])
        try:
            return main()
        except SystemExit as end:
            return int(end.code or 0)

    return run


@pytest.mark.parametrize("form", Form)
def test_our_manifest_is_printed_and_imported_in_each_form(
    nexus: Nexus, clients: Path, home: Path, capsys: pytest.CaptureFixture[str], form: Form
) -> None:
    assert nexus("manifest", "--form", form.value) == 0
    printed = capsys.readouterr().out
    entries = read(printed)
    assert len(entries) == len(FILES)
    if form is not Form.APOLLO:
        assert {each.id.removeprefix("sha256:") for each in entries} == {
            sha256(file.read_bytes()).hexdigest() for file in FILES
        }
    manifest = home.with_name("ours.json")
    manifest.write_text(printed)
    assert nexus("import", str(manifest)) == 0
    assert (clients / "ours.json").read_text() == printed
    registry = load(Settings(home=home))
    assert all(registry.get(each.id) is not None for each in entries)


def test_an_import_is_checked_before_it_is_kept(
    nexus: Nexus, clients: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = home.with_name("web.json")
    manifest.write_text(written([Entry("me", ME), Entry("w", WRONG)], Form.RELAY))
    assert nexus("import", str(manifest)) == 1
    said = capsys.readouterr().err
    assert (
        said == f"nexus: {manifest}:3: w, line 3: Cannot query field 'nothing' on type 'Viewer'.\n"
    )
    assert list(clients.iterdir()) == []


def test_an_import_drops_no_document_unasked(
    nexus: Nexus, clients: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = home.with_name("web.json")
    manifest.write_text(written([Entry("me", ME)], Form.RELAY))
    assert nexus("import", str(manifest), "--name", "app") == 0
    manifest.write_text(written([Entry("me-2", ME.replace("id", "role"))], Form.RELAY))
    assert nexus("import", str(manifest), "--name", "app") == 1
    assert "1 documents that clients may still ask for" in capsys.readouterr().err
    assert nexus("import", str(manifest), "--name", "app-2") == 0
    assert nexus("import", str(manifest), "--name", "app", "--replace") == 0
    assert list(json.loads((clients / "app.json").read_text())) == ["me-2"]


@pytest.mark.parametrize("words", [["missing.json"], ["/"], [str(OURS), "--name", "x"]])
def test_what_cannot_be_read_is_said(
    nexus: Nexus, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert nexus("import", *words) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_a_name_is_no_path(nexus: Nexus, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = home.with_name("web.json")
    manifest.write_text(written([Entry("me", ME)], Form.RELAY))
    assert nexus("import", str(manifest), "--name", "../jwt") == 1
    assert "a name, not a path" in capsys.readouterr().err


def test_the_report_names_each_document(nexus: Nexus, capsys: pytest.CaptureFixture[str]) -> None:
    assert nexus("report", "--days", "7", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    sources = [f"schema/documents/{file.relative_to(OURS)}" for file in FILES]
    assert sorted(each["source"] for each in told["trusted"]) == sources
    assert all(isinstance(each["times"], int) for each in told["trusted"])
