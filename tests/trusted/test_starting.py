"""What a broken document says to who starts a gateway: one line, with its file and its line."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.embedded import Servers
from gateway.settings import ROOT, SettingsError, load
from gateway.trusted.manifests import Entry, Form, written

ME = "query Me {\n  viewer {\n    id\n  }\n}\n"
WRONG = "query Wrong {\n  viewer {\n    nothing\n  }\n}\n"


def started(servers: Servers, home: Path) -> subprocess.CompletedProcess[str]:
    """`scripts/nexus serve`, which ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli", "serve"],
        cwd=ROOT,
        env={
            "NEXUS_HOME": str(home),
            "NEXUS_PORT": "0",
            "DATABASE_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("Wrong.graphql", WRONG, ":3: Cannot query field 'nothing' on type 'Viewer'."),
        (
            "web.json",
            written([Entry("me", ME), Entry("w", WRONG)], Form.RELAY),
            ":3: w, line 3: Cannot query field 'nothing' on type 'Viewer'.",
        ),
    ],
)
def test_a_broken_document_stops_the_start(
    servers: Servers, home: Path, file: str, text: str, said: str
) -> None:
    directory = home / "documents"
    directory.mkdir(parents=True)
    (directory / file).write_text(text)
    ended = started(servers, home)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == f"nexus: {directory / file}{said}"
    assert "Traceback" not in ended.stderr
    assert "serving" not in ended.stderr


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("only", "only"),
        ("LOG", "log"),
        ("only, dashboard=log, agents=open", "only,dashboard=log,agents=open"),
    ],
)
def test_a_mode_may_be_for_all_or_for_one_client(given: str, kept: str) -> None:
    assert load(documents=given).documents == kept


@pytest.mark.parametrize(
    "given", ["none", "only,dashboard", "dashboard=only", "only,parent-app=open", "open;only"]
)
def test_another_mode_stops_the_start(given: str) -> None:
    with pytest.raises(SettingsError, match=r"^NEXUS_DOCUMENTS: "):
        load(documents=given)


def test_documents_are_open_in_development_and_trusted_in_production() -> None:
    outside = {"database_url": "postgresql://d/n", "redis_url": "redis://r"}
    assert load().documents == "open"
    assert load(env="production", jwt_secret="x" * 32, **outside).documents == "only"
