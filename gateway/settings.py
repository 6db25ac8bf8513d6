"""The settings: everything the environment may say, read here and nowhere else."""

import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from gateway import forms

ROOT = Path(__file__).resolve().parents[1]

Algorithm = Literal["HS256", "RS256", "ES256", "EdDSA", "Ed25519"]

SHORTEST_SECRET = 32  # bytes, what HS256 wants
_DEVELOPMENT_MARK = "development-only-"
_NEXT_JS = ("http://localhost:3000", "http://127.0.0.1:3000")  # where a dashboard is developed


class SettingsError(Exception):
    """The environment asks for something impossible; the message says what, in one line."""


def _unless_production(value: Any, otherwise: Any) -> Any:
    return Field(
        default_factory=lambda given: otherwise if given.get("env") == "production" else value
    )


class Settings(BaseSettings):
    """What a gateway is told at its start; built by `load()`, or by hand in a test."""

    model_config = SettingsConfigDict(
        env_prefix="NEXUS_",
        env_ignore_empty=True,
        frozen=True,
        populate_by_name=True,
        extra="forbid",
    )

    env: Literal["development", "production"] = "development"
    home: Path = ROOT / ".nexus"
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000

    database_url: Annotated[str, AfterValidator(forms.database_url)] | None = Field(
        default=None, validation_alias="DATABASE_URL", repr=False
    )
    redis_url: Annotated[str, AfterValidator(forms.redis_url)] | None = Field(
        default=None, validation_alias="REDIS_URL", repr=False
    )
    pool_size: Annotated[int, Field(ge=1, le=500)] = 10
    lanes: Annotated[int, Field(ge=1, le=50)] = 3  # connections of compiled statements
    pool_timeout: Annotated[float, Field(gt=0, le=60)] = 5.0

    jwt_secret: SecretStr | None = None
    jwks_url: str | None = None
    jwt_alg: Algorithm | None = None
    jwt_audience: str = "nexus"
    introspection: bool | None = None

    # whose pages may call: their origins
    origins: Annotated[
        tuple[Annotated[str, AfterValidator(forms.origin)], ...],
        NoDecode,
        BeforeValidator(forms.separated),
    ] = _unless_production(_NEXT_JS, ())
    batch: Annotated[int, Field(ge=0, le=50)] = 0  # requests in one body; 0 takes no arrays

    # whose `X-Forwarded-For` says from which address a request comes
    proxies: Annotated[
        tuple[Annotated[str, AfterValidator(forms.network)], ...],
        NoDecode,
        BeforeValidator(forms.separated),
    ] = ("127.0.0.1/32", "::1/128")

    # documents that are not trusted: run, run and counted, or refused
    documents: Annotated[str, AfterValidator(forms.modes)] = _unless_production("open", "only")
    documents_dir: Path | None = None  # of the clients' manifests

    # how old an answer may be that moves with the clock at every instant
    freshness: Annotated[float, Field(ge=0, le=3600)] = 30.0  # seconds
    kept_room: Annotated[int, Field(ge=2)] = 64  # MB of answers in a process; half in Redis
    # the fastest way that answers may take: each includes those before it
    paths: Literal["reference", "compiled", "versioned"] = "versioned"

    operation_timeout: Annotated[float, Field(gt=0, le=300)] = 15.0  # seconds
    statement_timeout: Annotated[float, Field(gt=0, le=300)] = 10.0

    log: Literal["debug", "info", "warning", "error"] = "info"
    metrics_token: SecretStr | None = None
    otlp_endpoint: str | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")

    # an OpenAI-compatible server, which may word what the agents set; none is needed
    llm_url: str | None = None
    llm_model: str = "default"
    llm_key: SecretStr | None = None
    llm_timeout: Annotated[float, Field(gt=0, le=120)] = 20.0  # seconds, retry and all
    connections: Annotated[int, Field(ge=1)] = 20_000  # of one process; more are told 503

    # of one actor, in one process
    stream_connections: Annotated[int, Field(ge=1)] = 50
    stream_subscriptions: Annotated[int, Field(ge=1)] = 200

    # of one actor, a minute; operations are counted in each process by itself, 0 does not count
    rate_operations: Annotated[int, Field(ge=0)] = _unless_production(0, 1200)
    # of one address, with no token or one that was not good before; those that are good count not
    rate_strangers: Annotated[int, Field(ge=0)] = _unless_production(0, 3000)
    rate_writes: Annotated[int, Field(ge=1)] = 120
    rate_cancellations: Annotated[int, Field(ge=1)] = 20
    rate_bulk_cancellations: Annotated[int, Field(ge=1)] = 40
    rate_agents: Annotated[int, Field(ge=1)] = 30

    @property
    def documents_directory(self) -> Path:
        """Where the manifests of clients are: in the home, unless another place is named."""
        return (self.documents_dir or self.home / "documents").expanduser().absolute()

    @property
    def introspects(self) -> bool:
        """Whether clients may read the schema: in development, unless switched off."""
        return not self.production if self.introspection is None else self.introspection

    @property
    def production(self) -> bool:
        return self.env == "production"

    @property
    def asyncpg_dsn(self) -> str:
        """The database's address as asyncpg reads it."""
        if self.database_url is None:
            raise SettingsError("no database: DATABASE_URL is unset and none was started")
        return self.database_url

    @property
    def sqlalchemy_url(self) -> str:
        """The same address as SQLAlchemy reads it."""
        address = self.asyncpg_dsn.replace("postgresql://", "postgresql+asyncpg://", 1)
        return re.sub(r"(?<=[?&])sslmode=", "ssl=", address)

    @property
    def algorithm(self) -> Algorithm:
        """The one signature a token may carry."""
        return self.jwt_alg or ("EdDSA" if self.jwks_url else "HS256")

    def signing_secret(self) -> str | None:
        """The shared secret of HS256; None where a JWKS address says who is trusted.

        In development one is made and kept in the home, so that tokens outlive a restart.
        """
        if self.algorithm != "HS256":
            return None
        if self.jwt_secret is not None:
            return self.jwt_secret.get_secret_value()
        return _kept_secret(self.home / "jwt_secret")

    @model_validator(mode="after")
    def _keys_fit_the_algorithm(self) -> Self:
        if self.algorithm == "HS256" and self.jwks_url:
            raise ValueError(
                "NEXUS_JWT_ALG=HS256 does not go with NEXUS_JWKS_URL; unset one of them"
            )
        if self.algorithm != "HS256" and not self.jwks_url:
            raise ValueError(f"NEXUS_JWT_ALG={self.algorithm} needs NEXUS_JWKS_URL")
        if self.jwks_url and not self.jwks_url.startswith(("https://", "http://")):
            raise ValueError("NEXUS_JWKS_URL must begin with https:// or http://")
        return self

    @model_validator(mode="after")
    def _model_is_an_address(self) -> Self:
        if self.llm_url and not self.llm_url.startswith(("https://", "http://")):
            raise ValueError("NEXUS_LLM_URL must begin with https:// or http://")
        return self

    @model_validator(mode="after")
    def _production_is_strict(self) -> Self:
        if not self.production:
            return self
        if self.metrics_token is not None and len(self.metrics_token.get_secret_value()) < 16:
            raise ValueError("NEXUS_METRICS_TOKEN must have at least 16 characters")
        if self.introspection:
            raise ValueError("production keeps its schema to itself: unset NEXUS_INTROSPECTION")
        if self.database_url is None or self.redis_url is None:
            raise ValueError(
                "production starts no embedded servers: set DATABASE_URL and REDIS_URL"
            )
        if self.algorithm == "HS256":
            if self.jwt_secret is None:
                raise ValueError("production needs NEXUS_JWT_SECRET or NEXUS_JWKS_URL")
            secret = self.jwt_secret.get_secret_value()
            if secret.startswith(_DEVELOPMENT_MARK):
                raise ValueError(
                    "NEXUS_JWT_SECRET is a development secret; production needs its own"
                )
            if len(secret.encode()) < SHORTEST_SECRET:
                raise ValueError(f"NEXUS_JWT_SECRET must have at least {SHORTEST_SECRET} bytes")
        elif self.jwks_url and not self.jwks_url.startswith("https://"):
            raise ValueError("NEXUS_JWKS_URL must be https:// in production")
        return self


def load(**given: Any) -> Settings:
    """Read the environment; what is given here goes before it."""
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise SettingsError("; ".join(_sentences(error))) from None
    return settings.model_copy(update={"home": settings.home.expanduser().absolute()})


def inherited(**changed: str) -> dict[str, str]:
    """The environment of a child process: ours, with these changes."""
    return {**os.environ, **changed}


def unknown_variables() -> list[str]:
    """The NEXUS_… variables that nothing reads: misspelt, most likely."""
    known = {f"NEXUS_{name.upper()}" for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.startswith("NEXUS_") and name not in known)


def _sentences(error: ValidationError) -> Iterable[str]:
    """Each fault as `VARIABLE: what is wrong`, without the value, which may be a secret."""
    for fault in error.errors(include_url=False, include_input=False):
        if fault["type"] == "default_factory_not_called":  # for the sake of another fault
            continue
        message = fault["msg"].removeprefix("Value error, ")
        field = str(fault["loc"][0]) if fault["loc"] else ""
        name = field if field.isupper() or not field else f"NEXUS_{field.upper()}"
        yield f"{name}: {message}" if name else message


def _kept_secret(file: Path) -> str:
    """Read the development secret, making it first where there is none."""
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        pass
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    fresh.touch(mode=0o600)
    fresh.write_text(_DEVELOPMENT_MARK + secrets.token_urlsafe(48) + "\n")
    try:
        file.hardlink_to(fresh)  # the first of two processes wins, and both read its secret
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return file.read_text().strip()
