"""The settings: what the environment may say, and what a gateway refuses to start with."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.settings import Settings, SettingsError, load, unknown_variables

LONG = "a" * 40
OUTSIDE = {"database_url": "postgresql://n@db/nexus", "redis_url": "redis://cache"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that says nothing."""
    for name in [f"NEXUS_{field.upper()}" for field in Settings.model_fields]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    return monkeypatch


def refusal(**given: object) -> str:
    with pytest.raises(SettingsError) as refused:
        load(**given)
    return str(refused.value)


def test_nothing_need_be_set_in_development() -> None:
    settings = load()
    assert (settings.host, settings.port, settings.production) == ("127.0.0.1", 8000, False)
    assert settings.home.name == ".nexus"
    assert settings.introspects


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_a_database_is_named_in_any_of_three_ways(
    environment: pytest.MonkeyPatch, scheme: str
) -> None:
    environment.setenv("DATABASE_URL", f"{scheme}://user:p%40ss@db.example:6432/school")
    settings = load()
    assert settings.asyncpg_dsn == "postgresql://user:p%40ss@db.example:6432/school"
    assert settings.sqlalchemy_url == "postgresql+asyncpg://user:p%40ss@db.example:6432/school"


@pytest.mark.parametrize("name", ["ssl", "sslmode"])
def test_each_driver_reads_tls_under_its_own_name(name: str) -> None:
    settings = load(database_url=f"postgres://u@db/nexus?{name}=require")
    assert settings.asyncpg_dsn == "postgresql://u@db/nexus?sslmode=require"
    assert settings.sqlalchemy_url == "postgresql+asyncpg://u@db/nexus?ssl=require"


def test_a_socket_is_named_by_its_directory() -> None:
    settings = load(database_url="postgresql:///nexus?host=/run/pg&port=5433")
    assert settings.asyncpg_dsn == "postgresql:///nexus?host=/run/pg&port=5433"
    assert settings.sqlalchemy_url == "postgresql+asyncpg:///nexus?host=/run/pg&port=5433"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("DATABASE_URL", "mysql://u@db/nexus", "DATABASE_URL: must begin with postgres://"),
        ("DATABASE_URL", "postgres://u@db", "DATABASE_URL: names no database"),
        ("DATABASE_URL", "postgres://db/n?channel_binding=require", "channel_binding is not"),
        ("REDIS_URL", "http://cache", "REDIS_URL: must begin with redis://"),
        ("NEXUS_PORT", "eighty", "NEXUS_PORT: "),
        ("NEXUS_PORT", "70000", "NEXUS_PORT: "),
        ("NEXUS_ENV", "staging", "NEXUS_ENV: "),
        ("NEXUS_POOL_SIZE", "0", "NEXUS_POOL_SIZE: "),
        ("NEXUS_JWT_ALG", "none", "NEXUS_JWT_ALG: "),
        ("NEXUS_JWT_ALG", "RS256", "needs NEXUS_JWKS_URL"),
        ("NEXUS_JWKS_URL", "file:///etc/keys", "NEXUS_JWKS_URL must begin with"),
        ("NEXUS_LLM_URL", "modele:8080/v1", "NEXUS_LLM_URL must begin with"),
    ],
)
def test_an_impossible_wish_is_refused_in_one_line(
    environment: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    environment.setenv(variable, value)
    refused = refusal()
    assert said in refused
    assert "\n" not in refused


def test_a_refusal_does_not_repeat_a_secret(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATABASE_URL", "mysql://root:hunter2@db/nexus")
    assert "hunter2" not in refusal()


def test_an_empty_variable_counts_as_unset(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATABASE_URL", "")
    environment.setenv("NEXUS_PORT", "")
    assert (load().database_url, load().port) == (None, 8000)


def test_the_algorithm_follows_from_the_keys() -> None:
    assert load().algorithm == "HS256"
    assert load(jwks_url="https://id.example/keys").algorithm == "EdDSA"
    assert load(jwks_url="https://id.example/keys", jwt_alg="RS256").algorithm == "RS256"
    assert "does not go with" in refusal(jwks_url="https://id.example/keys", jwt_alg="HS256")


def test_a_development_secret_is_made_once_and_is_private(tmp_path: Path) -> None:
    settings = load(home=tmp_path / "home")
    secret = settings.signing_secret()
    assert secret is not None
    assert len(secret) > 40
    assert load(home=tmp_path / "home").signing_secret() == secret
    assert load(home=tmp_path / "other").signing_secret() != secret
    mode = (tmp_path / "home" / "jwt_secret").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert [file.name for file in (tmp_path / "home").iterdir()] == ["jwt_secret"]


def test_no_secret_is_made_where_others_sign(tmp_path: Path) -> None:
    settings = load(home=tmp_path / "home", jwks_url="https://id.example/keys")
    assert settings.signing_secret() is None
    assert not (tmp_path / "home").exists()


def test_production_starts_with_everything_named() -> None:
    settings = load(env="production", jwt_secret=LONG, **OUTSIDE)
    assert settings.signing_secret() == LONG
    assert not settings.introspects


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda given: given.pop("database_url"), "no embedded servers"),
        (lambda given: given.pop("redis_url"), "no embedded servers"),
        (lambda given: given.pop("jwt_secret"), "needs NEXUS_JWT_SECRET"),
        (lambda given: given.update(jwt_secret="é" * 15), "at least 32 bytes"),
        (lambda given: given.update(introspection=True), "NEXUS_INTROSPECTION"),
        (lambda given: given.update(jwks_url="http://id.example/keys"), "must be https://"),
    ],
)
def test_production_refuses_what_only_development_may(
    change: Callable[[dict[str, object]], object], said: str
) -> None:
    given: dict[str, object] = {"env": "production", "jwt_secret": LONG, **OUTSIDE}
    change(given)
    assert said in refusal(**given)


def test_production_refuses_a_secret_that_was_made_for_development(tmp_path: Path) -> None:
    secret = load(home=tmp_path).signing_secret()
    assert "development secret" in refusal(env="production", jwt_secret=secret, **OUTSIDE)


def test_a_misspelt_variable_is_noticed(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("NEXUS_PROT", "9000")
    environment.setenv("NEXUS_PORT", "9000")
    assert "NEXUS_PROT" in unknown_variables()
    assert "NEXUS_PORT" not in unknown_variables()


def test_origins_are_separated_by_commas(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("NEXUS_ORIGINS", "https://nexus.example, http://[::1]:3000 ,")
    assert load().origins == ("https://nexus.example", "http://[::1]:3000")


@pytest.mark.parametrize(
    "origin", ["*", "null", "nexus.example", "https://nexus.example/", "https://*.example"]
)
def test_what_no_browser_sends_as_an_origin_is_refused(origin: str) -> None:
    assert refusal(origins=(origin,)).startswith("NEXUS_ORIGINS: must be origins such as")


def test_a_dashboard_that_is_developed_may_call_and_in_production_nobody_unless_named() -> None:
    assert "http://localhost:3000" in load().origins
    assert load(env="production", jwt_secret=LONG, **OUTSIDE).origins == ()


def test_operations_are_counted_in_production() -> None:
    assert load().rate_operations == 0
    assert load(env="production", jwt_secret=LONG, **OUTSIDE).rate_operations > 0
    assert (
        load(env="production", jwt_secret=LONG, rate_operations=7, **OUTSIDE).rate_operations == 7
    )


def test_batches_are_off_and_bounded() -> None:
    assert load().batch == 0
    assert refusal(batch=51).startswith("NEXUS_BATCH")
