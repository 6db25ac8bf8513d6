"""Minting tokens, for development and tests; in production the front end's server does it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import OctKey


def mint(
    secret: str,
    *,
    sub: UUID | str,
    role: str,
    ttl: timedelta,
    audience: str = "nexus",
    name: str | None = None,
    client: str | None = None,
    now: datetime | None = None,
) -> str:
    """Sign a token with the shared secret: who, in which role, until when."""
    issued = now or datetime.now(UTC)
    claims: Mapping[str, str | int | None] = {
        "sub": str(sub),
        "role": role,
        "iat": int(issued.timestamp()),
        "exp": int((issued + ttl).timestamp()),
        "aud": audience,
        "name": name,
        "client": client,
    }
    present = {claim: value for claim, value in claims.items() if value is not None}
    return jwt.encode({"alg": "HS256", "typ": "JWT"}, present, OctKey.import_key(secret))
