"""The commands: what they print, and how they refuse."""

import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from gateway.cli.__main__ import main
from gateway.embedded import Servers
from gateway.settings import Settings

SECRET = "a shared secret of more than thirty-two bytes"

Nexus = Callable[..., int]


@pytest.fixture
def environment(
    servers: Servers, home: Path, monkeypatch: pytest.MonkeyPatch
) -> pytest.MonkeyPatch:
    """An environment that names the test's servers, with a database that has never been used."""
    for name in [f"NEXUS_{field.upper()}" for field in Settings.model_fields]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NEXUS_HOME", str(home))
    monkeypatch.setenv("NEXUS_JWT_SECRET", SECRET)
    monkeypatch.setenv("DATABASE_URL", servers.database_url)
    monkeypatch.setenv("REDIS_URL", servers.redis_url)
    with socket.create_server(("127.0.0.1", 0)) as free:
        monkeypatch.setenv("NEXUS_PORT", str(free.getsockname()[1]))
    return monkeypatch


@pytest.fixture
def nexus(environment: pytest.MonkeyPatch) -> Nexus:
    """Run a command; its exit code."""

    def run(*words: str) -> int:
        environment.setattr(sys, "argv", ["nexus", *words])
        try:
            return main()
        except SystemExit as end:
            return int(end.code or 0)

    return run


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token.strip(), OctKey.import_key(SECRET), algorithms=["HS256"]).claims


def one_line(said: str) -> bool:
    return said.startswith("nexus: ") and said.count("\n") == 1


def test_a_token_says_who_in_which_role_until_when(
    nexus: Nexus, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--role", "coach", "--sub", "c-1", "--ttl", "60", "--client", "parent-app")
    assert nexus("token", *words, "--name", "Nora") == 0
    said = claims(capsys.readouterr().out)
    assert said.pop("exp") - said.pop("iat") == 60
    assert said == {
        "sub": "c-1",
        "role": "COACH",
        "aud": "nexus",
        "client": "parent-app",
        "name": "Nora",
    }


def test_a_token_for_a_pupil_names_the_pupils_user(
    nexus: Nexus,
    environment: pytest.MonkeyPatch,
    school: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment.setenv("DATABASE_URL", school)
    assert nexus("demo", "--json") == 0
    first = json.loads(capsys.readouterr().out)["students"][0]
    assert nexus("token", "--role", "STUDENT", "--student", first["id"]) == 0
    minted, listed = claims(capsys.readouterr().out), claims(first["token"])
    assert (minted["sub"], minted["name"]) == (listed["sub"], listed["name"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "say who it is for"),
        (("--student", str(uuid4()), "--role", "COACH"), "leave out"),
        (("--student", str(uuid4())), "there is no student"),
    ],
)
def test_a_token_for_nobody_is_refused(
    nexus: Nexus,
    environment: pytest.MonkeyPatch,
    empty_database: str,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    said: str,
) -> None:
    environment.setenv("DATABASE_URL", empty_database)
    assert nexus("token", *words) == 1
    printed = capsys.readouterr()
    assert said in printed.err
    assert one_line(printed.err)
    assert printed.out == ""


def test_no_token_is_minted_where_others_sign(
    nexus: Nexus, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("NEXUS_JWKS_URL", "https://id.example/keys")
    assert nexus("token", "--sub", "x") == 1
    assert "issuer behind NEXUS_JWKS_URL" in capsys.readouterr().err


def test_the_demo_school_is_printed_with_a_token_for_everybody(
    nexus: Nexus,
    environment: pytest.MonkeyPatch,
    school: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment.setenv("DATABASE_URL", school)
    environment.setenv("NEXUS_PORT", "8123")
    assert nexus("demo", "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert list(printed) == ["url", "students", "parents", "coaches", "admins"]
    assert printed["url"] == "http://127.0.0.1:8123"
    first = printed["students"][0]
    assert list(first) == ["id", "name", "track", "profile", "token"]
    assert (first["track"], first["profile"]) == ("PREMIERE", "SCOLARISE")
    assert printed["parents"][0]["wards"] == [pupil["id"] for pupil in printed["students"][:2]]
    for group, role in zip(list(printed)[1:], ("STUDENT", "PARENT", "COACH", "ADMIN"), strict=True):
        for person in printed[group]:
            said = claims(person["token"])
            assert (said["role"], said["name"]) == (role, person["name"])
            assert role == "STUDENT" or said["sub"] == person["id"]


def test_a_school_of_another_size_does_not_overwrite_pupils_unasked(
    nexus: Nexus,
    environment: pytest.MonkeyPatch,
    empty_database: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment.setenv("DATABASE_URL", empty_database)
    assert nexus("demo", "--scale", "3") == 0
    assert nexus("demo", "--scale", "4") == 1
    assert "--reset" in capsys.readouterr().err
    assert nexus("demo", "--scale", "4", "--reset", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["students"]) == 4


def test_the_demo_school_is_not_for_production(
    nexus: Nexus, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("NEXUS_ENV", "production")
    assert nexus("demo") == 1
    assert one_line(capsys.readouterr().err)


def test_the_printed_schema_is_the_one_under_review(
    nexus: Nexus, capsys: pytest.CaptureFixture[str]
) -> None:
    assert nexus("schema", "--check") == 0
    capsys.readouterr()
    assert nexus("schema") == 0
    assert "type Query" in capsys.readouterr().out


def test_the_doctor_finds_a_migrated_database_well(
    nexus: Nexus,
    environment: pytest.MonkeyPatch,
    empty_database: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment.setenv("DATABASE_URL", empty_database)
    code = nexus("doctor", "--json")
    found = {f["subject"]: f for f in json.loads(capsys.readouterr().out)}
    about_servers = ("database", "extensions", "migrations", "role", "redis", "tokens", "port")
    assert {subject: found[subject]["level"] for subject in about_servers} == dict.fromkeys(
        about_servers, "ok"
    )
    assert code == any(finding["level"] == "fail" for finding in found.values())


def test_the_doctor_says_what_an_empty_database_lacks(
    nexus: Nexus, capsys: pytest.CaptureFixture[str]
) -> None:
    assert nexus("doctor") == 1
    printed = capsys.readouterr().out
    assert "fail  migrations  at nothing" in printed
    assert "→ scripts/nexus migrate" in printed


def test_the_doctor_survives_servers_that_do_not_answer(
    nexus: Nexus, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nexus")
    environment.setenv("REDIS_URL", "redis://127.0.0.1:1")
    assert nexus("doctor", "--json") == 1
    found = {f["subject"]: f["level"] for f in json.loads(capsys.readouterr().out)}
    assert (found["database"], found["redis"]) == ("fail", "fail")


def test_the_doctor_starts_nothing_in_a_home_that_was_never_used(
    nexus: Nexus,
    environment: pytest.MonkeyPatch,
    home: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment.delenv("DATABASE_URL")
    nexus("doctor", "--json")
    found = {f["subject"]: f["level"] for f in json.loads(capsys.readouterr().out)}
    assert found["servers"] == "warn"
    assert not home.exists()


@pytest.mark.parametrize(
    ("name", "value"), [("NEXUS_ENV", "production"), ("DATABASE_URL", "mysql://d/n")]
)
def test_impossible_settings_end_every_command_with_one_line_and_2(
    nexus: Nexus,
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
) -> None:
    environment.delenv("NEXUS_JWT_SECRET")
    environment.setenv(name, value)
    for words in (("run",), ("serve",), ("migrate",), ("demo",), ("token", "--sub", "x")):
        assert nexus(*words) == 2
        assert one_line(capsys.readouterr().err)


@pytest.mark.parametrize("command", ["run", "serve", "migrate", "demo"])
def test_a_database_that_does_not_answer_is_said_in_one_line(
    nexus: Nexus,
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    environment.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nexus")
    assert nexus(command) == 1
    printed = capsys.readouterr().err
    assert one_line(printed)
    assert "the database does not answer" in printed


def test_migrations_go_down_and_up_again(
    nexus: Nexus,
    environment: pytest.MonkeyPatch,
    empty_database: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment.setenv("DATABASE_URL", empty_database)
    assert nexus("migrate", "--down", "base") == 0
    assert nexus("doctor") == 1
    assert nexus("migrate") == 0
    assert nexus("migrate", "no-such-revision") == 1
    assert "migration failed" in capsys.readouterr().err
